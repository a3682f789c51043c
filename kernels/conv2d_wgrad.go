package kernels

// Conv2DWgrad adds a convolution's gradient by its filters,
//
//	DW[r,s,c,k] += Σ_{n,p,q} X[n, p·StrideH + r·DilationH − PadTop, q·StrideW + s·DilationW − PadLeft, g·C/G + c] · DY[n,p,q,k]   for filters k of group g.
type Conv2DWgrad struct {
	Conv2D
	X, DY, DW *Buffer
}

// Name implements [Op].
func (op Conv2DWgrad) Name() string { return "conv2d_wgrad" }

// Operands implements [Op].
func (op Conv2DWgrad) Operands() []Operand {
	return []Operand{
		Floats("x", op.X, Read, op.Inputs()),
		Floats("dy", op.DY, Read, op.Outputs()),
		Floats("dw", op.DW, Accumulate, op.Weights()),
	}
}

// Cost implements [Op].
func (op Conv2DWgrad) Cost() Cost { return CostOf(op, op.FLOPs()) }
