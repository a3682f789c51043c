// Package plan says where the values of an op list lie in a device's memory, and whether the list can be run at all.
package plan

import (
	"cmp"
	"slices"

	"cnn-gpu/kernels"
)

// Plan is where the values of an op list lie. Kept values have memory of their own; the others, and the workspaces of ops, share one
// arena, in which two overlap only if no op needs both.
type Plan struct {
	Kept       []*kernels.Buffer
	Values     []Value                 // of the arena, the largest first
	Offsets    map[*kernels.Buffer]int // of every value in the arena, in bytes
	Workspaces map[int]int             // offsets of the workspaces, by the index of the op
	Arena      int                     // bytes
	Sum        int                     // bytes that the arena would take without sharing
}

// Value is a value of the arena, or the workspace of an op. It is there from op First to op Last.
type Value struct {
	Buffer      *kernels.Buffer // nil for a workspace
	First, Last int
	Bytes       int // rounded up to the alignment
	Offset      int

	live Span // in stages
}

// Bytes is all the memory that the op list needs.
func (p Plan) Bytes() int {
	total := p.Arena
	for _, b := range p.Kept {
		total += b.Bytes()
	}
	return total
}

// alignment of values in the arena: a cache line and more than any vector load asks for.
const alignment = 256

// New places the values of an op list, and for each op a workspace of so many bytes; workspaces may be nil if no op needs any. Spans are
// those of [Stages], whose order the list has, or nil if its ops run one
// after the other.
// Large values are placed first, each at the lowest place that no value of an overlapping lifetime has taken: greedy by size,
// after Pisarchyk and Lee, "Efficient memory management for deep neural net inference", 2020, section 5.
func New(ops []kernels.Op, workspaces []int, spans []Span) Plan {
	plan := Plan{Offsets: map[*kernels.Buffer]int{}, Workspaces: map[int]int{}}
	if spans == nil {
		for at := range ops {
			spans = append(spans, Span{at, at})
		}
	}
	values := lifetimes(ops, spans, &plan)
	for at, bytes := range workspaces {
		if bytes > 0 {
			values = append(values, Value{First: at, Last: at, Bytes: aligned(bytes), live: spans[at]})
		}
	}
	slices.SortStableFunc(values, func(a, b Value) int { return cmp.Compare(b.Bytes, a.Bytes) })
	for i := range values {
		v := &values[i]
		v.Offset = lowest(*v, values[:i])
		if v.Buffer != nil {
			plan.Offsets[v.Buffer] = v.Offset
		} else {
			plan.Workspaces[v.First] = v.Offset
		}
		plan.Arena = max(plan.Arena, v.Offset+v.Bytes)
		plan.Sum += v.Bytes
	}
	plan.Values = values
	return plan
}

func aligned(bytes int) int { return kernels.CeilDiv(bytes, alignment) * alignment }

// lifetimes lists the values of the arena in the order in which the ops name them, and adds the kept ones to the plan.
func lifetimes(ops []kernels.Op, spans []Span, plan *Plan) []Value {
	var values []Value
	index := map[*kernels.Buffer]int{}
	for at, op := range ops {
		for _, operand := range op.Operands() {
			if operand.Buffer == nil {
				continue
			}
			root, _ := operand.Buffer.Root()
			i, known := index[root]
			switch {
			case known && root.Keep:
			case known:
				values[i].Last = at
				values[i].live.Last = max(values[i].live.Last, spans[at].Last)
			case root.Keep:
				index[root] = -1
				plan.Kept = append(plan.Kept, root)
			default:
				index[root] = len(values)
				values = append(values, Value{Buffer: root, First: at, Last: at, Bytes: aligned(root.Bytes()), live: spans[at]})
			}
		}
	}
	return values
}

// lowest is the lowest offset at which v overlaps none of the placed values that live while it does.
func lowest(v Value, placed []Value) int {
	var taken []Value
	for _, p := range placed {
		if p.live.First <= v.live.Last && v.live.First <= p.live.Last {
			taken = append(taken, p)
		}
	}
	slices.SortFunc(taken, func(a, b Value) int { return cmp.Compare(a.Offset, b.Offset) })
	offset := 0
	for _, t := range taken {
		if offset+v.Bytes <= t.Offset {
			break
		}
		offset = max(offset, t.Offset+t.Bytes)
	}
	return offset
}
