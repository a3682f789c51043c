package model

import "cnn-gpu/kernels"

// GlobalAveragePooling2D takes the mean of each feature map: [H W C] becomes [C], or [1 1 C] with KeepDims (Lin, Chen and Yan, "Network in
// network", ICLR 2014, section 3.2).
type GlobalAveragePooling2D struct {
	KeepDims bool `yaml:"keepdims,omitempty" default:"false"` // whether the output is an image of 1x1
}

// GlobalMaxPooling2D keeps the largest value of each feature map: [H W C] becomes [C], or [1 1 C] with KeepDims.
type GlobalMaxPooling2D GlobalAveragePooling2D

// GlobalMinPooling2D keeps the smallest value of each feature map: [H W C] becomes [C], or [1 1 C] with KeepDims.
type GlobalMinPooling2D GlobalAveragePooling2D

// Kind implements [Spec].
func (GlobalAveragePooling2D) Kind() string { return "GlobalAveragePooling2D" }

// Kind implements [Spec].
func (GlobalMaxPooling2D) Kind() string { return "GlobalMaxPooling2D" }

// Kind implements [Spec].
func (GlobalMinPooling2D) Kind() string { return "GlobalMinPooling2D" }

// Build implements [Spec].
func (s GlobalAveragePooling2D) Build(in []Shape) (Layer, error) {
	return s.build(kernels.AveragePool, in)
}

// Build implements [Spec].
func (s GlobalMaxPooling2D) Build(in []Shape) (Layer, error) {
	return GlobalAveragePooling2D(s).build(kernels.MaxPool, in)
}

// Build implements [Spec].
func (s GlobalMinPooling2D) Build(in []Shape) (Layer, error) {
	return GlobalAveragePooling2D(s).build(kernels.MinPool, in)
}

func (s GlobalAveragePooling2D) build(kind kernels.PoolKind, in []Shape) (Layer, error) {
	x, err := onlyImage(in)
	if err != nil {
		return nil, err
	}
	w, err := window(x, Pair{x[0], x[1]}, Pair{}, Pair{}, Valid, x[2])
	if err != nil {
		return nil, err
	}
	return globalPooling2D{pooling2D{kernels.Pool2D{Kind: kind, C: x[2], Window: w}}, s.KeepDims}, nil
}

// globalPooling2D is a pool of one window, which is all of the image.
type globalPooling2D struct {
	pooling2D
	keepDims bool
}

func (l globalPooling2D) Out() Shape {
	if l.keepDims {
		return l.pooling2D.Out()
	}
	return Shape{l.geometry.C}
}
