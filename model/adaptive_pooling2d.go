package model

import (
	"fmt"

	"cnn-gpu/kernels"
)

// AdaptiveAveragePooling2D makes an image of OutputSize of one of any size: each output is the mean of a window, from row ⌊p·H/P⌋ to below
// ⌈(p+1)·H/P⌉ and the columns likewise, as PyTorch's AdaptiveAvgPool2d has it. See [kernels.AdaptivePool2D].
type AdaptiveAveragePooling2D struct {
	OutputSize Pair `yaml:"output_size"` // the size of the output
}

// AdaptiveMaxPooling2D makes an image of OutputSize of one of any size: each output is the largest value of a window, from row ⌊p·H/P⌋ to below
// ⌈(p+1)·H/P⌉ and the columns likewise, as PyTorch's AdaptiveMaxPool2d has it. See [kernels.AdaptivePool2D].
type AdaptiveMaxPooling2D AdaptiveAveragePooling2D

// Kind implements [Spec].
func (AdaptiveAveragePooling2D) Kind() string { return "AdaptiveAveragePooling2D" }

// Kind implements [Spec].
func (AdaptiveMaxPooling2D) Kind() string { return "AdaptiveMaxPooling2D" }

// Build implements [Spec].
func (s AdaptiveAveragePooling2D) Build(in []Shape) (Layer, error) {
	return s.build(kernels.AveragePool, in)
}

// Build implements [Spec].
func (s AdaptiveMaxPooling2D) Build(in []Shape) (Layer, error) {
	return AdaptiveAveragePooling2D(s).build(kernels.MaxPool, in)
}

func (s AdaptiveAveragePooling2D) build(kind kernels.PoolKind, in []Shape) (Layer, error) {
	x, err := onlyImage(in)
	if err != nil {
		return nil, err
	}
	p, q := s.OutputSize[0], s.OutputSize[1]
	if p < 1 || q < 1 || max(p, q) > maxElements {
		return nil, fmt.Errorf("output_size %v; give a height and a width from 1 to %d", s.OutputSize, maxElements)
	}
	if x[0]%p+x[1]%q == 0 { // windows of one size, side by side
		size := Pair{x[0] / p, x[1] / q}
		w, err := window(x, size, size, Pair{}, Valid, x[2])
		return pooling2D{kernels.Pool2D{Kind: kind, C: x[2], Window: w}}, err
	}
	return adaptivePooling2D{kernels.AdaptivePool2D{Kind: kind, H: x[0], W: x[1], C: x[2], P: p, Q: q}}, nil
}

type adaptivePooling2D struct{ geometry kernels.AdaptivePool2D }

func (l adaptivePooling2D) Out() Shape { return Shape{l.geometry.P, l.geometry.Q, l.geometry.C} }

func (l adaptivePooling2D) Params() []*Param { return nil }

func (l adaptivePooling2D) Forward(b *Binding) []kernels.Op {
	l.geometry.N = b.Batch
	return []kernels.Op{kernels.AdaptivePool2DFprop{AdaptivePool2D: l.geometry, X: b.X[0], Y: b.Y, Index: poolIndex(b, l.geometry.Kind)}}
}

func (l adaptivePooling2D) Backward(b *Binding) []kernels.Op {
	if b.DX[0] == nil {
		return nil
	}
	l.geometry.N = b.Batch
	return []kernels.Op{kernels.AdaptivePool2DDgrad{AdaptivePool2D: l.geometry, DY: b.DY, Index: poolIndex(b, l.geometry.Kind), DX: b.DX[0]}}
}
