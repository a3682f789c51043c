package cuda

import "cnn-gpu/kernels"

// adamParts is Adam with gradients that are sums of parts, and beside it the tally of the batch.
type adamParts struct {
	kernels.Adam // whose DW holds the gradients that have no parts; nil if they are 0
	Segments     []segment
	Parts        *kernels.Buffer
	Tally        *kernels.Tally // nil without one
}

// Name implements [kernels.Op].
func (op adamParts) Name() string { return "adam_parts" }

// Operands implements [kernels.Op].
func (op adamParts) Operands() []kernels.Operand {
	n := op.W.Elements()
	tally := op.tally().Operands()
	for i := range tally {
		tally[i] = tally[i].OptionalIf(op.Tally == nil)
	}
	return append([]kernels.Operand{
		kernels.Floats("w", op.W, kernels.Accumulate, n), kernels.Floats("m", op.M, kernels.Accumulate, n), kernels.Floats("v", op.V, kernels.Accumulate, n),
		kernels.Floats("parts", op.Parts, kernels.Read, op.Parts.Elements()), kernels.Floats("dw", op.DW, kernels.Read, n).OptionalIf(true),
		kernels.Floats("rate", op.Rate, kernels.Read, 1), kernels.Ints("step", op.Step, kernels.Read, 1), kernels.Ints("halt", op.Halt, kernels.Read, 1),
	}, tally...)
}

// tally is the tally, an empty one if there is none.
func (op adamParts) tally() (t kernels.Tally) {
	if op.Tally != nil {
		t = *op.Tally
	}
	return t
}

// Cost implements [kernels.Op].
func (op adamParts) Cost() kernels.Cost {
	return kernels.CostOf(op, 12*op.W.Elements()+op.Parts.Elements()+op.tally().N*op.tally().K)
}

func (op adamParts) launches() []Launch {
	values := []*kernels.Buffer{op.W, op.M, op.V, op.DW}
	l := perSegment("adam_parts.cu", "adam_parts", op.Segments, op.W.Elements(), values,
		define("BETA1", op.Beta1, "BETA2", op.Beta2, "EPSILON", op.Epsilon, "TALLIES", op.Tally != nil, "N", op.tally().N, "K", op.tally().K)...)
	if op.Tally != nil {
		l.Grid[0]++
	}
	return []Launch{l}
}
