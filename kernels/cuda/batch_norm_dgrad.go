package cuda

import "cnn-gpu/kernels"

// batchNormDgradChain is a normalisation's gradient by its input of the gradient by the input of the activation behind it.
type batchNormDgradChain struct {
	Dgrad kernels.BatchNormDgrad // but for its DY
	activationGradient
}

func (op batchNormDgradChain) Name() string { return op.Dgrad.Name() + "_" + op.Function.String() }

func (op batchNormDgradChain) Operands() []kernels.Operand {
	own := op.Dgrad.Operands()
	return append(append(own[:4:4], op.operands(op.Dgrad.BatchNorm)...), own[6:]...)
}

func (op batchNormDgradChain) Cost() kernels.Cost { return kernels.CostOf(op, 8*op.Dgrad.Elements()) }

func (op batchNormDgradChain) launches() []Launch {
	return batchNormDgradLaunches("batch_norm_dgrad_chain", op.Dgrad, op.Activation, op.Dgrad.X, op.V, op.A, op.B, op.Dgrad.DX)
}

func batchNormDgrad(op kernels.BatchNormDgrad) []Launch {
	return batchNormDgradLaunches("batch_norm_dgrad", op, linear, op.X, op.DY, op.DX)
}

func batchNormDgradLaunches(function string, op kernels.BatchNormDgrad, a kernels.Activation, inRows ...*kernels.Buffer) []Launch {
	b := newBatchNorm("batch_norm_dgrad.cu", op.BatchNorm, op.Classes, op.Epsilon, inRows, activationDefines(a)...)
	return []Launch{b.perSlice(function, 0)}
}
