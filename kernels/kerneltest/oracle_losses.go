package kerneltest

import (
	"math"

	"cnn-gpu/kernels"
)

func oneHot(op kernels.OneHot, labels []float64) []Value {
	y := make([]Value, op.N*op.K)
	for n, label := range labels {
		if isExample(label, op.K) {
			y[n*op.K+int(label)] = exact(1)
		}
	}
	return y
}

// share is 1 divided by the number of rows that are examples.
func share(labels []float64, classes int) Value {
	examples := 0.0
	for _, label := range labels {
		if isExample(label, classes) {
			examples++
		}
	}
	return exact(1).div(exact(max(examples, 1)))
}

// surprises are −log of the softmax of a row. See [crossEntropyFprop].
func surprises(x []float64) (y, of []Value) {
	y, top, total := softmaxRow(x)
	for _, v := range x {
		of = append(of, total.log().add(exact(top).sub(exact(v))))
	}
	return y, of
}

// rest is 1 − e^−s.
func rest(s Value) Value {
	v := -math.Expm1(-s.Want)
	return function(v, v+math.Expm1(s.Bound-s.Want))
}

// overRest is s/(1 − e^−s), which is 1 at 0 and is nowhere steeper than 1.
func overRest(s Value) Value {
	ratio := 1.0
	if s.Want > 0 {
		ratio = s.Want / -math.Expm1(-s.Want)
	}
	return function(ratio, s.Bound+functionError*(ratio+s.Bound))
}

func categoricalFprop(g kernels.Categorical, x, targets, labels []float64) (y, loss []Value) {
	loss = make([]Value, g.N)
	for n := range g.N {
		row, of := surprises(x[n*g.K : (n+1)*g.K])
		y = append(y, row...)
		if !isExample(labels[n], g.K) {
			continue
		}
		var all sum
		for k, s := range of {
			all.addValue(exact(float64(g.Alpha)).mul(exact(targets[n*g.K+k])).mul(rest(s).pow(float64(g.Gamma))).mul(s))
		}
		loss[n] = all.result()
	}
	return y, loss
}

func categoricalDgrad(g kernels.Categorical, x, targets, labels []float64) []Value {
	dx := make([]Value, g.N*g.K)
	gamma := float64(g.Gamma)
	for n := range g.N {
		if !isExample(labels[n], g.K) {
			continue
		}
		y, of := surprises(x[n*g.K : (n+1)*g.K])
		gradients := make([]Value, g.K)
		var all sum
		for k, s := range of {
			p := Value{-s.Want, s.Bound}.exp()
			inner := exact(gamma).mul(p).mul(overRest(s)).add(exact(1))
			gradients[k] = exact(-float64(g.Alpha)).mul(exact(targets[n*g.K+k])).mul(rest(s).pow(gamma)).mul(inner)
			all.addValue(gradients[k])
		}
		for k := range y {
			dx[n*g.K+k] = gradients[k].sub(y[k].mul(all.result())).mul(share(labels, g.K))
		}
	}
	return dx
}

// elementLoss is a loss of x with target t, and its derivative by x.
func elementLoss(g kernels.ElementLoss, x, t float64) (value, gradient Value, err error) {
	off := exact(x).sub(exact(t))
	distance := Value{math.Abs(off.Want), off.Bound}
	switch g.Function {
	case kernels.SquaredError:
		return off.mul(off), exact(2).mul(off), nil
	case kernels.AbsoluteError:
		sign := 0.0
		if off.Want != 0 {
			sign = math.Copysign(1, off.Want)
		}
		return distance, exact(sign), nil
	case kernels.Huber:
		delta := float64(g.Delta)
		if distance.Want > delta {
			return exact(delta).mul(distance.sub(exact(delta / 2))), Value{math.Copysign(delta, off.Want), off.Bound}, nil
		}
		return distance.mul(distance).div(exact(2)), off, nil
	case kernels.BinaryCrossEntropy:
		value, gradient = binaryCrossEntropy(g, x, t)
		return value, gradient, nil
	}
	return value, gradient, unknown(g.Function)
}

func binaryCrossEntropy(g kernels.ElementLoss, x, t float64) (value, gradient Value) {
	target, other := exact(t), exact(1).sub(exact(t))
	e := exact(-math.Abs(x)).exp()
	plain := exact(max(x, 0)).sub(exact(x).mul(target)).add(function(math.Log1p(e.Want), e.Bound))
	p, q := exact(x).sigmoid(), exact(-x).sigmoid()
	miss := target.mul(q).add(other.mul(p))
	weight := exact(1)
	if alpha := float64(g.Alpha); alpha > 0 {
		weight = target.mul(exact(alpha)).add(other.mul(exact(1).sub(exact(alpha))))
	}
	weight = weight.mul(miss.pow(float64(g.Gamma)))
	ratio := p.mul(q).div(miss)
	if math.IsInf(ratio.Bound, 0) {
		ratio = Value{1, 1} // it is at most 1, and nothing is left of what it is multiplied with
	}
	steep := exact(float64(g.Gamma)).mul(exact(1).sub(exact(2 * t))).mul(ratio).mul(plain)
	return weight.mul(plain), weight.mul(steep.add(p.sub(target)))
}

func elementLossFprop(g kernels.ElementLoss, x, targets, labels []float64) ([]Value, error) {
	loss := make([]Value, g.N)
	for n := range g.N {
		if !isExample(labels[n], g.K) {
			continue
		}
		var all sum
		for i := n * g.K; i < (n+1)*g.K; i++ {
			value, _, err := elementLoss(g, x[i], targets[i])
			if err != nil {
				return nil, err
			}
			all.addValue(value.div(exact(float64(g.K))))
		}
		loss[n] = all.result()
	}
	return loss, nil
}

func elementLossDgrad(g kernels.ElementLoss, x, targets, labels []float64) ([]Value, error) {
	dx := make([]Value, g.N*g.K)
	for i := range dx {
		if !isExample(labels[i/g.K], g.K) {
			continue
		}
		_, gradient, err := elementLoss(g, x[i], targets[i])
		if err != nil {
			return nil, err
		}
		dx[i] = gradient.mul(share(labels, g.K).div(exact(float64(g.K))))
	}
	return dx, nil
}
