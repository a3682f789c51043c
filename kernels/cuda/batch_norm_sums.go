package cuda

import "cnn-gpu/kernels"

// batchNormSumsChain is a normalisation's sums and what comes before them in one pass over memory: they are of the gradient by the activation's
// input, which it keeps in DS.
type batchNormSumsChain struct {
	Sums kernels.BatchNormSums // but for its DY
	activationGradient
	DS            *kernels.Buffer // nil if nobody else reads it
	DGamma, DBeta *kernels.Buffer // get the sums added; may be nil
}

func (op batchNormSumsChain) Name() string { return op.Sums.Name() + "_" + op.Function.String() }

func (op batchNormSumsChain) Operands() []kernels.Operand {
	s := op.Sums
	return append(append(s.Operands()[:4], op.operands(s.BatchNorm)...), kernels.Floats("ds", op.DS, kernels.Write, s.Elements()).OptionalIf(true),
		kernels.Floats("dy_sum", s.DYSum, kernels.Write, s.C), kernels.Floats("dyx_sum", s.DYXSum, kernels.Write, s.C),
		kernels.Floats("dgamma", op.DGamma, kernels.Accumulate, s.C).OptionalIf(true),
		kernels.Floats("dbeta", op.DBeta, kernels.Accumulate, s.C).OptionalIf(true))
}

func (op batchNormSumsChain) Cost() kernels.Cost { return kernels.CostOf(op, 7*op.Sums.Elements()) }

func (op batchNormSumsChain) launches() []Launch {
	return batchNormSumsLaunches("batch_norm_sums_chain", op.Sums, op.Activation, op.Sums.X, op.V, op.A, op.B, op.DS)
}

func batchNormSums(op kernels.BatchNormSums) []Launch {
	return batchNormSumsLaunches("batch_norm_sums", op, linear, op.X, op.DY)
}

func batchNormSumsLaunches(function string, op kernels.BatchNormSums, a kernels.Activation, inRows ...*kernels.Buffer) []Launch {
	b := newBatchNorm("batch_norm_sums.cu", op.BatchNorm, op.Classes, op.Epsilon, inRows, activationDefines(a)...)
	return []Launch{b.perSlice(function, 2), b.combined(function + "_sum")}
}

// activationGradient is (A + B) · f′(V), the gradient by the input of an activation behind a normalisation.
type activationGradient struct {
	kernels.Activation
	Gamma, Beta *kernels.Buffer // of the normalisation; nil if absent
	V           *kernels.Buffer // nil if it is to be computed from the normalisation's input, which takes less time than to read it
	A, B        *kernels.Buffer // B may be nil
}

func (g activationGradient) operands(n kernels.BatchNorm) []kernels.Operand {
	optional := func(name string, b *kernels.Buffer, elements int) kernels.Operand {
		return kernels.Floats(name, b, kernels.Read, elements).OptionalIf(true)
	}
	return []kernels.Operand{
		optional("gamma", g.Gamma, n.C), optional("beta", g.Beta, n.C), optional("v", g.V, n.Elements()),
		kernels.Floats("a", g.A, kernels.Read, n.Elements()), optional("b", g.B, n.Elements()),
	}
}
