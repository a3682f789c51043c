package cpu

import (
	"slices"

	"cnn-gpu/kernels"
)

// batchNormChain computes a normalisation, and what ends it while its output is in the cache.
type batchNormChain struct {
	Norm kernels.BatchNormFprop
	ending
}

// Name implements [kernels.Op].
func (op batchNormChain) Name() string { return op.Norm.Name() + op.suffix() }

// Operands implements [kernels.Op].
func (op batchNormChain) Operands() []kernels.Operand {
	list := op.Norm.Operands()
	list[5] = op.output(list[5])
	return slices.Concat(list, op.more(op.Norm.Y))
}

// Cost implements [kernels.Op].
func (op batchNormChain) Cost() kernels.Cost {
	return costOf(op, append([]kernels.Op{op.Norm}, op.ops()...))
}

func (op batchNormChain) prepare(int) Routine {
	return batchNormFpropCode{op.Norm}.prepareWith(op.epilogue())
}

func (op batchNormChain) chunking() chunking { return batchNormFpropCode{op.Norm}.chunking() }
