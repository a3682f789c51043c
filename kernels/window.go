package kernels

import "fmt"

// Padding says what a window does at the image's border.
type Padding uint8

// The paddings, as Keras and TensorFlow define them. Valid uses only windows that lie inside the image. Same pads with zeros
// so that P = ceil(H/stride); where the padding is odd, the extra row or column goes to the bottom or right.
const (
	Valid Padding = iota
	Same
)

func (p Padding) String() string {
	if p == Same {
		return "same"
	}
	return "valid"
}

// Window is the geometry of a filter or pool that slides over an image. Output (p, q) sees, for each (r, s) of the window,
// the input at h = p·StrideH + r·DilationH − PadTop and w = q·StrideW + s·DilationW − PadLeft.
type Window struct {
	H, W                 int
	R, S                 int
	StrideH, StrideW     int
	DilationH, DilationW int
	PadTop, PadLeft      int
	P, Q                 int
}

// NewWindow computes the output size and padding of a window of size [R S] over an image [H W].
func NewWindow(image, size, stride, dilation [2]int, padding Padding) (Window, error) {
	var out, before [2]int
	for d, name := range [2]string{"height", "width"} {
		if image[d] < 1 || size[d] < 1 || stride[d] < 1 || dilation[d] < 1 {
			return Window{}, fmt.Errorf("image %v, window %v, strides %v and dilation %v must all be at least 1", image, size, stride, dilation)
		}
		reach := (size[d]-1)*dilation[d] + 1
		switch {
		case padding == Same:
			out[d] = CeilDiv(image[d], stride[d])
			before[d] = max((out[d]-1)*stride[d]+reach-image[d], 0) / 2
		case reach > image[d]:
			return Window{}, fmt.Errorf("the image %dx%d is smaller than the %dx%d window (dilation %dx%d) in %s; use padding same or fewer pools before it",
				image[0], image[1], size[0], size[1], dilation[0], dilation[1], name)
		default:
			out[d] = (image[d]-reach)/stride[d] + 1
		}
	}
	return Window{
		H: image[0], W: image[1], R: size[0], S: size[1],
		StrideH: stride[0], StrideW: stride[1], DilationH: dilation[0], DilationW: dilation[1],
		PadTop: before[0], PadLeft: before[1], P: out[0], Q: out[1],
	}, nil
}

// NewTransposedWindow computes the window of the convolution whose gradient by its input is a transposed convolution of images [P Q]: it makes [H W] of
// them. With t = (size−1)·dilation + 1, that is in each direction, for padding Valid and for Same,
//
//	(P−1)·stride + t + extra    or, where extra is not given, P·stride + max(t−stride, 0)
//	(P−1)·stride + t mod 2 + extra    or, where extra is not given, P·stride
//
// as in Keras. What is extra lies at the bottom and the right and is less than a stride; what Same cuts off, for one more there if it is odd, at all sides.
func NewTransposedWindow(inputs, size, stride, dilation [2]int, padding Padding, extra *[2]int) (Window, error) {
	var out, before [2]int
	for d := range out {
		if inputs[d] < 1 || size[d] < 1 || stride[d] < 1 || dilation[d] < 1 {
			return Window{}, fmt.Errorf("image %v, window %v, strides %v and dilation %v must all be at least 1", inputs, size, stride, dilation)
		}
		reach, least := (size[d]-1)*dilation[d]+1, (inputs[d]-1)*stride[d]
		switch {
		case extra != nil && (extra[d] < 0 || extra[d] >= stride[d]):
			return Window{}, fmt.Errorf("output padding %v beside strides %v; give from 0 to less than the strides", *extra, stride)
		case extra != nil && padding == Same:
			out[d] = least + reach%2 + extra[d]
		case extra != nil:
			out[d] = least + reach + extra[d]
		case padding == Same:
			out[d] = least + stride[d]
		default:
			out[d] = least + max(reach, stride[d])
		}
		if out[d] < 1 {
			return Window{}, fmt.Errorf("of an image %v, nothing is left behind windows %v with padding same and output padding %v; give more output padding, or none",
				inputs, size, *extra)
		}
		if padding == Same {
			before[d] = max(least+reach-out[d], 0) / 2
		}
	}
	return Window{
		H: out[0], W: out[1], R: size[0], S: size[1],
		StrideH: stride[0], StrideW: stride[1], DilationH: dilation[0], DilationW: dilation[1],
		PadTop: before[0], PadLeft: before[1], P: inputs[0], Q: inputs[1],
	}, nil
}

// CeilDiv is how many parts of a size cover n.
func CeilDiv(n, size int) int { return (n + size - 1) / size }

// RoundUp is the least multiple of size that is not less than n.
func RoundUp(n, size int) int { return CeilDiv(n, size) * size }
