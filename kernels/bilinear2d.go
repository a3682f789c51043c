package kernels

import "fmt"

// Bilinear2D is the geometry of images X [N H W C] that are enlarged by whole factors, to Y [N H·FactorH W·FactorW C], with values in between
// that lie on lines from pixel to pixel. Pixels are squares of whose centres the values are:
//
//	Y[n,p,q,c] = Σ over h, w of a(p,h) · b(q,w) · X[n,h,w,c],  a(p,h) = max(0, 1 − |u − h|)  with u = (p + ½)/FactorH − ½
//
// moved into the image, 0 ≤ u ≤ H−1, and b likewise: four pixels for each value, and at the border fewer.
type Bilinear2D struct {
	N, H, W, C       int
	FactorH, FactorW int
}

// Inputs is the number of elements of X.
func (g Bilinear2D) Inputs() int { return g.N * g.H * g.W * g.C }

// Outputs is the number of elements of Y.
func (g Bilinear2D) Outputs() int { return g.Inputs() * g.FactorH * g.FactorW }

func (g Bilinear2D) String() string {
	return fmt.Sprintf("%dx%d times %dx%dx%dx%d", g.FactorH, g.FactorW, g.N, g.H, g.W, g.C)
}

// Bilinear2DFprop computes Y.
type Bilinear2DFprop struct {
	Bilinear2D
	X, Y *Buffer
}

// Name implements [Op].
func (op Bilinear2DFprop) Name() string { return "bilinear2d_fprop" }

// Operands implements [Op].
func (op Bilinear2DFprop) Operands() []Operand {
	return []Operand{Floats("x", op.X, Read, op.Inputs()), Floats("y", op.Y, Write, op.Outputs())}
}

// Cost implements [Op].
func (op Bilinear2DFprop) Cost() Cost { return CostOf(op, 8*op.Outputs()) }

// Bilinear2DDgrad computes the gradient by X, DX[n,h,w,c] = Σ over p, q of a(p,h) · b(q,w) · DY[n,p,q,c].
type Bilinear2DDgrad struct {
	Bilinear2D
	DY, DX *Buffer
}

// Name implements [Op].
func (op Bilinear2DDgrad) Name() string { return "bilinear2d_dgrad" }

// Operands implements [Op].
func (op Bilinear2DDgrad) Operands() []Operand {
	return []Operand{Floats("dy", op.DY, Read, op.Outputs()), Floats("dx", op.DX, Write, op.Inputs())}
}

// Cost implements [Op].
func (op Bilinear2DDgrad) Cost() Cost { return CostOf(op, 8*op.Outputs()) }
