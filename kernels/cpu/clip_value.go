package cpu

import "cnn-gpu/kernels"

func runClipValue(op kernels.ClipValue, mem []kernels.Mem, w *Workers) {
	most := float32(op.Most)
	w.Range(len(mem[0].F32), func(lo, hi int) {
		x := mem[0].F32[lo:hi]
		for i, v := range x {
			x[i] = min(max(v, -most), most)
		}
	})
}
