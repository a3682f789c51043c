package model

import "cnn-gpu/kernels"

// Flatten makes one vector of each example. It moves no data.
type Flatten struct{}

// Kind implements [Spec].
func (Flatten) Kind() string { return "Flatten" }

// Build implements [Spec].
func (Flatten) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	return flatten{x}, err
}

type flatten struct{ in Shape }

func (l flatten) Out() Shape { return Shape{l.in.Elements()} }

func (l flatten) Params() []*Param { return nil }

func (l flatten) Forward(b *Binding) []kernels.Op {
	b.Y = b.X[0].View(b.Y.Name, 0, b.Y.Shape...)
	return nil
}

func (l flatten) Backward(b *Binding) []kernels.Op {
	if b.DX[0] != nil {
		b.DX[0] = b.DY.View(b.DX[0].Name, 0, b.DX[0].Shape...)
	}
	return nil
}
