package model

import "cnn-gpu/kernels"

// copying is a layer that copies a box of its input into a box of its output, for each example alike. The geometry is that for one example.
type copying struct {
	out      Shape
	geometry kernels.Copy
}

// fourAxes is the shape of one example with the batch in front and extents of 1 behind that, as an op of kind Copy has it.
func fourAxes(x Shape) [4]int {
	four := [4]int{1, 1, 1, 1}
	copy(four[4-len(x):], x)
	return four
}

func (l copying) Out() Shape { return l.out }

func (l copying) Params() []*Param { return nil }

func (l copying) op(b *Binding) kernels.Copy {
	op := l.geometry
	op.XShape[0], op.YShape[0], op.Box[0] = b.Batch, b.Batch, b.Batch
	op.X, op.Y = b.X[0], b.Y
	return op
}

func (l copying) Forward(b *Binding) []kernels.Op { return []kernels.Op{l.op(b)} }

func (l copying) Backward(b *Binding) []kernels.Op {
	if b.DX[0] == nil {
		return nil
	}
	return []kernels.Op{l.op(b).Back(b.DY, b.DX[0])}
}
