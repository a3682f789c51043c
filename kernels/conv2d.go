package kernels

import "fmt"

// Conv2D is the geometry of a two-dimensional convolution, as networks call the cross-correlation
//
//	Y[n,p,q,k] = B[k] + Σ_{r,s,c} X[n, p·StrideH + r·DilationH − PadTop, q·StrideW + s·DilationW − PadLeft, g·C/G + c] · W[r,s,c,k]
//
// where X outside the image is zero. Channels and filters are cut into G = Groups runs of equal size, and filter k, which is of run g = ⌊k·G/K⌋,
// sees the C/G channels of that run alone (Krizhevsky, Sutskever and Hinton, "ImageNet classification with deep convolutional neural networks",
// NeurIPS 2012, section 3.5). With a group for each channel it is a depthwise convolution (Sifre, "Rigid-motion scattering for image
// classification", 2014, section 6.2). X is [N H W C], W is [R S C/G K], Y is [N P Q K].
type Conv2D struct {
	N, C, K int
	Groups  int // divides C and K; 0 is 1
	Window
}

// GroupCount is the number of groups.
func (g Conv2D) GroupCount() int { return max(g.Groups, 1) }

// GroupChannels is the number of channels that a filter sees.
func (g Conv2D) GroupChannels() int { return g.C / g.GroupCount() }

// GroupFilters is the number of filters of a group.
func (g Conv2D) GroupFilters() int { return g.K / g.GroupCount() }

// IsDepthwise says whether each channel has filters of its own, K/C of them.
func (g Conv2D) IsDepthwise() bool { return g.GroupCount() > 1 && g.Groups == g.C }

// Inputs is the number of elements of X.
func (g Conv2D) Inputs() int { return g.N * g.H * g.W * g.C }

// Weights is the number of elements of W.
func (g Conv2D) Weights() int { return g.R * g.S * g.GroupChannels() * g.K }

// Outputs is the number of elements of Y.
func (g Conv2D) Outputs() int { return g.N * g.P * g.Q * g.K }

// FLOPs counts the multiply-adds of all R·S·C/G products at each output, those with padding included.
func (g Conv2D) FLOPs() int { return 2 * g.N * g.P * g.Q * g.Weights() }

func (g Conv2D) String() string {
	groups := ""
	if g.GroupCount() > 1 {
		groups = fmt.Sprintf(" in %d groups", g.Groups)
	}
	return fmt.Sprintf("%dx%dx%dx%d, %d filters %dx%d%s, strides %dx%d, dilation %dx%d, padding %d,%d",
		g.N, g.H, g.W, g.C, g.K, g.R, g.S, groups, g.StrideH, g.StrideW, g.DilationH, g.DilationW, g.PadTop, g.PadLeft)
}

// IsConv2D says whether an op is a convolution or one of its gradients.
func IsConv2D(op Op) bool {
	switch op.(type) {
	case Conv2DFprop, Conv2DDgrad, Conv2DWgrad:
		return true
	}
	return false
}
