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

// Inputs is the number of elements of X.
func (g Conv2D) Inputs() int { return g.N * g.H * g.W * g.C }

// Weights is the number of elements of W.
func (g Conv2D) Weights() int { return g.R * g.S * g.C * g.K }

// Outputs is the number of elements of Y.
func (g Conv2D) Outputs() int { return g.N * g.P * g.Q * g.K }

// FLOPs counts the multiply-adds of all R·S·C products at each output, those with padding included.
func (g Conv2D) FLOPs() int { return 2 * g.N * g.P * g.Q * g.K * g.R * g.S * g.C }

func (g Conv2D) String() string {
	return fmt.Sprintf("%dx%dx%dx%d, %d filters %dx%d, strides %dx%d, dilation %dx%d, padding %d,%d",
		g.N, g.H, g.W, g.C, g.K, g.R, g.S, g.StrideH, g.StrideW, g.DilationH, g.DilationW, g.PadTop, g.PadLeft)
}

// IsConv2D says whether an op is a convolution or one of its gradients.
func IsConv2D(op Op) bool {
	switch op.(type) {
	case Conv2DFprop, Conv2DDgrad, Conv2DWgrad:
		return true
	}
	return false
}
