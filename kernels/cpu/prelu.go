package cpu

import "cnn-gpu/kernels"

// runPReLU calls f for each element i and its column k.
func runPReLU(g kernels.PReLU, w *Workers, f func(i, k int)) {
	w.Range(g.M*g.K, func(lo, hi int) {
		k := lo % g.K
		for i := lo; i < hi; i++ {
			f(i, k)
			if k++; k == g.K {
				k = 0
			}
		}
	})
}

func runPReLUFprop(op kernels.PReLUFprop, mem []kernels.Mem, w *Workers) {
	x, a, y := mem[0].F32, mem[1].F32, mem[2].F32
	runPReLU(op.PReLU, w, func(i, k int) {
		v := x[i]
		if !(v > 0) {
			v *= a[k]
		}
		y[i] = v
	})
}

func runPReLUDgrad(op kernels.PReLUDgrad, mem []kernels.Mem, w *Workers) {
	x, a, dy, dx := mem[0].F32, mem[1].F32, mem[2].F32, mem[3].F32
	runPReLU(op.PReLU, w, func(i, k int) {
		v := dy[i]
		if !(x[i] > 0) {
			v *= a[k]
		}
		dx[i] = v
	})
}

func runPReLUTerms(op kernels.PReLUTerms, mem []kernels.Mem, w *Workers) {
	x, dy, t := mem[0].F32, mem[1].F32, mem[2].F32
	runPReLU(op.PReLU, w, func(i, _ int) {
		t[i] = 0
		if !(x[i] > 0) {
			t[i] = x[i] * dy[i]
		}
	})
}
