package cuda

import (
	"slices"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// narrowFactors rounds the factors of products, each value once in each form that it is taken in, and all that lie in one memory, as weights do, at once.
func narrowFactors(p kernels.Precision) rewrite.Pass {
	return rewrite.Pass{
		Name:   "narrow-factors",
		Does:   "round what tensor cores multiply to " + p.String() + ", once for all products that take it",
		Rounds: true,
		Run:    func(l *rewrite.List) int { return narrowing{l, p, map[factor]*narrowValue{}}.run() },
	}
}

// narrowing is that pass under way.
type narrowing struct {
	*rewrite.List
	precision kernels.Precision
	known     map[factor]*narrowValue
}

// narrowValue is what a value is rounded to, by the op at an index.
type narrowValue struct {
	buffer *kernels.Buffer
	at     int
}

func (n narrowing) run() (times int) {
	times = n.roundTogether()
	for i := 0; i < len(n.Ops); i++ {
		op, ok := n.Ops[i].(product)
		if !ok {
			continue
		}
		var values []*kernels.Buffer
		for _, f := range op.factors() {
			if f.value.Type == kernels.BFloat16 {
				values = append(values, f.value)
				continue
			}
			m := n.known[f]
			if m == nil || n.IsWritten(f.value, m.at, i) {
				m = &narrowValue{kernels.NewBuffer(n.name(f.value), typeOf(n.precision), f.form.shape()...), i}
				n.known[f] = m
				n.Insert(i, narrowed(n.precision, f.form, f.value, m.buffer))
				times++
				i++
			}
			values = append(values, m.buffer)
		}
		n.Ops[i] = op.withFactors(values)
	}
	return times
}

func (n narrowing) name(b *kernels.Buffer) string { return b.Name + " in " + n.precision.String() }

// roundTogether puts one op before the first product that takes some of the weights, or of other memory that outlives a run, for all products that do.
func (n narrowing) roundTogether() (times int) {
	type memory struct {
		root  *kernels.Buffer
		at    int // of the first product
		last  int // of the last one
		takes []factor
	}
	var memories []*memory
	of := map[*kernels.Buffer]*memory{}
	for i, op := range n.Ops {
		op, ok := op.(product)
		if !ok {
			continue
		}
		for _, f := range op.factors() {
			root, _ := f.value.Root()
			if !root.Keep || f.value.Type != kernels.Float32 {
				continue
			}
			if of[root] == nil {
				of[root] = &memory{root: root, at: i}
				memories = append(memories, of[root])
			}
			m := of[root]
			if n.known[f] == nil && !n.IsWritten(root, m.at-1, i) {
				n.known[f] = &narrowValue{}
				m.takes = append(m.takes, f)
			}
			m.last = i
		}
	}
	for before, m := range memories {
		at := m.at + before // behind what was inserted
		op := narrow{Precision: n.precision, X: m.root}
		for _, f := range m.takes {
			_, from := f.value.Root()
			_, to := op.elements()
			op.Parts = append(op.Parts, narrowPart{f.form, from, kernels.RoundUp(to, alignment)})
		}
		_, elements := op.elements()
		op.Y = kernels.NewBuffer(n.name(m.root), typeOf(n.precision), elements)
		op.IsKept = n.keeps(op, m.last+before)
		op.Y.Keep = op.IsKept
		for i, f := range m.takes {
			*n.known[f] = narrowValue{op.Y.View(n.name(f.value), op.Parts[i].To, f.form.shape()...), at}
		}
		n.Insert(at, op)
		times++
	}
	return times
}

// keeps says whether the rounded values, which products up to an index take, can be kept from run to run, and lets the optimizer change them along if it
// changes the values. What else changes them does so behind the products and before the optimizer, and not where training has halted. A value that is
// all of its memory comes from outside for each run, as an input does.
func (n narrowing) keeps(op narrow, last int) bool {
	var adam *adamParts
	adamAt := 0
	var halts []*kernels.Buffer // of the others
	for i, other := range n.Ops {
		if !slices.ContainsFunc(op.Parts, func(part narrowPart) bool { return writes(other, part.of(op.X)) }) {
			continue
		}
		if a, ok := other.(adamParts); ok && a.Rounded == nil && adam == nil {
			adam, adamAt = &a, i
			continue
		}
		if i < last || adam != nil {
			return false
		}
		halts = append(halts, haltOf(other))
	}
	isWhole := slices.ContainsFunc(op.Parts, func(part narrowPart) bool { return isAll(part.of(op.X)) })
	isOther := func(halt *kernels.Buffer) bool { return adam == nil || halt != adam.Halt }
	if isWhole || slices.ContainsFunc(halts, isOther) {
		return false
	}
	if adam != nil {
		adam.Rounded = &op
		n.Ops[adamAt] = *adam
	}
	return true
}

// haltOf is what keeps an op from changing anything where training has halted; nil if nothing does.
func haltOf(op kernels.Op) *kernels.Buffer {
	for _, o := range op.Operands() {
		if o.Name == "halt" && o.Access == kernels.Read {
			return o.Buffer
		}
	}
	return nil
}

// writes says whether an op writes some of a value.
func writes(op kernels.Op, b *kernels.Buffer) bool {
	return op != nil && slices.ContainsFunc(op.Operands(), func(o kernels.Operand) bool {
		return o.Buffer != nil && o.Access != kernels.Read && overlap(o.Buffer, b)
	})
}

// alignment is that of the parts of a narrow value, in elements: no two share a sector of memory.
const alignment = 32
