package model

import (
	"cmp"
	"fmt"
	"slices"

	"cnn-gpu/kernels"
)

// Multiply multiplies its inputs, element by element. Beside an image [H W C] an input may be [1 1 C] or [C], a factor for each channel, as in
// a block that squeezes and excites (Hu, Shen and Sun, "Squeeze-and-excitation networks", CVPR 2018, section 3).
type Multiply struct{}

// Subtract takes its second input from its first, which have the same shape.
type Subtract struct{}

// Maximum keeps the largest of its inputs' values at each place; the inputs have the same shape. The gradient goes to the one whose value it is,
// of equal ones to the first.
type Maximum struct{}

// Minimum keeps the smallest of its inputs' values at each place, otherwise as Maximum.
type Minimum struct{}

// Kind implements [Spec].
func (Multiply) Kind() string { return "Multiply" }

// Kind implements [Spec].
func (Subtract) Kind() string { return "Subtract" }

// Kind implements [Spec].
func (Maximum) Kind() string { return "Maximum" }

// Kind implements [Spec].
func (Minimum) Kind() string { return "Minimum" }

// Build implements [Spec].
func (Multiply) Build(in []Shape) (Layer, error) {
	if len(in) < 2 {
		return nil, fmt.Errorf("takes at least 2 inputs, got %d", len(in))
	}
	out := slices.MaxFunc(in, func(a, b Shape) int {
		return cmp.Or(cmp.Compare(a.Elements(), b.Elements()), cmp.Compare(len(a), len(b)))
	})
	l := merging{function: kernels.Multiply, out: out}
	for _, x := range in {
		last := len(x) - 1
		if !slices.Equal(x, out) && (x.Elements() != x[last] || x[last] != out[len(out)-1]) {
			return nil, fmt.Errorf("takes inputs of one shape, or beside %v also %v, got %v", out, Shape{1, 1, out[len(out)-1]}, x)
		}
	}
	if rows := out.Elements() / out[len(out)-1]; rows > 1 {
		var err error
		one := [2]int{1, 1}
		if l.rows, err = kernels.NewWindow([2]int{rows, 1}, [2]int{rows, 1}, one, one, kernels.Valid); err != nil {
			return nil, err
		}
	}
	return l, nil
}

// Build implements [Spec].
func (Subtract) Build(in []Shape) (Layer, error) {
	if len(in) != 2 {
		return nil, fmt.Errorf("takes 2 inputs, got %d", len(in))
	}
	return mergeAlike(kernels.Subtract, in)
}

// Build implements [Spec].
func (Maximum) Build(in []Shape) (Layer, error) { return mergeAlike(kernels.Maximum, in) }

// Build implements [Spec].
func (Minimum) Build(in []Shape) (Layer, error) { return mergeAlike(kernels.Minimum, in) }

func mergeAlike(f kernels.BinaryFunction, in []Shape) (Layer, error) {
	x, err := alike(in)
	return merging{function: f, out: x}, err
}

// alike is the shape that all inputs have, of which there are at least two.
func alike(in []Shape) (Shape, error) {
	if len(in) < 2 {
		return nil, fmt.Errorf("takes at least 2 inputs, got %d", len(in))
	}
	for _, x := range in[1:] {
		if !slices.Equal(x, in[0]) {
			return nil, fmt.Errorf("takes inputs of one shape, got %v and %v", in[0], x)
		}
	}
	return in[0], nil
}

// merging applies a function of two values to the first two inputs, then to the result and the third, and so on.
type merging struct {
	function kernels.BinaryFunction
	out      Shape
	rows     kernels.Window // all rows of an image, over which the gradient of what is repeated is summed
}

func (l merging) Out() Shape { return l.out }

func (l merging) Params() []*Param { return nil }

// mergeStep is one application of the function.
type mergeStep struct {
	kernels.BinaryFprop
	isSwapped bool // the new input is the larger one, A, and what came before is repeated
}

// steps lists the applications; what they hand on is kept for the gradients.
func (l merging) steps(b *Binding) (steps []mergeStep) {
	result := b.X[0]
	for i, x := range b.X[1:] {
		s := mergeStep{BinaryFprop: kernels.BinaryFprop{A: result, B: x}}
		if s.isSwapped = x.Elements() > result.Elements(); s.isSwapped {
			s.A, s.B = x, result
		}
		k := s.B.Elements() / b.Batch
		s.Binary = kernels.Binary{Function: l.function, N: b.Batch, M: s.A.Elements() / s.B.Elements(), K: k}
		if result = b.Y; i < len(b.X)-2 {
			result = b.Save(fmt.Sprint("first_", i+2), kernels.Float32, s.A.Shape...)
		}
		s.Y = result
		steps = append(steps, s)
	}
	return steps
}

func (l merging) Forward(b *Binding) (ops []kernels.Op) {
	for _, s := range l.steps(b) {
		ops = append(ops, s.BinaryFprop)
	}
	return ops
}

func (l merging) Backward(b *Binding) (ops []kernels.Op) {
	isWanted := func(dx *kernels.Buffer) bool { return dx != nil }
	dy, steps := b.DY, l.steps(b)
	for i, s := range slices.Backward(steps) {
		before, dx := b.DX[0], b.DX[i+1]
		if i > 0 && slices.ContainsFunc(b.DX[:i+1], isWanted) {
			of := steps[i-1].Y
			before = kernels.NewBuffer("d "+of.Name, kernels.Float32, of.Shape...)
		}
		if l.function == kernels.Subtract && before != nil {
			b.DX[0], before = dy, nil
		}
		da, db := before, dx
		if s.isSwapped {
			da, db = dx, before
		}
		ops = append(ops, l.gradients(s, dy, da, db)...)
		dy = before
	}
	return ops
}

// gradients are the ops that compute those of one step, as far as they are wanted.
func (l merging) gradients(s mergeStep, dy, da, db *kernels.Buffer) []kernels.Op {
	if da == nil && db == nil {
		return nil
	}
	op := kernels.BinaryDgrad{Binary: s.Binary, A: s.A, B: s.B, DY: dy, DA: da, DB: db}
	if s.M == 1 || db == nil {
		return []kernels.Op{op}
	}
	op.DB = kernels.NewBuffer(db.Name+" of each row", kernels.Float32, dy.Shape...)
	sum := kernels.Pool2D{Kind: kernels.SumPool, N: s.N, C: s.K, Window: l.rows}
	return []kernels.Op{op, kernels.Pool2DFprop{Pool2D: sum, X: op.DB, Y: db}}
}
