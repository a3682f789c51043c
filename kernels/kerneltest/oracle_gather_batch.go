package kerneltest

import "cnn-gpu/kernels"

// gatherBatch takes each value by itself.
func gatherBatch(op kernels.GatherBatch, pixels, labels, order, at, table []float64) (x, y []Value) {
	x, y = make([]Value, op.N*op.P*op.C), make([]Value, op.N)
	for n := range op.N {
		i := -1
		if at[0] <= at[1] {
			i = int(order[(int(at[0])-1)*op.N+n])
		}
		y[n] = exact(-1)
		if i < 0 {
			continue
		}
		y[n] = exact(labels[i])
		for p := range op.P {
			for c := range op.C {
				x[(n*op.P+p)*op.C+c] = exact(table[c*kernels.BytesOfTable+int(pixels[(i*op.P+p)*op.C+c])])
			}
		}
	}
	return x, y
}

// tick counts, and takes the rate of the batch.
func tick(op kernels.Tick, in [][]float64, out [][]Value) {
	if op.Step != nil {
		out[0] = exacts([]float64{in[0][0] + 1})
	}
	if op.At != nil {
		out[1] = exacts([]float64{in[1][0] + 1, in[1][1]})
	}
	if op.Rates != nil {
		out[3] = exacts([]float64{in[2][int(min(in[1][0]+1, in[1][1]))-1]})
	}
}
