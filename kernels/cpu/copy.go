package cpu

import "cnn-gpu/kernels"

func runCopy(op kernels.Copy, mem []kernels.Mem, w *Workers) {
	op = withLongRows(op)
	rows := op.YShape[0] * op.YShape[1] * op.YShape[2]
	parts := max(1, min(w.Count(), rows*op.YShape[3]/grain))
	w.Run(parts, func(_, part int) { copyRows(op, mem[0].F32, mem[1].F32, rows*part/parts, rows*(part+1)/parts) })
}

// withLongRows is the same copy with as few and long rows as can be: where all of the last axis is copied, rows that are neighbours follow on
// each other in both tensors.
func withLongRows(op kernels.Copy) kernels.Copy {
	for range 3 {
		last := op.Box[3]
		if op.Axes != kernels.InOrder || last != op.XShape[3] || last != op.YShape[3] {
			break
		}
		for _, extents := range []*[4]int{&op.XShape, &op.YShape, &op.Box} {
			*extents = [4]int{1, extents[0], extents[1], extents[2] * last}
		}
		for _, at := range []*[4]int{&op.XAt, &op.YAt} {
			*at = [4]int{0, at[0], at[1], at[2] * last}
		}
	}
	return op
}

// copyRows makes rows lo to hi of Y.
func copyRows(op kernels.Copy, x, y []float32, lo, hi int) {
	strides, start := op.XStrides()
	columns, from, to := op.YShape[3], op.YAt[3], op.YAt[3]+op.Box[3]
	// The place of the row in the box.
	i := [3]int{lo/op.YShape[2]/op.YShape[1] - op.YAt[0], lo/op.YShape[2]%op.YShape[1] - op.YAt[1], lo%op.YShape[2] - op.YAt[2]}
	for row := lo; row < hi; row++ {
		y := y[row*columns : (row+1)*columns]
		isInside := i[0] >= 0 && i[0] < op.Box[0] && i[1] >= 0 && i[1] < op.Box[1] && i[2] >= 0 && i[2] < op.Box[2]
		switch {
		case isInside:
			if !op.Keeps {
				clear(y[:from])
				clear(y[to:])
			}
			copyStrided(y[from:to], x[start+i[0]*strides[0]+i[1]*strides[1]+i[2]*strides[2]:], strides[3])
		case !op.Keeps:
			clear(y)
		}
		for a := 2; a >= 0; a-- {
			if i[a]++; i[a] < op.YShape[a]-op.YAt[a] {
				break
			}
			i[a] = -op.YAt[a]
		}
	}
}

// copyStrided copies every value of x that lies a multiple of stride behind the first.
func copyStrided(y, x []float32, stride int) {
	if stride == 1 {
		copy(y, x)
		return
	}
	for i := range y {
		y[i] = x[i*stride]
	}
}
