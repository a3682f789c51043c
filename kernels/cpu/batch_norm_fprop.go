package cpu

import "cnn-gpu/kernels"

type batchNormFpropCode struct{ kernels.BatchNormFprop }

func (op batchNormFpropCode) prepare(int) Routine {
	// Without a beta, zeros stand for it.
	size := 2 * op.C
	factors := func(mem []kernels.Mem, scratch []float32) (scales, shifts []float32) {
		scales, shifts = scratch[:op.C], mem[4].F32
		batchNormScales(scales, mem[2].F32, mem[3].F32, op.Epsilon)
		if shifts == nil {
			shifts = scratch[op.C:size]
			clear(shifts)
		}
		return scales, shifts
	}
	rows := func(x, mean, scales, shifts, y []float32) { normalize(y, x, mean, scales, shifts, len(y)/op.C, op.C) }
	return Routine{
		Scratch: size,
		Run: func(mem []kernels.Mem, w *Workers) {
			scales, shifts := factors(mem, w.Scratch())
			task := max(1, grain/op.C) * op.C
			w.Run(kernels.CeilDiv(op.Elements(), task), func(_, i int) {
				lo, hi := i*task, min((i+1)*task, op.Elements())
				rows(mem[0].F32[lo:hi], mem[1].F32, scales, shifts, mem[5].F32[lo:hi])
			})
		},
		Chunk: &chunkCode{
			chunking: op.chunking(), Batched: []int{0, 5}, Scratch: size,
			Run: func(_ int, mem []kernels.Mem, _ int, scratch, _ []float32) {
				scales, shifts := factors(mem, scratch)
				rows(mem[0].F32, mem[1].F32, scales, shifts, mem[5].F32)
			},
		},
	}
}

func (op batchNormFpropCode) chunking() chunking {
	return chunking{Batch: op.N, Images: 1, Weights: 4 * op.C}
}
