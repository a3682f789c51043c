package cuda

import (
	"fmt"
	"strings"

	"cnn-gpu/kernels"
)

// segment is a gradient whose sums are split: its elements among all gradients, and where its parts lie.
type segment struct{ begin, count, slices, where int }

// mostSlices is how many parts a sum may have at most.
const mostSlices = 128

// partPitch is how many elements lie between a sum of one slice and that of the next.
func partPitch(elements int) int { return kernels.RoundUp(elements, 4) }

// sumParts adds the parts of gradients to what is there, or makes the gradients of them, which are 0 where there are none.
type sumParts struct {
	Segments   []segment // in the order of DW
	Overwrites bool
	Parts, DW  *kernels.Buffer
}

// Name implements [kernels.Op].
func (op sumParts) Name() string { return "sum_parts" }

// Operands implements [kernels.Op].
func (op sumParts) Operands() []kernels.Operand {
	access := kernels.Accumulate
	if op.Overwrites {
		access = kernels.Write
	}
	return []kernels.Operand{
		kernels.Floats("parts", op.Parts, kernels.Read, op.Parts.Elements()), kernels.Floats("dw", op.DW, access, op.DW.Elements()),
	}
}

// Cost implements [kernels.Op].
func (op sumParts) Cost() kernels.Cost { return kernels.CostOf(op, op.Parts.Elements()) }

func (op sumParts) launches() []Launch {
	extent := 0
	if op.Overwrites {
		extent = op.DW.Elements()
	}
	return []Launch{perSegment("sum_parts.cu", "sum_parts", op.Segments, extent, nil, define("OVERWRITES", op.Overwrites)...)}
}

// perSegment is a launch on the elements of segments, and on those between them up to an extent; see parts.cuh. What it reads and writes besides
// begins, as the gradients do, where values do.
func perSegment(source, function string, segments []segment, extent int, values []*kernels.Buffer, defines ...Define) Launch {
	const threads, each = 256, 8
	if len(segments) == 0 || extent > 0 && segments[0].begin > 0 {
		segments = append([]segment{{}}, segments...)
	}
	width := neighboursOf(segments, extent, values)
	blocks := 0
	var table []string
	for i, s := range segments {
		elements, log2 := s.count, 8
		if i+1 < len(segments) && extent > 0 {
			elements = segments[i+1].begin - s.begin
		} else if extent > 0 {
			elements = extent - s.begin
		}
		for threads>>log2*each < s.slices {
			log2--
		}
		table = append(table, fmt.Sprintf("{%d,%d,%d,%d,%d,%d,%d,%d}", blocks, s.begin, elements, s.count, s.slices, s.where, partPitch(s.count), log2))
		blocks += kernels.CeilDiv(elements, width<<log2)
	}
	return Launch{
		Source: source, Function: function, Defines: append(define("SEGMENTS", strings.Join(table, ","), "THREADS", threads, "WIDTH", width), defines...),
		Grid: [3]int{blocks, 1, 1}, Block: [3]int{threads, 1, 1},
	}
}

// neighboursOf is how many neighbours a thread may work on at once.
func neighboursOf(segments []segment, extent int, values []*kernels.Buffer) int {
	const width = 4
	offset := extent
	for _, s := range segments {
		offset |= s.begin
	}
	for _, b := range values {
		if b != nil {
			_, at := b.Root()
			offset |= at
		}
	}
	if offset%width != 0 {
		return 1
	}
	return width
}
