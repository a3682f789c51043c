package model

import "cnn-gpu/kernels"

// Average takes the mean of its inputs, which have the same shape.
type Average struct{}

// Kind implements [Spec].
func (Average) Kind() string { return "Average" }

// Build implements [Spec].
func (Average) Build(in []Shape) (Layer, error) {
	x, err := alike(in)
	return average{add{x}}, err
}

// average is a sum that is scaled.
type average struct{ add }

func (l average) Forward(b *Binding) []kernels.Op {
	return append(l.add.Forward(b), kernels.Rescale{Scale: 1 / float32(len(b.X)), X: b.Y, Y: b.Y})
}

// Backward computes the one gradient that all inputs have.
func (l average) Backward(b *Binding) (ops []kernels.Op) {
	for _, dx := range b.DX {
		if dx != nil && ops == nil {
			ops = []kernels.Op{kernels.Rescale{Scale: 1 / float32(len(b.X)), X: b.DY, Y: dx}}
			b.DY = dx
		}
	}
	return append(ops, l.add.Backward(b)...)
}
