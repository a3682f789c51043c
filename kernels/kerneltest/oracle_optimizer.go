package kerneltest

import (
	"math"

	"cnn-gpu/kernels"
)

// adam assumes that the step's rate is computed in float64 and rounded once: in float32, 1 − Beta2^t would lose half its digits.
func adam(op kernels.Adam, in [][]float64) (w, m, v []Value) {
	if in[6][0] != 0 {
		return exacts(in[0]), exacts(in[1]), exacts(in[2])
	}
	t := in[5][0]
	rate := rounded(in[4][0]*math.Sqrt(1-math.Pow(op.Beta2, t))/(1-math.Pow(op.Beta1, t)), 0)
	new1, new2, epsilon := rounded(1-op.Beta1, 0), rounded(1-op.Beta2, 0), rounded(op.Epsilon, 0)
	for i, g := range in[3] {
		g, m0, v0 := exact(g), exact(in[1][i]), exact(in[2][i])
		m1 := m0.add(new1.mul(g.sub(m0)))
		v1 := v0.add(new2.mul(g.mul(g).sub(v0)))
		w = append(w, exact(in[0][i]).sub(rate.mul(m1).div(v1.sqrt().add(epsilon))))
		m, v = append(m, m1), append(v, v1)
	}
	return w, m, v
}

func sgd(op kernels.SGD, in [][]float64) (w, v []Value) {
	if in[4][0] != 0 {
		return exacts(in[0]), exacts(in[1])
	}
	rate, momentum := exact(in[3][0]), rounded(op.Momentum, 0)
	for i, g := range in[2] {
		w0, step := exact(in[0][i]), rate.mul(exact(g))
		if in[1] == nil {
			w = append(w, w0.sub(step))
			continue
		}
		v1 := momentum.mul(exact(in[1][i])).sub(step)
		v = append(v, v1)
		if op.Nesterov {
			w = append(w, w0.add(momentum.mul(v1).sub(step)))
		} else {
			w = append(w, w0.add(v1))
		}
	}
	return w, v
}
