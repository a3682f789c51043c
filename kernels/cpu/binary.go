package cpu

import "cnn-gpu/kernels"

// binaryLoops compute y = f(a, b), and the gradients by a and b from dy.
type binaryLoops struct {
	value                func(y, a, b []float32)
	gradientA, gradientB func(d, dy, a, b []float32)
}

var binaries = map[kernels.BinaryFunction]binaryLoops{
	kernels.Multiply: {
		multiply,
		func(da, dy, _, b []float32) { multiply(da, dy, b) },
		func(db, dy, a, _ []float32) { multiply(db, dy, a) },
	},
	kernels.Subtract: {
		func(y, a, b []float32) {
			for i, v := range a {
				y[i] = v - b[i]
			}
		},
		func(da, dy, _, _ []float32) { copy(da, dy) },
		func(db, dy, _, _ []float32) {
			for i, v := range dy {
				db[i] = -v
			}
		},
	},
	kernels.Maximum: choice(func(a, b float32) bool { return b > a || b != b }),
	kernels.Minimum: choice(func(a, b float32) bool { return b < a || b != b }),
	kernels.Plus: {
		add,
		func(da, dy, _, _ []float32) { copy(da, dy) },
		func(db, dy, _, _ []float32) { copy(db, dy) },
	},
}

func multiply(y, a, b []float32) {
	y, b = y[:len(a)], b[:len(a)]
	for i, v := range a {
		y[i] = v * b[i]
	}
}

// choice is a function that is one of its arguments; takesB says whether it is b.
func choice(takesB func(a, b float32) bool) binaryLoops {
	gradient := func(byB bool) func(d, dy, a, b []float32) {
		return func(d, dy, a, b []float32) {
			d, a, b = d[:len(dy)], a[:len(dy)], b[:len(dy)]
			for i, v := range dy {
				if takesB(a[i], b[i]) != byB {
					v = 0
				}
				d[i] = v
			}
		}
	}
	value := func(y, a, b []float32) {
		y, b = y[:len(a)], b[:len(a)]
		for i, v := range a {
			if takesB(v, b[i]) {
				v = b[i]
			}
			y[i] = v
		}
	}
	return binaryLoops{value, gradient(false), gradient(true)}
}

func runBinaryFprop(op kernels.BinaryFprop, mem []kernels.Mem, w *Workers) {
	value := binaries[op.Function].value
	eachRow(op.Binary, w, func(lo, hi, first, end int) {
		value(mem[2].F32[lo:hi], mem[0].F32[lo:hi], mem[1].F32[first:end])
	})
}

func runBinaryDgrad(op kernels.BinaryDgrad, mem []kernels.Mem, w *Workers) {
	loops := binaries[op.Function]
	eachRow(op.Binary, w, func(lo, hi, first, end int) {
		a, b, dy := mem[0].F32[lo:hi], mem[1].F32[first:end], mem[2].F32[lo:hi]
		if da := mem[3].F32; da != nil {
			loops.gradientA(da[lo:hi], dy, a, b)
		}
		if db := mem[4].F32; db != nil {
			loops.gradientB(db[lo:hi], dy, a, b)
		}
	})
}

// eachRow calls run for elements [lo, hi) of A that meet elements [first, end) of B: for each row, or where B is not repeated for parts of
// any length.
func eachRow(g kernels.Binary, w *Workers, run func(lo, hi, first, end int)) {
	if g.M == 1 {
		w.Range(g.Elements(), func(lo, hi int) { run(lo, hi, lo, hi) })
		return
	}
	parts := partsOf(g.N, w.Count(), g.M)
	w.Run(g.N*parts, func(_, task int) {
		n, part := task/parts, task%parts
		for m := g.M * part / parts; m < g.M*(part+1)/parts; m++ {
			at := (n*g.M + m) * g.K
			run(at, at+g.K, n*g.K, (n+1)*g.K)
		}
	})
}
