package model

import (
	"cmp"
	"fmt"
	"slices"

	"cnn-gpu/kernels"
)

// Concatenate joins its inputs along an axis, such as the feature maps of a dense block (Huang et al., "Densely connected convolutional
// networks", CVPR 2017, section 3). Their other extents are equal.
type Concatenate struct {
	Axis Axis `yaml:"axis,omitempty" default:"-1"` // the axis along which they are joined, the batch being axis 0
}

// Kind implements [Spec].
func (Concatenate) Kind() string { return "Concatenate" }

// Build implements [Spec].
func (s Concatenate) Build(in []Shape) (Layer, error) {
	if len(in) < 2 {
		return nil, fmt.Errorf("takes at least 2 inputs, got %d", len(in))
	}
	axis, err := cmp.Or(s.Axis, -1).of(in[0])
	if err != nil {
		return nil, err
	}
	l := concatenate{out: slices.Clone(in[0]), axis: axis}
	for _, x := range in[1:] {
		if len(x) != len(in[0]) || !slices.Equal(x[:axis], in[0][:axis]) || !slices.Equal(x[axis+1:], in[0][axis+1:]) {
			return nil, fmt.Errorf("takes inputs that differ in axis %d alone, got %v and %v", axis+1, in[0], x)
		}
		if l.out[axis] += x[axis]; l.out[axis] > maxElements {
			return nil, checkSize("the output", l.out)
		}
	}
	return l, nil
}

type concatenate struct {
	out  Shape
	axis int
}

func (l concatenate) Out() Shape { return l.out }

func (l concatenate) Params() []*Param { return nil }

// copies write the inputs side by side into rows of the output, of which there is one for each place along the axes before the one that
// they are joined along. The first also clears what the others write.
func (l concatenate) copies(b *Binding) []kernels.Copy {
	rows := b.Batch * l.out[:l.axis].Elements()
	of := func(x *kernels.Buffer) [4]int { return [4]int{1, 1, rows, x.Elements() / rows} }
	var ops []kernels.Copy
	at := 0
	for i, x := range b.X {
		ops = append(ops, kernels.Copy{
			XShape: of(x), YShape: of(b.Y), Axes: kernels.InOrder, Box: of(x), YAt: [4]int{0, 0, 0, at}, Keeps: i > 0, X: x, Y: b.Y,
		})
		at += of(x)[3]
	}
	return ops
}

func (l concatenate) Forward(b *Binding) (ops []kernels.Op) {
	for _, op := range l.copies(b) {
		ops = append(ops, op)
	}
	return ops
}

func (l concatenate) Backward(b *Binding) (ops []kernels.Op) {
	for i, op := range l.copies(b) {
		if b.DX[i] != nil {
			ops = append(ops, op.Back(b.DY, b.DX[i]))
		}
	}
	return ops
}
