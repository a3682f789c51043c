package cuda

import (
	"fmt"

	"cnn-gpu/kernels"
)

// conv2DProductFprop is fprop on tensor cores, with the activation and the pool behind it, whose output is Y.
type conv2DProductFprop struct {
	kernels.Conv2DFprop
	Precision  kernels.Precision
	Stored     kernels.Precision // of Y; the default where it is as it was computed
	Activation kernels.Activation
	Pool       *kernels.Pool2DFprop // nil without one; its index is in bytes
}

// Name implements [kernels.Op].
func (op conv2DProductFprop) Name() string {
	return "conv2d" + activationName(op.Activation) + poolName(op.Pool != nil) + "_fprop"
}

func (op conv2DProductFprop) product() conv2DProduct {
	return conv2DProduct{op.Conv2D, op.Precision, op.Stored}
}

func (op conv2DProductFprop) factors() []factor {
	return []factor{
		{op.X, rowsOf(op.Precision, op.N*op.H*op.Window.W, op.C)},
		{op.W, byFilter(op.Precision, op.R*op.S, op.GroupChannels(), op.K)},
	}
}

func (op conv2DProductFprop) multiplies() kernels.Precision { return op.Precision }

func (op conv2DProductFprop) withFactors(narrow []*kernels.Buffer) product {
	op.X, op.W = narrow[0], narrow[1]
	return op
}

func (op conv2DProductFprop) results() []*kernels.Buffer { return []*kernels.Buffer{op.Y} }

func (op conv2DProductFprop) storing(p kernels.Precision, _, y *kernels.Buffer) kernels.Op {
	op.Stored, op.Y = p, y
	return op
}

// Operands implements [kernels.Op].
func (op conv2DProductFprop) Operands() []kernels.Operand {
	f, operands := op.factors(), op.Conv2DFprop.Operands()
	operands[0], operands[1] = f[0].operand("x", op.Precision), f[1].operand("w", op.Precision)
	operands[3] = op.product().storedOperand(operands[3])
	if op.Pool == nil {
		return append(operands, kernels.Bytes("index", nil, kernels.Write, 0).OptionalIf(true))
	}
	operands[3].Elements = op.Pool.Outputs()
	return append(operands, kernels.Bytes("index", op.Pool.Index, kernels.Write, op.Pool.Outputs()).OptionalIf(true))
}

// Cost implements [kernels.Op].
func (op conv2DProductFprop) Cost() kernels.Cost { return kernels.CostOf(op, op.FLOPs()) }

func (op conv2DProductFprop) roundsAs(plain kernels.Op) string {
	return op.product().roundsAs(plain)
}

// reads are the pixels that the product reads.
func (op conv2DProductFprop) reads() pixels {
	return pixels{op.H, op.Window.W, kernels.RoundUp(op.C, chunk(op.Precision)), op.GroupChannels()}
}

// rows are those of the product.
func (op conv2DProductFprop) rows() productRows {
	if op.Pool == nil {
		return productRows{op.N, op.P, op.Q, 1, false}
	}
	return productRows{op.N, 2 * op.Pool.P, 2 * op.Pool.Q, 1, true}
}

func (op conv2DProductFprop) tile() productTile {
	t, _ := op.product().tile(op.reads(), op.rows(), op.GroupFilters())
	return t
}

func (op conv2DProductFprop) algorithm() string { return fmt.Sprint(op.Precision, " ", op.tile()) }

func (op conv2DProductFprop) launches() []Launch {
	kind, stored := kernels.MaxPool, []*kernels.Buffer{op.Y}
	if op.Pool != nil {
		kind, stored = op.Pool.Kind, append(stored, op.Pool.Index)
	}
	return []Launch{op.product().launch("conv2d_product_fprop", op.reads(), op.rows(), op.GroupFilters(), op.Activation, kind, stored)}
}
