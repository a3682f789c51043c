package model

import (
	"fmt"
	"math"

	"cnn-gpu/kernels"
)

// GaussianNoise adds normal random numbers with mean 0 to its input in training; otherwise it passes its input on. The numbers follow from the
// seed, the layer and the step alone; see [kernels.GaussianNoise] for the formula.
type GaussianNoise struct {
	Deviation float64 `yaml:"stddev"` // their standard deviation, at least 0
}

// Kind implements [Spec].
func (GaussianNoise) Kind() string { return "GaussianNoise" }

// Build implements [Spec].
func (s GaussianNoise) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	if !(s.Deviation >= 0 && s.Deviation <= math.MaxFloat32/1e3) {
		return nil, fmt.Errorf("stddev %v; give a number from 0 on that float32 holds", s.Deviation)
	}
	return gaussianNoise{linear{x}, float32(s.Deviation)}, nil
}

type gaussianNoise struct {
	linear
	deviation float32
}

func (l gaussianNoise) Forward(b *Binding) []kernels.Op {
	if !b.Training || l.deviation == 0 {
		return l.linear.Forward(b)
	}
	return []kernels.Op{kernels.GaussianNoise{Deviation: l.deviation, Seed: b.Seed, Stream: b.Stream, X: b.X[0], Step: b.Step, Y: b.Y}}
}
