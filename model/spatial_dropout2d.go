package model

import "cnn-gpu/kernels"

// SpatialDropout2D sets whole feature maps of its input, drawn at random, to zero in training and scales the others by 1/(1−Rate) (Tompson et
// al., "Efficient object localization using convolutional networks", CVPR 2015, section 3.2); otherwise it passes its input on. Which maps
// follows from the seed, the layer and the step alone.
type SpatialDropout2D Dropout

// Kind implements [Spec].
func (SpatialDropout2D) Kind() string { return "SpatialDropout2D" }

// Build implements [Spec].
func (s SpatialDropout2D) Build(in []Shape) (Layer, error) {
	x, err := onlyImage(in)
	if err != nil {
		return nil, err
	}
	if err := Dropout(s).check(); err != nil {
		return nil, err
	}
	return spatialDropout2D{dropout{linear{x}, s.Rate}}, nil
}

type spatialDropout2D struct{ dropout }

// mask is a factor for each feature map, 0 for those that are dropped.
func (l spatialDropout2D) mask(b *Binding) *kernels.Buffer {
	return b.Save("mask", kernels.Float32, b.Batch, l.shape[2])
}

func (l spatialDropout2D) Forward(b *Binding) []kernels.Op {
	if !b.Training || l.rate == 0 {
		return l.linear.Forward(b)
	}
	ones := b.Save("ones", kernels.Float32, b.Batch, l.shape[2])
	ops := []kernels.Op{kernels.Zero{Y: ones}, kernels.Rescale{Scale: 1, Offset: 1, X: ones, Y: ones}}
	return append(append(ops, l.op(b, ones, l.mask(b))...), l.multiply(b, b.X[0], b.Y))
}

func (l spatialDropout2D) Backward(b *Binding) []kernels.Op {
	if !b.Training || l.rate == 0 || b.DX[0] == nil {
		return l.linear.Backward(b)
	}
	return []kernels.Op{l.multiply(b, b.DY, b.DX[0])}
}

func (l spatialDropout2D) multiply(b *Binding, x, y *kernels.Buffer) kernels.Op {
	g := kernels.Binary{Function: kernels.Multiply, N: b.Batch, M: l.shape[0] * l.shape[1], K: l.shape[2]}
	return kernels.BinaryFprop{Binary: g, A: x, B: l.mask(b), Y: y}
}
