package model

import "cnn-gpu/kernels"

// Add sums its inputs, which have the same shape: the end of a residual block.
type Add struct{}

// Kind implements [Spec].
func (Add) Kind() string { return "Add" }

// Build implements [Spec].
func (Add) Build(in []Shape) (Layer, error) {
	x, err := alike(in)
	return add{x}, err
}

type add struct{ shape Shape }

func (l add) Out() Shape { return l.shape }

func (l add) Params() []*Param { return nil }

func (l add) Forward(b *Binding) []kernels.Op {
	var ops []kernels.Op
	sum := b.X[0]
	for _, x := range b.X[1:] {
		ops = append(ops, kernels.Add{A: sum, B: x, Y: b.Y})
		sum = b.Y
	}
	return ops
}

func (l add) Backward(b *Binding) []kernels.Op {
	for i, dx := range b.DX {
		if dx != nil {
			b.DX[i] = b.DY
		}
	}
	return nil
}
