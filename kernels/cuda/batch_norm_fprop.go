package cuda

import "cnn-gpu/kernels"

// batchNormFpropChain is a normalisation and what follows it in one pass over memory: Y = f(normalised X + Addend).
type batchNormFpropChain struct {
	Norm       kernels.BatchNormFprop
	Addend     *kernels.Buffer          // may be nil
	Activation *kernels.ActivationFprop // may be nil
	Y          *kernels.Buffer
	Stored     kernels.Precision // to which Y is rounded, if to any
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
	y := kernels.Floats("y", op.Y, kernels.Write, n)
	y.Type = typeOf(op.Stored)
	return append(op.Norm.Operands()[:5], kernels.Floats("addend", op.Addend, kernels.Read, n).OptionalIf(true), y)
}

func (op batchNormFpropChain) results() []*kernels.Buffer { return []*kernels.Buffer{op.Y} }

func (op batchNormFpropChain) storing(p kernels.Precision, _, y *kernels.Buffer) kernels.Op {
	op.Stored, op.Y = p, y
	return op
}

func (op batchNormFpropChain) algorithm() string { return storedIn(op.Stored) }

// roundsAs implements the rule of [storer]: the last part makes Y.
func (op batchNormFpropChain) roundsAs(plain kernels.Op) string {
	var isLast bool
	switch plain.(type) {
	case kernels.ActivationFprop:
		isLast = true
	case kernels.Add:
		isLast = op.Activation == nil
	case kernels.BatchNormFprop:
		isLast = op.Activation == nil && op.Addend == nil
	}
	if !isLast {
		return ""
	}
	return storedAs(op.Stored)
}

func (op batchNormFpropChain) Cost() kernels.Cost { return kernels.CostOf(op, 5*op.Norm.Elements()) }

func (op batchNormFpropChain) launches() []Launch {
	return batchNormFpropLaunches("batch_norm_fprop_chain", op.Norm, activationOf(op.Activation), op.Stored, op.Norm.X, op.Addend, op.Y)
}

func batchNormFprop(op kernels.BatchNormFprop) []Launch {
	return batchNormFpropLaunches("batch_norm_fprop", op, linear, kernels.FP32, op.X, op.Y)
}

func batchNormFpropLaunches(function string, op kernels.BatchNormFprop, a kernels.Activation, stored kernels.Precision, inRows ...*kernels.Buffer) []Launch {
	b := newBatchNorm("batch_norm_fprop.cu", op.BatchNorm, 0, op.Epsilon, inRows, append(activationDefines(a), storedDefine(stored)...)...)
	return []Launch{b.perSlice(function, 0)}
}
