package device

import (
	"cmp"
	"slices"

	"cnn-gpu/kernels"
)

// Plan is where the values of an op list lie. Kept values have memory of their own; the others share one arena, in which two
// values overlap only if no op needs both.
type Plan struct {
	Kept    []*kernels.Buffer
	Offsets map[*kernels.Buffer]int // of every value in the arena, in bytes
	Arena   int                     // bytes
	Sum     int                     // bytes that the arena's values would take without sharing
}

// alignment of values in the arena: a cache line and more than any vector load asks for.
const alignment = 256

// lifetime is the range of ops, first to last, that name a value.
type lifetime struct {
	buffer      *kernels.Buffer
	first, last int
	bytes       int
}

// NewPlan places the values of an op list. Large values are placed first, each at the lowest place that no value of an
// overlapping lifetime has taken: greedy by size, after Pisarchyk and Lee, "Efficient memory management for deep neural net
// inference", 2020, section 5.
func NewPlan(ops []kernels.Op) Plan {
	plan := Plan{Offsets: map[*kernels.Buffer]int{}}
	values := lifetimes(ops, &plan)
	slices.SortStableFunc(values, func(a, b lifetime) int { return cmp.Compare(b.bytes, a.bytes) })
	for i, v := range values {
		offset := lowest(v, values[:i], plan.Offsets)
		plan.Offsets[v.buffer] = offset
		plan.Arena = max(plan.Arena, offset+v.bytes)
		plan.Sum += v.bytes
	}
	return plan
}

// lifetimes lists the values of the arena in the order in which the ops name them, and adds the kept ones to the plan.
func lifetimes(ops []kernels.Op, plan *Plan) []lifetime {
	var values []lifetime
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
				values[i].last = at
			case root.Keep:
				index[root] = -1
				plan.Kept = append(plan.Kept, root)
			default:
				index[root] = len(values)
				bytes := (root.Bytes() + alignment - 1) / alignment * alignment
				values = append(values, lifetime{root, at, at, bytes})
			}
		}
	}
	return values
}

// lowest is the lowest offset at which v overlaps none of the placed values that live while it does.
func lowest(v lifetime, placed []lifetime, offsets map[*kernels.Buffer]int) int {
	var taken [][2]int
	for _, p := range placed {
		if p.first <= v.last && v.first <= p.last {
			at := offsets[p.buffer]
			taken = append(taken, [2]int{at, at + p.bytes})
		}
	}
	slices.SortFunc(taken, func(a, b [2]int) int { return cmp.Compare(a[0], b[0]) })
	offset := 0
	for _, t := range taken {
		if offset+v.bytes <= t[0] {
			break
		}
		offset = max(offset, t[1])
	}
	return offset
}
