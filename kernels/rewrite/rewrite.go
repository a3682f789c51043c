// Package rewrite makes op lists do less work and compute the same.
//
// A pass looks at ops and their buffers alone. Those in [Common] make lists of plain ops, which every device gains from; an engine has
// passes of its own, whose ops only it can run.
package rewrite

import (
	"slices"

	"cnn-gpu/kernels"
)

// Op is an op of a rewritten list.
type Op struct {
	kernels.Op
	Parts []int // the ops of the original list that it stands for, by their indices
}

// Pass is one kind of rewriting.
type Pass struct {
	Name   string
	Does   string
	Rounds bool // the results round otherwise than those of the ops as they stand, within a larger bound

	Run func(*List) int // returns how often it found something to rewrite
}

// Applied is a pass with the number of places that it rewrote.
type Applied struct {
	Pass
	Times int
}

// Apply runs passes over a list in their order, and says what each did. Strict leaves out those that round otherwise.
func Apply(ops []kernels.Op, passes []Pass, strict bool) ([]Op, []Applied) {
	l := &List{Ops: slices.Clone(ops)}
	for i := range ops {
		l.parts = append(l.parts, []int{i})
	}
	var report []Applied
	for _, p := range passes {
		if !strict || !p.Rounds {
			report = append(report, Applied{p, p.Run(l)})
		}
	}
	var rewritten []Op
	for i, op := range l.Ops {
		if op != nil {
			rewritten = append(rewritten, Op{op, l.parts[i]})
		}
	}
	return rewritten, report
}

// Plain is a rewritten list without what its ops stand for.
func Plain(ops []Op) []kernels.Op {
	list := make([]kernels.Op, len(ops))
	for i, op := range ops {
		list[i] = op.Op
	}
	return list
}

// List is an op list under rewriting. An op that was replaced is nil.
type List struct {
	Ops   []kernels.Op
	parts [][]int
}

// Join puts an op in the place of several: at index at, which is one of them.
func (l *List) Join(at int, op kernels.Op, all ...int) {
	var parts []int
	for _, i := range all {
		parts = append(parts, l.parts[i]...)
		l.Ops[i] = nil
	}
	slices.Sort(parts)
	l.Ops[at], l.parts[at] = op, slices.Compact(parts)
}

// Insert puts an op, which stands for none of the original list, before the one at an index.
func (l *List) Insert(at int, op kernels.Op) {
	l.Ops = slices.Insert(l.Ops, at, op)
	l.parts = slices.Insert(l.parts, at, nil)
}

// SwapParts says that each of two ops does the work of the other.
func (l *List) SwapParts(a, b int) { l.parts[a], l.parts[b] = l.parts[b], l.parts[a] }

// At is the op at an index, with what it stands for.
func (l *List) At(i int) Op { return Op{l.Ops[i], l.parts[i]} }

// Users are the ops that read or write the memory of a buffer, in order.
func (l *List) Users(b *kernels.Buffer) []int {
	root := RootOf(b)
	var users []int
	for i, op := range l.Ops {
		if op != nil && slices.ContainsFunc(op.Operands(), func(o kernels.Operand) bool { return o.Buffer != nil && RootOf(o.Buffer) == root }) {
			users = append(users, i)
		}
	}
	return users
}

// RootOf is the buffer whose memory b shares.
func RootOf(b *kernels.Buffer) *kernels.Buffer {
	root, _ := b.Root()
	return root
}

// IsWritten says whether an op between two others writes the memory of a buffer.
func (l *List) IsWritten(b *kernels.Buffer, from, to int) bool {
	return slices.ContainsFunc(l.Users(b), func(user int) bool {
		return user > from && user < to && slices.ContainsFunc(l.Ops[user].Operands(), func(o kernels.Operand) bool {
			return o.Buffer != nil && o.Access != kernels.Read && RootOf(o.Buffer) == RootOf(b)
		})
	})
}

// IsPrivate says whether nothing but the given ops sees a buffer's value.
func (l *List) IsPrivate(b *kernels.Buffer, users ...int) bool {
	slices.Sort(users)
	return RootOf(b) == b && !b.Keep && slices.Equal(l.Users(b), users)
}

// Find returns the first op from an index on that is of type T and fits.
func Find[T kernels.Op](l *List, from int, fits func(T) bool) (op T, at int, found bool) {
	for at := from; at < len(l.Ops); at++ {
		if op, ok := l.Ops[at].(T); ok && fits(op) {
			return op, at, true
		}
	}
	return op, -1, false
}
