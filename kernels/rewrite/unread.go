package rewrite

import (
	"slices"

	"cnn-gpu/kernels"
)

// unread leaves out the ops whose values nobody reads.
var unread = Pass{
	Name: "unread",
	Does: "leave out ops whose values nobody reads",
	Run: func(l *List) (times int) {
		read := map[*kernels.Buffer]bool{}
		for i, op := range slices.Backward(l.Ops) {
			if op == nil {
				continue
			}
			operands := op.Operands()
			if !slices.ContainsFunc(operands, func(o kernels.Operand) bool {
				return o.Buffer != nil && o.Access != kernels.Read && (RootOf(o.Buffer).Keep || read[RootOf(o.Buffer)])
			}) {
				l.Ops[i] = nil
				times++
				continue
			}
			for _, o := range operands {
				if o.Buffer != nil && o.Access != kernels.Write {
					read[RootOf(o.Buffer)] = true
				}
			}
		}
		return times
	},
}
