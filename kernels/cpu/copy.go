package cpu

import "cnn-gpu/kernels"

func runCopy(op kernels.Copy, mem []kernels.Mem, w *Workers) {
	columns := op.YShape[3]
	rows := op.YShape[0] * op.YShape[1] * op.YShape[2]
	parts := max(1, min(w.Count(), rows*columns/grain))
	w.Run(parts, func(_, part int) {
		for row := rows * part / parts; row < rows*(part+1)/parts; row++ {
			copyRow(op, mem[0].F32, mem[1].F32[row*columns:(row+1)*columns], row)
		}
	})
}

// copyRow makes one row of Y.
func copyRow(op kernels.Copy, x, y []float32, row int) {
	strides, from := op.XStrides()
	lo, hi := op.YAt[3], op.YAt[3]+op.Box[3]
	for a, at := range [3]int{row / op.YShape[2] / op.YShape[1], row / op.YShape[2] % op.YShape[1], row % op.YShape[2]} {
		i := at - op.YAt[a]
		if i < 0 || i >= op.Box[a] {
			lo, hi = 0, 0
		}
		from += i * strides[a]
	}
	if !op.Keeps {
		clear(y[:lo])
		clear(y[hi:])
	}
	if lo == hi {
		return
	}
	if strides[3] == 1 {
		copy(y[lo:hi], x[from:])
		return
	}
	for i := range hi - lo {
		y[lo+i] = x[from+i*strides[3]]
	}
}
