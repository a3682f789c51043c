package cuda

import (
	"fmt"

	"cnn-gpu/kernels"
)

// conv2DProductDgrad is dgrad on tensor cores, with the gradients of the pool and of the activation before the convolution, of which DX is the last.
type conv2DProductDgrad struct {
	kernels.Conv2DDgrad
	Precision  kernels.Precision
	Stored     kernels.Precision // of DX; the default where it is as it was computed
	Activation kernels.Activation
	V          *kernels.Buffer      // what the activation's derivative is told from; nil without one
	Pool       *kernels.Pool2DDgrad // nil without one; its index is in bytes
}

// Name implements [kernels.Op].
func (op conv2DProductDgrad) Name() string {
	return "conv2d" + activationName(op.Activation) + poolName(op.Pool != nil) + "_dgrad"
}

func (op conv2DProductDgrad) product() conv2DProduct {
	return conv2DProduct{op.Conv2D, op.Precision, op.Stored}
}

func (op conv2DProductDgrad) factors() []factor {
	return []factor{
		{op.DY, rowsOf(op.Precision, op.N*op.P*op.Q, op.K)},
		{op.W, rowsOf(op.Precision, op.R*op.S*op.GroupChannels(), op.K)},
	}
}

func (op conv2DProductDgrad) multiplies() kernels.Precision { return op.Precision }

func (op conv2DProductDgrad) withFactors(narrow []*kernels.Buffer) product {
	op.DY, op.W = narrow[0], narrow[1]
	return op
}

func (op conv2DProductDgrad) results() []*kernels.Buffer { return []*kernels.Buffer{op.DX} }

func (op conv2DProductDgrad) storing(p kernels.Precision, _, dx *kernels.Buffer) kernels.Op {
	op.Stored, op.DX = p, dx
	return op
}

func (op conv2DProductDgrad) reading(value, narrow *kernels.Buffer) (kernels.Op, bool) {
	isV := op.V == value
	op.V = narrow
	return op, isV
}

// Operands implements [kernels.Op].
func (op conv2DProductDgrad) Operands() []kernels.Operand {
	f, dx := op.factors(), op.Conv2DDgrad.Operands()[2]
	var index *kernels.Buffer
	if op.Pool != nil {
		index, dx.Elements = op.Pool.Index, op.Pool.Inputs()
	}
	v := kernels.Floats("v", op.V, kernels.Read, op.Inputs()).OptionalIf(true)
	if op.V != nil {
		v.Type = op.V.Type
	}
	return []kernels.Operand{
		f[0].operand("dy", op.Precision), f[1].operand("w", op.Precision), v, kernels.Bytes("index", index, kernels.Read, op.Inputs()).OptionalIf(true),
		op.product().storedOperand(dx),
	}
}

// Cost implements [kernels.Op].
func (op conv2DProductDgrad) Cost() kernels.Cost { return kernels.CostOf(op, op.FLOPs()) }

func (op conv2DProductDgrad) roundsAs(plain kernels.Op) string {
	return op.product().roundsAs(plain)
}

// reads are the pixels that the product reads.
func (op conv2DProductDgrad) reads() pixels {
	return pixels{op.P, op.Q, kernels.RoundUp(op.K, chunk(op.Precision)), op.GroupFilters()}
}

// rows are those of the product, the most that a phase has.
func (op conv2DProductDgrad) rows() productRows {
	phases := min(op.StrideH, op.H) * min(op.StrideW, op.Window.W)
	return productRows{op.N, kernels.CeilDiv(op.H, op.StrideH), kernels.CeilDiv(op.Window.W, op.StrideW), phases, false}
}

func (op conv2DProductDgrad) tile() productTile {
	t, _ := op.product().tile(op.reads(), op.rows(), op.GroupChannels())
	return t
}

func (op conv2DProductDgrad) algorithm() string { return fmt.Sprint(op.Precision, " ", op.tile()) }

func (op conv2DProductDgrad) launches() []Launch {
	pool := kernels.Pool2DDgrad{}
	if op.Pool != nil {
		pool = *op.Pool
	}
	return []Launch{op.product().launch("conv2d_product_dgrad", op.reads(), op.rows(), op.GroupChannels(), op.Activation, pool.Kind,
		[]*kernels.Buffer{op.DX, op.V, pool.Index}, define("GIVEN_BF16", op.V != nil && op.V.Type == kernels.BFloat16,
			"EXPANDED", op.Pool != nil, "EXPANDED_H", pool.H, "EXPANDED_W", pool.Window.W)...)}
}
