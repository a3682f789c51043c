package cpu

import (
	"slices"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// ending are ops that work on each element of what another op has made, its Y, and that can do so while that is in the cache: a sum with another
// value, then an activation. Either may be nil.
type ending struct {
	Add        *kernels.Add
	Activation *kernels.ActivationFprop
}

// endingOf finds what can end the op at an index, with the indices of all of them and what they make of its y.
func endingOf(l *rewrite.List, i int, y *kernels.Buffer) (e ending, joined []int, result *kernels.Buffer) {
	joined = []int{i}
	if add, at, ok := rewrite.Find(l, i, func(op kernels.Add) bool { return op.A == y || op.B == y }); ok && canAddEarly(l, add, y, i, at) {
		e.Add, y, joined = &add, add.Y, append(joined, at)
	}
	activation, at, ok := rewrite.Find(l, i, func(op kernels.ActivationFprop) bool { return op.X == y })
	if _, isKnown := activations[activation.Function]; ok && isKnown && l.IsPrivate(y, joined[len(joined)-1], at) {
		e.Activation, y, joined = &activation, activation.Y, append(joined, at)
	}
	return e, joined, y
}

// canAddEarly says whether the sum at an index can be made by the op at another, whose y it takes: what is added to y is there by then, and nobody
// sees the sum's memory in between.
func canAddEarly(l *rewrite.List, add kernels.Add, y *kernels.Buffer, op, at int) bool {
	other, sum := addend(add, y), rewrite.RootOf(add.Y)
	if add.A == add.B || sum == rewrite.RootOf(y) || sum == rewrite.RootOf(other) || !l.IsPrivate(y, op, at) || l.IsWritten(other, op, at) {
		return false
	}
	return !slices.ContainsFunc(l.Users(add.Y), func(user int) bool { return op <= user && user < at })
}

// addend is what a sum adds to y.
func addend(add kernels.Add, y *kernels.Buffer) *kernels.Buffer {
	if add.A == y {
		return add.B
	}
	return add.A
}

// ops are the ops that there are.
func (e ending) ops() (list []kernels.Op) {
	if e.Add != nil {
		list = append(list, *e.Add)
	}
	if e.Activation != nil {
		list = append(list, *e.Activation)
	}
	return list
}

// suffix is what they add to the name of the op before them.
func (e ending) suffix() (name string) {
	if e.Add != nil {
		name += "_add"
	}
	if e.Activation != nil {
		name += "_" + e.Activation.Function.String()
	}
	return name
}

// output is what stands in place of the operand y.
func (e ending) output(y kernels.Operand) kernels.Operand {
	switch {
	case e.Activation != nil:
		return e.Activation.Operands()[1]
	case e.Add != nil:
		return e.Add.Operands()[2]
	}
	return y
}

// more are the operands that stand behind the output.
func (e ending) more(y *kernels.Buffer) []kernels.Operand {
	if e.Add == nil {
		return nil
	}
	return []kernels.Operand{kernels.Floats("addend", addend(*e.Add, y), kernels.Read, y.Elements())}
}

// epilogue is their code, behind an op that leaves each element as it is.
func (e ending) epilogue() epilogue {
	code := epilogue{floor: noFloor, adds: e.Add != nil}
	if e.Activation != nil {
		code.value, code.alpha = activations[e.Activation.Function].value, e.Activation.Alpha
	}
	return code
}

// withFloor leaves a ReLU to an op that raises each element to a floor.
func (e ending) withFloor() epilogue {
	code := e.epilogue()
	if e.Add == nil && e.Activation != nil && e.Activation.Function == kernels.ReLU {
		code.floor, code.value = 0, nil
	}
	return code
}
