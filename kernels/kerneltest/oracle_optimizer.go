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

// rmsprop is rounded where float32 takes the root of what is left of v when a² is nearly all of it.
func rmsprop(op kernels.RMSprop, in [][]float64) (w, v, a, m []Value) {
	if in[6][0] != 0 {
		return exacts(in[0]), exacts(in[1]), exacts(in[2]), exacts(in[3])
	}
	rate, rho, momentum := exact(in[5][0]), rounded(op.Rho, 0), rounded(op.Momentum, 0)
	fresh, epsilon := rounded(1-op.Rho, 0), rounded(op.Epsilon, 0)
	for i, g := range in[4] {
		g := exact(g)
		spread := rho.mul(exact(in[1][i])).add(fresh.mul(g.mul(g)))
		v = append(v, spread)
		if op.Centered {
			mean := rho.mul(exact(in[2][i])).add(fresh.mul(g))
			a = append(a, mean)
			spread = spread.sub(mean.mul(mean))
			spread.Want = max(spread.Want, 0)
		}
		step := rate.mul(g).div(spread.add(epsilon).sqrt())
		if op.Momentum != 0 {
			step = momentum.mul(exact(in[3][i])).add(step)
			m = append(m, step)
		}
		w = append(w, exact(in[0][i]).sub(step))
	}
	return w, v, a, m
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

func movingAverage(op kernels.MovingAverage, in [][]float64) []Value {
	if in[2][0] != 0 {
		return exacts(in[1])
	}
	old, fresh := rounded(op.Momentum, 0), rounded(1-op.Momentum, 0)
	average := make([]Value, len(in[1]))
	for i, v := range in[1] {
		average[i] = old.mul(exact(v)).add(fresh.mul(exact(in[0][i])))
	}
	return average
}
