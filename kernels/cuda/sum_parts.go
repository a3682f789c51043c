package cuda

import (
	"fmt"
	"strings"

	"cnn-gpu/kernels"
)

// segment is a gradient whose sums are split: its elements among all gradients, and where its parts lie.
type segment struct{ begin, count, slices, where int }

// sumParts adds the parts of gradients to what is there.
type sumParts struct {
	Segments  []segment
	Parts, DW *kernels.Buffer
}

// Name implements [kernels.Op].
func (op sumParts) Name() string { return "sum_parts" }

// Operands implements [kernels.Op].
func (op sumParts) Operands() []kernels.Operand {
	return []kernels.Operand{
		kernels.Floats("parts", op.Parts, kernels.Read, op.Parts.Elements()), kernels.Floats("dw", op.DW, kernels.Accumulate, op.DW.Elements()),
	}
}

// Cost implements [kernels.Op].
func (op sumParts) Cost() kernels.Cost { return kernels.CostOf(op, op.Parts.Elements()) }

func (op sumParts) launches() []Launch {
	return []Launch{perSegment("sum_parts.cu", "sum_parts", op.Segments)}
}

// perSegment is a launch with a thread for each element of each segment; see parts.cuh.
func perSegment(source, function string, segments []segment, defines ...Define) Launch {
	const threads = 256
	blocks := 0
	var table []string
	for _, s := range segments {
		table = append(table, fmt.Sprintf("{%d,%d,%d,%d,%d,%d}", blocks, s.begin, s.count, s.slices, s.where, partPitch(s.count)))
		blocks += kernels.CeilDiv(s.count, threads)
	}
	return Launch{
		Source: source, Function: function, Defines: append(define("SEGMENTS", strings.Join(table, ","), "SEGMENT_COUNT", len(segments)), defines...),
		Grid: [3]int{blocks, 1, 1}, Block: [3]int{threads, 1, 1},
	}
}
