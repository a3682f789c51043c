package model

import (
	"fmt"
	"math"

	"cnn-gpu/kernels"
)

// Rescaling multiplies its input by Scale and adds Offset, such as 2 and -1 for pixels from 0 to 1, as data sets
// have them here, that are to lie from -1 to 1.
type Rescaling struct {
	Scale  float64 `yaml:"scale"`                        // the factor, not 0
	Offset float64 `yaml:"offset,omitempty" default:"0"` // what is added
}

// Kind implements [Spec].
func (Rescaling) Kind() string { return "Rescaling" }

// Build implements [Spec].
func (s Rescaling) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	scale, offset := float32(s.Scale), float32(s.Offset)
	for _, v := range []float32{scale, offset} {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) || scale == 0 {
			return nil, fmt.Errorf("scale %v and offset %v; give numbers that float32 holds, and a scale that is not 0", s.Scale, s.Offset)
		}
	}
	return rescaling{x, scale, offset}, nil
}

type rescaling struct {
	shape         Shape
	scale, offset float32
}

func (l rescaling) Out() Shape { return l.shape }

func (l rescaling) Params() []*Param { return nil }

func (l rescaling) Forward(b *Binding) []kernels.Op {
	return []kernels.Op{kernels.Rescale{Scale: l.scale, Offset: l.offset, X: b.X[0], Y: b.Y}}
}

func (l rescaling) Backward(b *Binding) []kernels.Op {
	if b.DX[0] == nil {
		return nil
	}
	return []kernels.Op{kernels.Rescale{Scale: l.scale, X: b.DY, Y: b.DX[0]}}
}
