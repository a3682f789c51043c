package model

import (
	"fmt"

	"cnn-gpu/kernels"
)

// Dropout sets each value to zero with probability Rate while training and scales the others by 1/(1−Rate); otherwise it
// passes its input on. The mask depends on the seed, the layer and the step alone.
type Dropout struct {
	Rate float64 `yaml:"rate"` // the share of the values that are set to zero, from 0 to below 1
}

// Kind implements [Spec].
func (Dropout) Kind() string { return "Dropout" }

// Build implements [Spec].
func (s Dropout) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	return dropout{linear{x}, s.Rate}, nil
}

func (s Dropout) check() error {
	if !(s.Rate >= 0 && s.Rate < 1) {
		return fmt.Errorf("rate %v; give at least 0 and less than 1", s.Rate)
	}
	return nil
}

type dropout struct {
	linear
	rate float64
}

func (l dropout) op(b *Binding, x, y *kernels.Buffer) []kernels.Op {
	return []kernels.Op{kernels.Dropout{Rate: l.rate, Seed: b.Seed, Stream: b.Stream, X: x, Step: b.Step, Y: y}}
}

func (l dropout) Forward(b *Binding) []kernels.Op {
	if !b.Training || l.rate == 0 {
		return l.linear.Forward(b)
	}
	return l.op(b, b.X[0], b.Y)
}

func (l dropout) Backward(b *Binding) []kernels.Op {
	if !b.Training || l.rate == 0 || b.DX[0] == nil {
		return l.linear.Backward(b)
	}
	return l.op(b, b.DY, b.DX[0])
}
