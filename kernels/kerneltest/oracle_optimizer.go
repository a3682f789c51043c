package kerneltest

import (
	"math"

	"cnn-gpu/kernels"
)

func adagrad(op kernels.Adagrad, in [][]float64) (w, v []Value) {
	if in[4][0] != 0 {
		return exacts(in[0]), exacts(in[1])
	}
	rate, initial, epsilon := exact(in[3][0]), rounded(op.Initial, 0), rounded(op.Epsilon, 0)
	for i, g := range in[2] {
		g := exact(g)
		square := exact(in[1][i]).add(g.mul(g))
		v = append(v, square)
		w = append(w, exact(in[0][i]).sub(rate.mul(g).div(initial.add(square).add(epsilon).sqrt())))
	}
	return w, v
}

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

// clipNorm assumes that the norm is computed in float64.
func clipNorm(op kernels.ClipNorm, in []float64) (x []Value) {
	squares := 0.0
	for _, v := range in {
		squares += v * v
	}
	norm := math.Sqrt(squares)
	if norm <= op.Norm {
		return exacts(in)
	}
	scale := op.Norm / norm
	for _, v := range in {
		x = append(x, rounded(scale, scale*float64(len(in))*0x1p-53).mul(exact(v)))
	}
	return x
}

// maxNorm assumes that the norms are computed in float64.
func maxNorm(op kernels.MaxNorm, in [][]float64) []Value {
	w := exacts(in[0])
	if in[1][0] != 0 {
		return w
	}
	for k := range op.K {
		var column []float64
		for d := range op.D {
			column = append(column, in[0][d*op.K+k])
		}
		for d, v := range clipNorm(kernels.ClipNorm{Norm: op.Most}, column) {
			w[d*op.K+k] = v
		}
	}
	return w
}

func clipValue(op kernels.ClipValue, in []float64) (x []Value) {
	most := float64(float32(op.Most))
	for _, v := range in {
		x = append(x, exact(min(max(v, -most), most)))
	}
	return x
}

// lamb assumes that norms and what makes up for the moments' beginning are computed in float64.
func lamb(op kernels.Lamb, in [][]float64) (w, m, v []Value) {
	if in[6][0] != 0 {
		return exacts(in[0]), exacts(in[1]), exacts(in[2])
	}
	t := in[5][0]
	scale1, scale2 := rounded(1/(1-math.Pow(op.Beta1, t)), 0), rounded(1/(1-math.Pow(op.Beta2, t)), 0)
	new1, new2, epsilon := rounded(1-op.Beta1, 0), rounded(1-op.Beta2, 0), rounded(op.Epsilon, 0)
	var directions []Value
	var weights, squares, bounds float64
	for i, g := range in[3] {
		g, m0, v0 := exact(g), exact(in[1][i]), exact(in[2][i])
		m1 := m0.add(new1.mul(g.sub(m0)))
		v1 := v0.add(new2.mul(g.mul(g).sub(v0)))
		m, v = append(m, m1), append(v, v1)
		r := exact(0)
		if g.Want != 0 || m0.Want != 0 {
			r = m1.mul(scale1).div(v1.mul(scale2).sqrt().add(epsilon))
		}
		directions = append(directions, r)
		weights += in[0][i] * in[0][i]
		squares += r.Want * r.Want
		bounds += r.Bound * r.Bound
	}
	rate := exact(in[4][0])
	if weights > 0 && squares > 0 {
		// The norm of a sum is at most the sum of the norms.
		norm := Value{math.Sqrt(squares), math.Sqrt(bounds)}
		rate = rate.mul(exact(math.Sqrt(weights)).div(norm))
	}
	for i, r := range directions {
		w = append(w, exact(in[0][i]).sub(rate.mul(r)))
	}
	return w, m, v
}

// lion may take any sign where rounding decides about it.
func lion(op kernels.Lion, in [][]float64) (w, m []Value) {
	if in[4][0] != 0 {
		return exacts(in[0]), exacts(in[1])
	}
	beta1, beta2, new1, new2 := rounded(op.Beta1, 0), rounded(op.Beta2, 0), rounded(1-op.Beta1, 0), rounded(1-op.Beta2, 0)
	rate := in[3][0]
	for i, g := range in[2] {
		m0, g := exact(in[1][i]), exact(g)
		m = append(m, beta2.mul(m0).add(new2.mul(g)))
		direction := beta1.mul(m0).add(new1.mul(g))
		step := exact(0)
		switch {
		case m0.Want == 0 && g.Want == 0:
		case math.Abs(direction.Want) <= direction.Bound:
			step.Bound = rate
		default:
			step.Want = math.Copysign(rate, direction.Want)
		}
		w = append(w, exact(in[0][i]).sub(step))
	}
	return w, m
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

func weightDecay(op kernels.WeightDecay, in [][]float64) (w []Value) {
	if in[2][0] != 0 {
		return exacts(in[0])
	}
	part := exact(in[1][0]).mul(rounded(op.Decay, 0))
	for _, v := range in[0] {
		w = append(w, exact(v).sub(part.mul(exact(v))))
	}
	return w
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

func weightAverage(op kernels.WeightAverage, in [][]float64) (w, average []Value) {
	w, average = exacts(in[0]), exacts(in[1])
	if in[3][0] != 0 {
		return w, average
	}
	step, old, fresh := int(in[2][0]), rounded(op.Momentum, 0), rounded(1-op.Momentum, 0)
	for i := range w {
		if average[i] = w[i]; step > 1 {
			average[i] = old.mul(exact(in[1][i])).add(fresh.mul(w[i]))
		}
		if op.Overwrite > 0 && step%op.Overwrite == 0 {
			w[i] = average[i]
		}
	}
	return w, average
}
