package kerneltest

import "cnn-gpu/kernels"

// gatherBatch takes each value by itself.
func gatherBatch(op kernels.GatherBatch, in [][]float64) (x, y []Value) {
	pixels, labels, order, at, table := in[0], in[1], in[2], in[3], in[4]
	x, y = make([]Value, op.N*op.Image()), make([]Value, op.N)
	for n := range op.N {
		row, i := (int(at[0])-1)*op.N+n, -1
		if at[0] <= at[1] {
			i = int(order[row])
		}
		y[n] = exact(-1)
		if i < 0 {
			continue
		}
		y[n] = exact(labels[i])
		for p := range op.H * op.W {
			h, w, isInside := p/op.W, p%op.W, true
			if op.Places != nil {
				place := in[5][row*kernels.PlaceSize:][:kernels.PlaceSize]
				isInside = h >= int(place[4]) && h < int(place[5]) && w >= int(place[6]) && w < int(place[7])
				h, w = int(place[0])+int(place[1])*h, int(place[2])+int(place[3])*w
			}
			for c := range op.C {
				to := &x[(n*op.H*op.W+p)*op.C+c]
				if !isInside {
					*to = exact(in[6][c])
					continue
				}
				*to = exact(table[c*kernels.BytesOfTable+int(pixels[((i*op.H+h)*op.W+w)*op.C+c])])
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
