package cuda

import "cnn-gpu/kernels"

// batchNormDgradChain is a normalisation's gradient by its input of the gradient by the input of the activation behind it.
type batchNormDgradChain struct {
	Dgrad kernels.BatchNormDgrad // but for its DY
	activationGradient
	Stored kernels.Precision // to which DX is rounded, if to any
}

func (op batchNormDgradChain) Name() string {
	if op.Activation == linear {
		return op.Dgrad.Name()
	}
	return op.Dgrad.Name() + "_" + op.Function.String()
}

func (op batchNormDgradChain) Operands() []kernels.Operand {
	own := op.Dgrad.Operands()
	own[8].Type = typeOf(op.Stored)
	return append(append(own[:4:4], op.operands(op.Dgrad.BatchNorm)...), own[6:]...)
}

func (op batchNormDgradChain) Cost() kernels.Cost { return kernels.CostOf(op, 8*op.Dgrad.Elements()) }

func (op batchNormDgradChain) results() []*kernels.Buffer { return []*kernels.Buffer{op.Dgrad.DX} }

func (op batchNormDgradChain) storing(p kernels.Precision, _, dx *kernels.Buffer) kernels.Op {
	op.Stored, op.Dgrad.DX = p, dx
	return op
}

func (op batchNormDgradChain) algorithm() string { return storedIn(op.Stored) }

// roundsAs implements the rule of [storer].
func (op batchNormDgradChain) roundsAs(plain kernels.Op) string {
	if _, ok := plain.(kernels.BatchNormDgrad); ok {
		return storedAs(op.Stored)
	}
	return ""
}

func (op batchNormDgradChain) launches() []Launch {
	return batchNormDgradLaunches("batch_norm_dgrad_chain", op.Dgrad, op.Activation, op.Stored, op.Dgrad.X, op.V, op.A, op.B, op.Dgrad.DX)
}

func batchNormDgrad(op kernels.BatchNormDgrad) []Launch {
	return batchNormDgradLaunches("batch_norm_dgrad", op, linear, kernels.FP32, op.X, op.DY, op.DX)
}

func batchNormDgradLaunches(function string, op kernels.BatchNormDgrad, a kernels.Activation, stored kernels.Precision, inRows ...*kernels.Buffer) []Launch {
	b := newBatchNorm("batch_norm_dgrad.cu", op.BatchNorm, op.Classes, op.Epsilon, inRows, append(activationDefines(a), storedDefine(stored)...)...)
	return []Launch{b.perSlice(function, 0)}
}
