package cuda

import (
	"fmt"
	"strings"

	"cnn-gpu/kernels"
)

// adamParts is Adam with gradients that are sums of parts, and beside it the tally of the batch.
type adamParts struct {
	kernels.Adam // whose DW holds the gradients that have no parts; nil if they are 0
	Segments     []segment
	Parts        *kernels.Buffer
	Tally        *kernels.Tally // nil without one
	Rounded      *narrow        // what the weights are rounded to, which follows them; nil if that is not kept
}

// Name implements [kernels.Op].
func (op adamParts) Name() string { return "adam_parts" }

// Operands implements [kernels.Op].
func (op adamParts) Operands() []kernels.Operand {
	n := op.W.Elements()
	rounded := kernels.Floats("rounded_weights", nil, kernels.Accumulate, 0).OptionalIf(true)
	if op.Rounded != nil {
		rounded = op.Rounded.Operands()[1]
		rounded.Name, rounded.Access = "rounded_weights", kernels.Accumulate
	}
	tally := op.tally().Operands()
	for i := range tally {
		tally[i] = tally[i].OptionalIf(op.Tally == nil)
	}
	return append([]kernels.Operand{
		kernels.Floats("w", op.W, kernels.Accumulate, n), kernels.Floats("m", op.M, kernels.Accumulate, n), kernels.Floats("v", op.V, kernels.Accumulate, n),
		kernels.Floats("parts", op.Parts, kernels.Read, op.Parts.Elements()), kernels.Floats("dw", op.DW, kernels.Read, n).OptionalIf(true),
		kernels.Floats("rate", op.Rate, kernels.Read, 1), kernels.Ints("step", op.Step, kernels.Read, 1), kernels.Ints("halt", op.Halt, kernels.Read, 1),
	}, append(tally, rounded)...)
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
		define("BETA1", op.Beta1, "BETA2", op.Beta2, "EPSILON", op.Epsilon, "TALLIES", op.Tally != nil, "N", op.tally().N, "K", op.tally().K,
			"COPIES", op.copies(), "BF16", op.Rounded != nil && op.Rounded.Precision == kernels.BF16)...)
	if op.Tally != nil {
		l.Grid[0]++
	}
	return []Launch{l}
}

// copies is the table of rounded_copies.cuh; an empty copy if there is none.
func (op adamParts) copies() string {
	if op.Rounded == nil {
		return "{0, 0, 0, 1, 1, 0, false}"
	}
	_, begin := op.W.Root()
	var table strings.Builder
	for _, p := range op.Rounded.Parts {
		fmt.Fprintf(&table, "{%d, %d, %d, %d, %d, %d, %t}, ", p.From-begin, p.To, p.A, p.B, p.C, p.Pitch, p.Turned)
	}
	return table.String()
}
