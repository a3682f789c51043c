package model

import (
	"cmp"
	"fmt"

	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
)

// UpSampling2D enlarges images by whole factors.
type UpSampling2D struct {
	Size          Pair          `yaml:"size,omitempty" default:"2"`                // the factors of height and width
	Interpolation Interpolation `yaml:"interpolation,omitempty" default:"nearest"` // where the values in between come from
}

// Interpolation says where the values of an enlarged image come from.
type Interpolation string

// The interpolations; the empty one is Nearest.
const (
	Nearest  Interpolation = "nearest"  // each pixel becomes a rectangle of its value
	Bilinear Interpolation = "bilinear" // values lie on lines between the pixels, whose values are those of their centres
)

var interpolations = wording.Table[Interpolation, func(x Shape, size Pair) Layer]{
	{Word: Nearest, Value: func(x Shape, size Pair) Layer {
		return nearest{kernels.Pool2D{Kind: kernels.SumPool, C: x[2], Window: kernels.Window{
			H: x[0] * size[0], W: x[1] * size[1], R: size[0], S: size[1], StrideH: size[0], StrideW: size[1], DilationH: 1, DilationW: 1, P: x[0], Q: x[1],
		}}}
	}},
	{Word: Bilinear, Value: func(x Shape, size Pair) Layer {
		return bilinear{kernels.Bilinear2D{H: x[0], W: x[1], C: x[2], FactorH: size[0], FactorW: size[1]}}
	}},
}

// Interpolations lists the interpolations.
func Interpolations() []Interpolation { return interpolations.Words() }

// maxFactor is the most by which an image is enlarged, so that what is counted in parts of a pixel fits into 32 bits.
const maxFactor = 1 << 20

// Kind implements [Spec].
func (UpSampling2D) Kind() string { return "UpSampling2D" }

// Build implements [Spec].
func (s UpSampling2D) Build(in []Shape) (Layer, error) {
	x, err := onlyImage(in)
	if err != nil {
		return nil, err
	}
	if s.Size == (Pair{}) {
		s.Size = Pair{2, 2}
	}
	size := orOne(s.Size)
	if min(size[0], size[1]) < 1 || max(size[0], size[1]) > maxFactor {
		return nil, fmt.Errorf("size %v; give factors from 1 to %d", s.Size, maxFactor)
	}
	if err := checkSize("the output", Shape{x[0] * size[0], x[1] * size[1], x[2]}); err != nil {
		return nil, err
	}
	layer, err := interpolations.Find("interpolation", cmp.Or(s.Interpolation, Nearest))
	if err != nil {
		return nil, err
	}
	return layer(x, size), nil
}

// nearest repeats values as the gradient of a sum does, and its own gradient is the sum.
type nearest struct{ sum kernels.Pool2D }

func (l nearest) Out() Shape { return Shape{l.sum.H, l.sum.W, l.sum.C} }

func (l nearest) Params() []*Param { return nil }

func (l nearest) Forward(b *Binding) []kernels.Op {
	l.sum.N = b.Batch
	return []kernels.Op{kernels.Pool2DDgrad{Pool2D: l.sum, DY: b.X[0], DX: b.Y}}
}

func (l nearest) Backward(b *Binding) []kernels.Op {
	if b.DX[0] == nil {
		return nil
	}
	l.sum.N = b.Batch
	return []kernels.Op{kernels.Pool2DFprop{Pool2D: l.sum, X: b.DY, Y: b.DX[0]}}
}

type bilinear struct{ geometry kernels.Bilinear2D }

func (l bilinear) Out() Shape {
	return Shape{l.geometry.H * l.geometry.FactorH, l.geometry.W * l.geometry.FactorW, l.geometry.C}
}

func (l bilinear) Params() []*Param { return nil }

func (l bilinear) Forward(b *Binding) []kernels.Op {
	l.geometry.N = b.Batch
	return []kernels.Op{kernels.Bilinear2DFprop{Bilinear2D: l.geometry, X: b.X[0], Y: b.Y}}
}

func (l bilinear) Backward(b *Binding) []kernels.Op {
	if b.DX[0] == nil {
		return nil
	}
	l.geometry.N = b.Batch
	return []kernels.Op{kernels.Bilinear2DDgrad{Bilinear2D: l.geometry, DY: b.DY, DX: b.DX[0]}}
}
