package cpu

import "cnn-gpu/kernels"

type batchNormFoldCode struct{ kernels.BatchNormFold }

func (op batchNormFoldCode) prepare(int) Routine {
	return Routine{
		Scratch: 2 * op.K,
		Run: func(mem []kernels.Mem, w *Workers) {
			foldBatchNorm(op.BatchNormFold, mem, w.Scratch()[:2*op.K], w)
		},
	}
}

// foldBatchNorm runs the op on its operands, with two values for each channel to work with.
func foldBatchNorm(op kernels.BatchNormFold, mem []kernels.Mem, scratch []float32, w *Workers) {
	weights, bias, mean, beta, foldedW, foldedB := mem[0].F32, mem[1].F32, mem[2].F32, mem[5].F32, mem[6].F32, mem[7].F32
	scales, zeros := split(scratch, op.K)
	clear(zeros)
	batchNormScales(scales, mem[3].F32, mem[4].F32, op.Epsilon)
	for k, s := range scales {
		b := -mean[k]
		if bias != nil {
			b = bias[k] - mean[k]
		}
		foldedB[k] = b * s
		if beta != nil {
			foldedB[k] += beta[k]
		}
	}
	task := max(1, grain/op.K)
	w.Run(kernels.CeilDiv(op.D, task), func(_, i int) {
		lo, hi := i*task, min((i+1)*task, op.D)
		normalize(foldedW[lo*op.K:], weights[lo*op.K:], zeros, scales, zeros, hi-lo, op.K)
	})
}
