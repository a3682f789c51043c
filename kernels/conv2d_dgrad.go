package kernels

// Conv2DDgrad computes a convolution's gradient by its input,
//
//	DX[n,h,w,g·C/G+c] = Σ DY[n,p,q,k] · W[r,s,c,k]   over all p, q, r, s with h = p·StrideH + r·DilationH − PadTop, and w likewise, and all filters k of group g.
type Conv2DDgrad struct {
	Conv2D
	DY, W, DX *Buffer
}

// Name implements [Op].
func (op Conv2DDgrad) Name() string { return "conv2d_dgrad" }

// Operands implements [Op].
func (op Conv2DDgrad) Operands() []Operand {
	return []Operand{
		Floats("dy", op.DY, Read, op.Outputs()),
		Floats("w", op.W, Read, op.Weights()),
		Floats("dx", op.DX, Write, op.Inputs()),
	}
}

// Cost implements [Op].
func (op Conv2DDgrad) Cost() Cost { return CostOf(op, op.FLOPs()) }
