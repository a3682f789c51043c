package cuda

import (
	"slices"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// splitter is an op that writes parts of gradients: passes say where, and what halts training at once.
type splitter interface {
	kernels.Op
	// withParts is the op with other buffers in place of those in the map.
	withParts(map[*kernels.Buffer]*kernels.Buffer) kernels.Op
	// halting is the op that halts training, as a FiniteCheck does, at parts whose sum might not be finite.
	halting(step, halt *kernels.Buffer) kernels.Op
}

// gatherParts adds up the parts of all gradients in one launch before the first op that reads the gradients. Where all of them have parts,
// none needs to be zero before.
var gatherParts = rewrite.Pass{
	Name: "gather-parts",
	Does: "add up the parts of all gradients at once",
	Run: func(l *rewrite.List) (times int) {
		known := map[*kernels.Buffer]bool{}
		for i := 0; i < len(l.Ops); i++ {
			sum, ok := l.Ops[i].(sumParts)
			if !ok {
				continue
			}
			gradients, _ := sum.DW.Root()
			if !known[gradients] && gather(l, gradients) {
				times++
			}
			known[gradients] = true
		}
		return times
	},
}

func gather(l *rewrite.List, gradients *kernels.Buffer) bool {
	_, zeroAt, ok := rewrite.Find(l, 0, func(op kernels.Zero) bool { return op.Y == gradients })
	if !ok || gradients.Keep {
		return false
	}
	reader := slices.IndexFunc(l.Ops[zeroAt+1:], func(op kernels.Op) bool {
		_, isSum := op.(sumParts)
		return op != nil && !isSum && usesWhole(op, gradients)
	})
	if reader < 0 {
		return false
	}
	reader += zeroAt + 1
	gathered, others := map[int]bool{}, false
	for _, i := range l.Users(gradients) {
		if i <= zeroAt || i >= reader {
			continue
		}
		sum, ok := l.Ops[i].(sumParts)
		alone := ok && !slices.ContainsFunc(l.Users(gradients), func(at int) bool {
			return at != i && at != zeroAt && at < reader && uses(l.Ops[at], sum.DW)
		})
		gathered[i] = alone
		others = others || !alone
	}
	all := sumParts{Overwrites: !others, DW: gradients}
	elements, written := 0, map[*kernels.Buffer]int{}
	for i := range l.Ops {
		if !gathered[i] {
			continue
		}
		sum := l.Ops[i].(sumParts)
		_, begin := sum.DW.Root()
		s := sum.Segments[0]
		s.begin, s.where = begin, elements
		all.Segments = append(all.Segments, s)
		written[sum.Parts] = elements
		elements += sum.Parts.Elements()
	}
	if len(all.Segments) == 0 || elements > mostElements {
		return false
	}
	slices.SortFunc(all.Segments, func(a, b segment) int { return a.begin - b.begin })
	all.Parts = kernels.NewBuffer(gradients.Name+" in parts", kernels.Float32, elements)
	views := map[*kernels.Buffer]*kernels.Buffer{}
	for b, at := range written {
		views[b] = all.Parts.View(b.Name, at, b.Shape...)
	}
	for i, op := range l.Ops {
		if s, ok := op.(splitter); ok {
			l.Ops[i] = s.withParts(views)
		}
		if gathered[i] || i == zeroAt && !others {
			l.Ops[i] = nil
		}
	}
	l.Insert(reader, all)
	return true
}

// usesWhole says whether an op reads or writes all of a value at once.
func usesWhole(op kernels.Op, b *kernels.Buffer) bool {
	return slices.ContainsFunc(op.Operands(), func(o kernels.Operand) bool {
		return o.Buffer != nil && o.Buffer.Elements() == b.Elements() && uses(op, b) && rewrite.RootOf(o.Buffer) == b
	})
}
