package model

import "cnn-gpu/kernels"

// Flatten makes one vector of each example. It moves no data.
type Flatten struct{}

// Kind implements [Spec].
func (Flatten) Kind() string { return "Flatten" }

// Build implements [Spec].
func (Flatten) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	return view{Shape{x.Elements()}}, err
}

// view hands its input on in another shape.
type view struct{ out Shape }

func (l view) Out() Shape { return l.out }

func (l view) Params() []*Param { return nil }

func (l view) Forward(b *Binding) []kernels.Op {
	b.Y = b.X[0].View(b.Y.Name, 0, b.Y.Shape...)
	return nil
}

func (l view) Backward(b *Binding) []kernels.Op {
	if b.DX[0] != nil {
		b.DX[0] = b.DY.View(b.DX[0].Name, 0, b.DX[0].Shape...)
	}
	return nil
}
