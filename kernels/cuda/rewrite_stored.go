package cuda

import (
	"slices"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// storeNarrow lets the op that makes a value round it as it stores it, where products take it and the op can: then no op does nothing else. In TF32
// whoever else reads the value gets it rounded. A bfloat16 value lies in a buffer of its own, so all who read it must be able to. So does one whose rows
// end in zeros, which nobody else may read.
func storeNarrow(p kernels.Precision) rewrite.Pass {
	return rewrite.Pass{
		Name:   "store-narrow",
		Does:   "round what tensor cores multiply to " + p.String() + " where it is made",
		Rounds: true,
		Run: func(l *rewrite.List) (times int) {
			for i, op := range l.Ops {
				if n, ok := op.(narrow); ok && storeNarrowAt(l, i, n) {
					times++
				}
			}
			return times
		},
	}
}

// storeNarrowAt lets another op do what the one at an index does, if there is one that can.
func storeNarrowAt(l *rewrite.List, i int, n narrow) bool {
	value, part := n.X, n.Parts[0]
	if root, _ := value.Root(); len(n.Parts) > 1 || root.Keep || !isAll(value) || part.Turned {
		return false
	}
	made, at, ok := rewrite.Find(l, 0, func(op storer) bool { return resultOf(op, value) != nil })
	if !ok || at > i || l.IsWritten(value, -1, at) || l.IsWritten(value, at, len(l.Ops)) {
		return false
	}
	result, isPadded := resultOf(made, value), part.Pitch != part.C
	if isPadded && (!canPad(made, result, part.form) || !slices.Equal(l.Users(value), []int{at, i})) {
		return false
	}
	to, factor := result, value
	if n.Precision == kernels.BF16 || isPadded {
		if to, factor = n.Y, n.Y; !readNarrow(l, value, n.Y, at, i) {
			return false
		}
	}
	l.Ops[at], l.Ops[i] = made.storing(n.Precision, result, to), nil
	for j := i + 1; j < len(l.Ops); j++ {
		op, ok := l.Ops[j].(product)
		if !ok {
			continue
		}
		var values []*kernels.Buffer
		for _, f := range op.factors() {
			if f.value == n.Y {
				f.value = factor
			}
			values = append(values, f.value)
		}
		l.Ops[j] = op.withFactors(values)
	}
	return true
}

// resultOf is the result of an op that is a value; nil if none is.
func resultOf(op storer, value *kernels.Buffer) *kernels.Buffer {
	for _, result := range op.results() {
		if isSame(result, value) {
			return result
		}
	}
	return nil
}

// canPad says whether an op can put zeros behind rows of a form.
func canPad(op storer, result *kernels.Buffer, f form) bool {
	p, ok := op.(padder)
	return ok && p.pads(result) && result.Shape[len(result.Shape)-1] == f.C
}

// readNarrow lets all ops read a value as bfloat16, but for those at two indices, which make it and round it; or none of them, if one cannot.
func readNarrow(l *rewrite.List, value, narrow *kernels.Buffer, made, rounded int) bool {
	readers := map[int]kernels.Op{}
	for _, user := range l.Users(value) {
		if user == made || user == rounded {
			continue
		}
		for _, o := range l.Ops[user].Operands() {
			if o.Buffer == nil || !isSame(o.Buffer, value) {
				continue
			}
			r, ok := l.Ops[user].(reader)
			if ok {
				readers[user], ok = r.reading(o.Buffer, narrow)
			}
			if !ok {
				return false
			}
			break
		}
		if readers[user] == nil { // it takes a part of the value
			return false
		}
	}
	for at, op := range readers {
		l.Ops[at] = op
	}
	return true
}

// isAll says whether a buffer is all of its memory.
func isAll(b *kernels.Buffer) bool {
	root, _ := b.Root()
	return b.Elements() == root.Elements()
}

// isSame says whether two buffers are one value, in whatever shape.
func isSame(a, b *kernels.Buffer) bool {
	first, from := a.Root()
	second, at := b.Root()
	return first == second && from == at && a.Elements() == b.Elements()
}
