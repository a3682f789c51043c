package cuda

import "cnn-gpu/kernels"

// pool2DDgradChain is a pool's gradient of DY · f′(V), which nobody else sees, by its places in bytes if it has any.
type pool2DDgradChain struct {
	Pool       kernels.Pool2DDgrad
	Activation kernels.Activation
	V          *kernels.Buffer // nil without an activation
}

func (op pool2DDgradChain) Name() string {
	if op.V == nil {
		return op.Pool.Name()
	}
	return op.Activation.Function.String() + "_" + op.Pool.Name()
}

func (op pool2DDgradChain) Operands() []kernels.Operand {
	list := op.Pool.Operands()
	list[1].Type = kernels.Uint8
	return append([]kernels.Operand{kernels.Floats("v", op.V, kernels.Read, op.Pool.Outputs()).OptionalIf(true)}, list...)
}

func (op pool2DDgradChain) Cost() kernels.Cost {
	return kernels.CostOf(op, int(op.Pool.Cost().FLOPs)+2*op.Pool.Outputs())
}

func (op pool2DDgradChain) algorithm() string { return placesInBytes(op.Pool.Index) }

func (op pool2DDgradChain) launches() []Launch {
	p := op.Pool
	return []Launch{perPool("pool2d_dgrad_chain", p.Pool2D, op.Activation, true, p.Inputs(), op.V, p.DY, p.Index, p.DX)}
}

func pool2DDgrad(op kernels.Pool2DDgrad) []Launch {
	return []Launch{perPool("pool2d_dgrad", op.Pool2D, linear, false, op.Inputs(), op.DY, op.Index, op.DX)}
}
