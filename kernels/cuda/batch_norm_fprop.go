package cuda

import "cnn-gpu/kernels"

// batchNormFpropChain is a normalisation and what follows it in one pass over memory: Y = f(normalised X + Addend).
type batchNormFpropChain struct {
	Norm       kernels.BatchNormFprop
	Addend     *kernels.Buffer          // may be nil
	Activation *kernels.ActivationFprop // may be nil
	Y          *kernels.Buffer
}

func (op batchNormFpropChain) Name() string {
	name := op.Norm.Name()
	if op.Addend != nil {
		name += "_add"
	}
	if op.Activation != nil {
		name += "_" + op.Activation.Function.String()
	}
	return name
}

func (op batchNormFpropChain) Operands() []kernels.Operand {
	n := op.Norm.Elements()
	return append(op.Norm.Operands()[:5], kernels.Floats("addend", op.Addend, kernels.Read, n).OptionalIf(true), kernels.Floats("y", op.Y, kernels.Write, n))
}

func (op batchNormFpropChain) Cost() kernels.Cost { return kernels.CostOf(op, 5*op.Norm.Elements()) }

func (op batchNormFpropChain) launches() []Launch {
	return batchNormFpropLaunches("batch_norm_fprop_chain", op.Norm, activationOf(op.Activation), op.Norm.X, op.Addend, op.Y)
}

func batchNormFprop(op kernels.BatchNormFprop) []Launch {
	return batchNormFpropLaunches("batch_norm_fprop", op, linear, op.X, op.Y)
}

func batchNormFpropLaunches(function string, op kernels.BatchNormFprop, a kernels.Activation, inRows ...*kernels.Buffer) []Launch {
	b := newBatchNorm("batch_norm_fprop.cu", op.BatchNorm, 0, op.Epsilon, inRows, activationDefines(a)...)
	return []Launch{b.perSlice(function, 0)}
}
