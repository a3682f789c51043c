package cpu

import "cnn-gpu/kernels"

func runAdd(op kernels.Add, mem []kernels.Mem, w *Workers) {
	w.Range(len(mem[2].F32), func(lo, hi int) {
		add(mem[2].F32[lo:hi], mem[0].F32[lo:hi], mem[1].F32[lo:hi])
	})
}
