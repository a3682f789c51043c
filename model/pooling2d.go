package model

import "cnn-gpu/kernels"

// MaxPooling2D keeps the largest value of each window.
type MaxPooling2D struct {
	Size    Pair    `yaml:"pool_size,omitempty" default:"2"`       // the size of a window
	Strides Pair    `yaml:"strides,omitempty" default:"pool_size"` // the steps from window to window
	Padding Padding `yaml:"padding,omitempty" default:"valid"`     // what it does at the border
}

// MinPooling2D keeps the smallest value of each window.
type MinPooling2D MaxPooling2D

// AveragePooling2D takes the mean of each window; padding does not count.
type AveragePooling2D MaxPooling2D

// Kind implements [Spec].
func (MaxPooling2D) Kind() string { return "MaxPooling2D" }

// Kind implements [Spec].
func (MinPooling2D) Kind() string { return "MinPooling2D" }

// Kind implements [Spec].
func (AveragePooling2D) Kind() string { return "AveragePooling2D" }

// Build implements [Spec].
func (s MaxPooling2D) Build(in []Shape) (Layer, error) { return s.build(kernels.MaxPool, in) }

// Build implements [Spec].
func (s MinPooling2D) Build(in []Shape) (Layer, error) {
	return MaxPooling2D(s).build(kernels.MinPool, in)
}

// Build implements [Spec].
func (s AveragePooling2D) Build(in []Shape) (Layer, error) {
	return MaxPooling2D(s).build(kernels.AveragePool, in)
}

func (s MaxPooling2D) build(kind kernels.PoolKind, in []Shape) (Layer, error) {
	x, err := onlyImage(in)
	if err != nil {
		return nil, err
	}
	if s.Size == (Pair{}) {
		s.Size = Pair{2, 2}
	}
	if s.Strides == (Pair{}) {
		s.Strides = s.Size
	}
	w, err := window(x, s.Size, s.Strides, Pair{}, s.Padding, x[2])
	if err != nil {
		return nil, err
	}
	return pooling2D{kernels.Pool2D{Kind: kind, C: x[2], Window: w}}, nil
}

type pooling2D struct{ geometry kernels.Pool2D }

func (l pooling2D) Out() Shape { return Shape{l.geometry.P, l.geometry.Q, l.geometry.C} }

func (l pooling2D) Params() []*Param { return nil }

func (l pooling2D) Forward(b *Binding) []kernels.Op {
	l.geometry.N = b.Batch
	return []kernels.Op{kernels.Pool2DFprop{Pool2D: l.geometry, X: b.X[0], Y: b.Y, Index: poolIndex(b, l.geometry.Kind)}}
}

func (l pooling2D) Backward(b *Binding) []kernels.Op {
	if b.DX[0] == nil {
		return nil
	}
	l.geometry.N = b.Batch
	return []kernels.Op{kernels.Pool2DDgrad{Pool2D: l.geometry, DY: b.DY, Index: poolIndex(b, l.geometry.Kind), DX: b.DX[0]}}
}

// poolIndex is where each window's maximum or minimum was found, which only the gradient asks for.
func poolIndex(b *Binding, kind kernels.PoolKind) *kernels.Buffer {
	if !b.Differentiated || !kind.Picks() {
		return nil
	}
	return b.Save("index", kernels.Int32, b.Y.Shape...)
}
