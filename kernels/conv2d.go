package kernels

import "fmt"

// Conv2D is the geometry of a two-dimensional convolution, as networks call the cross-correlation
//
//	Y[n,p,q,k] = B[k] + Σ_{r,s,c} X[n, p·StrideH + r·DilationH − PadTop, q·StrideW + s·DilationW − PadLeft, c] · W[r,s,c,k]
//
// where X outside the image is zero. X is [N H W C], W is [R S C K], Y is [N P Q K].
type Conv2D struct {
	N, C, K int
	Window
}

func (g Conv2D) inputs() int  { return g.N * g.H * g.W * g.C }
func (g Conv2D) weights() int { return g.R * g.S * g.C * g.K }
func (g Conv2D) outputs() int { return g.N * g.P * g.Q * g.K }

// flops counts the multiply-adds of all R·S·C products at each output, those with padding included.
func (g Conv2D) flops() int { return 2 * g.N * g.P * g.Q * g.K * g.R * g.S * g.C }

func (g Conv2D) String() string {
	return fmt.Sprintf("%dx%dx%dx%d, %d filters %dx%d, strides %dx%d, dilation %dx%d, padding %d,%d",
		g.N, g.H, g.W, g.C, g.K, g.R, g.S, g.StrideH, g.StrideW, g.DilationH, g.DilationW, g.PadTop, g.PadLeft)
}

// image is the image whose windows a convolution reads: zero-padded, so that every window lies inside it.
type image struct {
	height, width, channels int
	top, left               int // where the unpadded image begins
	inHeight, inWidth       int
}

func (m image) size() int { return m.height * m.width * m.channels }

// isPadded says whether the image differs from the unpadded one, and so has to be made.
func (m image) isPadded() bool {
	return m.top > 0 || m.left > 0 || m.height > m.inHeight || m.width > m.inWidth
}

// newImage pads an image [inHeight inWidth] so that rows −top to bottom−1 and columns −left to right−1 lie inside.
func newImage(inHeight, inWidth, channels, top, left, bottom, right int) image {
	m := image{top: max(top, 0), left: max(left, 0), inHeight: inHeight, inWidth: inWidth, channels: channels}
	m.height = m.top + max(bottom, inHeight)
	m.width = m.left + max(right, inWidth)
	return m
}

// input is X as its windows see it.
func (g Conv2D) input() image {
	bottom := (g.P-1)*g.StrideH + (g.R-1)*g.DilationH + 1 - g.PadTop
	right := (g.Q-1)*g.StrideW + (g.S-1)*g.DilationW + 1 - g.PadLeft
	return newImage(g.H, g.W, g.C, g.PadTop, g.PadLeft, bottom, right)
}

// fill copies the unpadded image x into dst, zeros around it.
func (m image) fill(dst, x []float32) {
	row, pitch := m.inWidth*m.channels, m.width*m.channels
	before := (m.top*m.width + m.left) * m.channels
	clear(dst[:before])
	for h := range m.inHeight {
		at := before + h*pitch
		copy(dst[at:at+row], x[h*row:(h+1)*row])
		clear(dst[at+row : min(at+pitch, m.size())])
	}
	clear(dst[min(before+m.inHeight*pitch, m.size()):m.size()])
}

// defines are the macros of a convolution.
func (g Conv2D) defines() []Define {
	return append(define("N", g.N, "C", g.C, "K", g.K), g.Window.defines()...)
}
