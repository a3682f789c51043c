// Package passes rewrites the op lists of models so that they do less work and compute the same.
//
// A pass looks at the ops and their buffers alone, at nothing that only one device knows: every device runs the same list.
package passes

import (
	"slices"

	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// Pass is one kind of rewriting.
type Pass struct {
	Name   string
	Does   string
	Rounds bool // the results round otherwise than those of the ops as they stand, within a larger bound

	run func(*list) int // returns how often it found something to rewrite
}

// Options say which passes run.
type Options struct {
	Strict bool // leave out those that round otherwise
}

// All lists the passes in the order in which they run.
func All() []Pass { return []Pass{activationAfterPool, chain, pooledGradient, winograd} }

// Applied is a pass with the number of places that it rewrote.
type Applied struct {
	Pass
	Times int
}

// Apply runs the passes over the ops of a program and says what each did.
func Apply(steps []model.Step, o Options) ([]model.Step, []Applied) {
	l := newList(steps)
	var report []Applied
	for _, p := range All() {
		if !o.Strict || !p.Rounds {
			report = append(report, Applied{p, p.run(l)})
		}
	}
	return l.steps(), report
}

// list is an op list under rewriting. An op that was replaced is nil.
type list struct {
	nodes []*model.Node
	ops   []kernels.Op
}

func newList(steps []model.Step) *list {
	l := &list{}
	for _, s := range steps {
		for _, op := range s.Ops {
			l.nodes = append(l.nodes, s.Node)
			l.ops = append(l.ops, op)
		}
	}
	return l
}

// steps groups the ops that are left by their nodes.
func (l *list) steps() []model.Step {
	var steps []model.Step
	for i, op := range l.ops {
		if op == nil {
			continue
		}
		if last := len(steps) - 1; last >= 0 && steps[last].Node == l.nodes[i] {
			steps[last].Ops = append(steps[last].Ops, op)
		} else {
			steps = append(steps, model.Step{Node: l.nodes[i], Ops: []kernels.Op{op}})
		}
	}
	return steps
}

// users are the ops that read or write the memory of a buffer, in order.
func (l *list) users(b *kernels.Buffer) []int {
	root, _ := b.Root()
	var users []int
	for i, op := range l.ops {
		if op == nil {
			continue
		}
		if slices.ContainsFunc(op.Operands(), func(o kernels.Operand) bool {
			if o.Buffer == nil {
				return false
			}
			r, _ := o.Buffer.Root()
			return r == root
		}) {
			users = append(users, i)
		}
	}
	return users
}

// isPrivate says whether nothing but the given ops sees a buffer's value.
func (l *list) isPrivate(b *kernels.Buffer, users ...int) bool {
	root, _ := b.Root()
	slices.Sort(users)
	return root == b && !b.Keep && slices.Equal(l.users(b), users)
}

// find returns the first op from number i on that is of type T and fits.
func find[T kernels.Op](l *list, i int, fits func(T) bool) (op T, at int, found bool) {
	for at := i; at < len(l.ops); at++ {
		if op, ok := l.ops[at].(T); ok && fits(op) {
			return op, at, true
		}
	}
	return op, -1, false
}
