package cuda

import (
	"fmt"

	"cnn-gpu/kernels"
)

// conv2DProductFprop is fprop on tensor cores.
type conv2DProductFprop struct {
	kernels.Conv2DFprop
	Precision kernels.Precision
}

func (op conv2DProductFprop) product() conv2DProduct { return conv2DProduct{op.Conv2D, op.Precision} }

func (op conv2DProductFprop) factors() []factor {
	return []factor{
		{op.X, rowsOf(op.Precision, op.N*op.H*op.Window.W, op.C)},
		{op.W, byFilter(op.Precision, op.R*op.S, op.GroupChannels(), op.K)},
	}
}

func (op conv2DProductFprop) withFactors(narrow []*kernels.Buffer) product {
	op.X, op.W = narrow[0], narrow[1]
	return op
}

// Operands implements [kernels.Op].
func (op conv2DProductFprop) Operands() []kernels.Operand {
	f, operands := op.factors(), op.Conv2DFprop.Operands()
	operands[0], operands[1] = f[0].operand("x", op.Precision), f[1].operand("w", op.Precision)
	return operands
}

// Cost implements [kernels.Op].
func (op conv2DProductFprop) Cost() kernels.Cost { return kernels.CostOf(op, op.FLOPs()) }

func (op conv2DProductFprop) roundsAs(kernels.Op) string { return op.Precision.String() }

func (op conv2DProductFprop) tile() productTile {
	return productTileFor(op.GroupCount(), op.N*op.P*op.Q, op.GroupFilters())
}

func (op conv2DProductFprop) algorithm() string { return fmt.Sprint(op.Precision, " ", op.tile()) }

func (op conv2DProductFprop) launches() []Launch {
	return []Launch{op.product().launch("conv2d_product_fprop", op.tile(), 1, op.N*op.P*op.Q, op.GroupFilters(), kernels.RoundUp(op.C, chunk(op.Precision)), op.Y)}
}
