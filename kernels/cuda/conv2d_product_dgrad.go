package cuda

import (
	"fmt"

	"cnn-gpu/kernels"
)

// conv2DProductDgrad is dgrad on tensor cores.
type conv2DProductDgrad struct {
	kernels.Conv2DDgrad
	Precision kernels.Precision
}

func (op conv2DProductDgrad) product() conv2DProduct { return conv2DProduct{op.Conv2D, op.Precision} }

func (op conv2DProductDgrad) factors() []factor {
	return []factor{
		{op.DY, rowsOf(op.Precision, op.N*op.P*op.Q, op.K)},
		{op.W, rowsOf(op.Precision, op.R*op.S*op.GroupChannels(), op.K)},
	}
}

func (op conv2DProductDgrad) withFactors(narrow []*kernels.Buffer) product {
	op.DY, op.W = narrow[0], narrow[1]
	return op
}

// Operands implements [kernels.Op].
func (op conv2DProductDgrad) Operands() []kernels.Operand {
	f, operands := op.factors(), op.Conv2DDgrad.Operands()
	operands[0], operands[1] = f[0].operand("dy", op.Precision), f[1].operand("w", op.Precision)
	return operands
}

// Cost implements [kernels.Op].
func (op conv2DProductDgrad) Cost() kernels.Cost { return kernels.CostOf(op, op.FLOPs()) }

func (op conv2DProductDgrad) roundsAs(kernels.Op) string { return op.Precision.String() }

// phases is how many there are, and the most rows that one has.
func (op conv2DProductDgrad) phases() (count, rows int) {
	down, across := min(op.StrideH, op.H), min(op.StrideW, op.Window.W)
	return down * across, op.N * kernels.CeilDiv(op.H, op.StrideH) * kernels.CeilDiv(op.Window.W, op.StrideW)
}

func (op conv2DProductDgrad) tile() productTile {
	phases, rows := op.phases()
	return productTileFor(op.GroupCount()*phases, rows, op.GroupChannels())
}

func (op conv2DProductDgrad) algorithm() string { return fmt.Sprint(op.Precision, " ", op.tile()) }

func (op conv2DProductDgrad) launches() []Launch {
	phases, rows := op.phases()
	t := op.tile()
	return []Launch{op.product().launch("conv2d_product_dgrad", t, phases, rows, op.GroupChannels(), kernels.RoundUp(op.K, chunk(op.Precision)), op.DX,
		define("ROW_TILES", kernels.CeilDiv(rows, t.rows))...)}
}
