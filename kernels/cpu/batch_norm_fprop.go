package cpu

import "cnn-gpu/kernels"

type batchNormFpropCode struct{ kernels.BatchNormFprop }

func (op batchNormFpropCode) prepare(int) Routine { return op.prepareWith(epilogue{}) }

// prepareWith returns code that ends with an epilogue.
func (op batchNormFpropCode) prepareWith(end epilogue) Routine {
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
	rows := func(x, mean, scales, shifts []float32, y outputs) {
		normalize(y.y, x, mean, scales, shifts, len(x)/op.C, op.C)
		end.finish(y, 1, len(x), len(x))
	}
	return Routine{
		Scratch: size,
		Run: func(mem []kernels.Mem, w *Workers) {
			scales, shifts := factors(mem, w.Scratch())
			task := max(1, grain/op.C) * op.C
			w.Run(kernels.CeilDiv(op.Elements(), task), func(_, i int) {
				lo, hi := i*task, min((i+1)*task, op.Elements())
				rows(mem[0].F32[lo:hi], mem[1].F32, scales, shifts, end.outputs(mem, 5).from(lo))
			})
		},
		Chunk: &chunkCode{
			chunking: op.chunking(), Batched: end.batched(5), Scratch: size,
			Run: func(_ int, mem []kernels.Mem, _ int, scratch, _ []float32) {
				scales, shifts := factors(mem, scratch)
				rows(mem[0].F32, mem[1].F32, scales, shifts, end.outputs(mem, 5))
			},
		},
	}
}

func (op batchNormFpropCode) chunking() chunking {
	return chunking{Batch: op.N, Images: 1, Weights: 4 * op.C}
}
