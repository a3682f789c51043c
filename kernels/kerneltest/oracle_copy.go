package kerneltest

import "cnn-gpu/kernels"

// copyBox takes each element of the box by itself; y is what was there, nil where it does not matter.
func copyBox(op kernels.Copy, x, y []Value) []Value {
	out := make([]Value, op.YShape[0]*op.YShape[1]*op.YShape[2]*op.YShape[3])
	if op.Keeps {
		copy(out, y)
	}
	for b := range op.Box[0] * op.Box[1] * op.Box[2] * op.Box[3] {
		place := [4]int{b / op.Box[3] / op.Box[2] / op.Box[1], b / op.Box[3] / op.Box[2] % op.Box[1], b / op.Box[3] % op.Box[2], b % op.Box[3]}
		from, to := op.XAt, op.YAt
		for a, i := range place {
			from[op.Axes[a]] += i
			to[a] += i
		}
		out[element(op.YShape, to)] = x[element(op.XShape, from)]
	}
	return out
}

// element is the number of the element at a place in a tensor.
func element(shape, at [4]int) (number int) {
	for a, extent := range shape {
		number = number*extent + at[a]
	}
	return number
}
