package plan

import (
	"cmp"
	"slices"

	"cnn-gpu/kernels"
)

// A device that runs several ops at once runs a list in stages: what is in one stage waits for nothing in it.

// Span is the first and the last stage in which an op runs. One of several launches takes a stage for each.
type Span struct{ First, Last int }

// Stages finds the stages in which the ops of a list, each of so many launches, may run: as few as the values that ops hand on allow. It
// gives the order of the ops, as indices of the list, and the span of each in that order. Those of one stage that have to be done first come
// first: where a GPU is too small for all of a stage, it begins with what the next stages wait for.
//
// An op that makes more values than it is the last to need runs as late as it can, any other as early, so that values live no longer
// than they must: gradients by the weights run beside those by the inputs, and the rounded filters of a layer right before it.
func Stages(ops []kernels.Op, launches []int) (order []int, spans []Span) {
	before := dependences(ops)
	first, end := make([]int, len(ops)), 0 // end is the number of stages
	for i := range ops {
		for _, b := range before[i] {
			first[i] = max(first[i], first[b]+launches[b])
		}
		end = max(end, first[i]+launches[i])
	}
	latest := slices.Repeat([]int{end}, len(ops)) // the stage at which an op has to be done
	growth := growth(ops)
	for i := len(ops) - 1; i >= 0; i-- {
		if growth[i] > 0 {
			first[i] = latest[i] - launches[i]
		}
		for _, b := range before[i] {
			latest[b] = min(latest[b], first[i])
		}
	}
	for i := range ops {
		order = append(order, i)
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(first[a], first[b]), cmp.Compare(latest[a], latest[b])) })
	for _, i := range order {
		spans = append(spans, Span{first[i], first[i] + launches[i] - 1})
	}
	return order, spans
}

// growth is by how many bytes the arena's values become more, or less, with each op of a list.
func growth(ops []kernels.Op) []int {
	bytes := make([]int, len(ops))
	for _, v := range lifetimes(ops, make([]Span, len(ops)), &Plan{}) {
		bytes[v.First] += v.Bytes
		bytes[v.Last] -= v.Bytes
	}
	return bytes
}

// area is a part of some memory, in bytes, and what an op does with it.
type area struct {
	memory   any // a root buffer, or the arena
	from, to int
	access   kernels.Access
}

// conflicts says whether two ops that use the areas must keep their order.
func (a area) conflicts(b area) bool {
	return a.memory == b.memory && a.from < b.to && b.from < a.to &&
		(a.access != b.access || a.access != kernels.Read && a.access != kernels.Raise)
}

// dependences lists, for each op, those before it that it has to come after by the values of both.
func dependences(ops []kernels.Op) [][]int {
	return ordered(len(ops), func(i int) (list []area) {
		for _, o := range ops[i].Operands() {
			if o.Buffer != nil {
				root, offset := o.Buffer.Root()
				size := o.Buffer.Type.Size()
				list = append(list, area{root, offset * size, (offset + o.Buffer.Elements()) * size, o.Access})
			}
		}
		return list
	})
}

// ordered lists, for each of n ops, those before it with which one of its areas conflicts.
func ordered(n int, areas func(i int) []area) [][]int {
	type user struct {
		area
		op int
	}
	users := map[any][]user{} // by memory
	before := make([][]int, n)
	for i := range n {
		list := areas(i)
		for _, a := range list {
			for _, u := range users[a.memory] {
				if u.conflicts(a) {
					before[i] = append(before[i], u.op)
				}
			}
		}
		for _, a := range list {
			users[a.memory] = append(users[a.memory], user{a, i})
		}
		slices.Sort(before[i])
		before[i] = slices.Compact(before[i])
	}
	return before
}

// Edges say what each op of a list has to wait for so that no op meets memory that another one writes: the values that it takes, and
// those that lie where it writes. What follows from other edges is left out.
type Edges struct {
	Within   [][]int // the ops of the same run of the list, by their index
	RunAgain [][]int // those of the run before, where runs follow each other
}

// Edges finds them for the list that the plan is of, with its workspaces.
func (p Plan) Edges(ops []kernels.Op, workspaces []int) Edges {
	n := len(ops)
	before := reduced(ordered(2*n, func(i int) []area { return p.areas(ops, workspaces, i%n) }))
	e := Edges{Within: before[:n], RunAgain: make([][]int, n)}
	for i, list := range before[n:] {
		for _, b := range list {
			if b < n {
				e.RunAgain[i] = append(e.RunAgain[i], b)
			}
		}
	}
	return e
}

// areas are those that op i uses.
func (p Plan) areas(ops []kernels.Op, workspaces []int, i int) (list []area) {
	type arena struct{}
	if workspaces != nil && workspaces[i] > 0 {
		list = append(list, area{arena{}, p.Workspaces[i], p.Workspaces[i] + workspaces[i], kernels.Write})
	}
	for _, o := range ops[i].Operands() {
		if o.Buffer == nil {
			continue
		}
		root, offset := o.Buffer.Root()
		a := area{memory: root, from: offset * o.Buffer.Type.Size(), access: o.Access}
		if !root.Keep {
			a.memory = arena{}
			a.from += p.Offsets[root]
		}
		a.to = a.from + o.Buffer.Bytes()
		list = append(list, a)
	}
	return list
}

// reduced leaves out of the ops that each has to come after those that another one of them has to come after.
func reduced(before [][]int) [][]int {
	words := kernels.CeilDiv(len(before), 64)
	past := make([][]uint64, len(before)) // all that an op comes after, as bits
	less := make([][]int, len(before))
	for i, list := range before {
		past[i] = make([]uint64, words)
		for _, b := range slices.Backward(list) {
			if past[i][b/64]>>(b%64)&1 != 0 {
				continue
			}
			less[i] = append(less[i], b)
			past[i][b/64] |= 1 << (b % 64)
			for w, bits := range past[b] {
				past[i][w] |= bits
			}
		}
		slices.Reverse(less[i])
	}
	return less
}
