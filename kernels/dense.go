package kernels

// Dense is the geometry of a matrix product Y[n,k] = B[k] + Σ_c X[n,c] · W[c,k]. It is a convolution with a 1x1 filter over
// an "image" of N rows, and runs as one.
type Dense struct{ N, C, K int }

func (g Dense) conv2D() Conv2D {
	return Conv2D{N: 1, C: g.C, K: g.K, Window: Window{
		H: g.N, W: 1, R: 1, S: 1, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, P: g.N, Q: 1,
	}}
}

// DenseFprop computes Y = X·W + B; see [Dense]. B may be absent.
type DenseFprop struct {
	Dense
	X, W, B, Y *Buffer
}

// AsConv2D is the op as a convolution.
func (op DenseFprop) AsConv2D() Conv2DFprop {
	return Conv2DFprop{Conv2D: op.conv2D(), X: op.X, W: op.W, B: op.B, Y: op.Y}
}

// Name implements [Op].
func (op DenseFprop) Name() string { return "dense_fprop" }

// Operands implements [Op].
func (op DenseFprop) Operands() []Operand { return op.AsConv2D().Operands() }

// Cost implements [Op].
func (op DenseFprop) Cost() Cost { return op.AsConv2D().Cost() }

// DenseDgrad computes DX[n,c] = Σ_k DY[n,k] · W[c,k].
type DenseDgrad struct {
	Dense
	DY, W, DX *Buffer
}

// AsConv2D is the op as a convolution.
func (op DenseDgrad) AsConv2D() Conv2DDgrad {
	return Conv2DDgrad{Conv2D: op.conv2D(), DY: op.DY, W: op.W, DX: op.DX}
}

// Name implements [Op].
func (op DenseDgrad) Name() string { return "dense_dgrad" }

// Operands implements [Op].
func (op DenseDgrad) Operands() []Operand { return op.AsConv2D().Operands() }

// Cost implements [Op].
func (op DenseDgrad) Cost() Cost { return op.AsConv2D().Cost() }

// DenseWgrad adds DW[c,k] += Σ_n X[n,c] · DY[n,k].
type DenseWgrad struct {
	Dense
	X, DY, DW *Buffer
}

// AsConv2D is the op as a convolution.
func (op DenseWgrad) AsConv2D() Conv2DWgrad {
	return Conv2DWgrad{Conv2D: op.conv2D(), X: op.X, DY: op.DY, DW: op.DW}
}

// Name implements [Op].
func (op DenseWgrad) Name() string { return "dense_wgrad" }

// Operands implements [Op].
func (op DenseWgrad) Operands() []Operand { return op.AsConv2D().Operands() }

// Cost implements [Op].
func (op DenseWgrad) Cost() Cost { return op.AsConv2D().Cost() }
