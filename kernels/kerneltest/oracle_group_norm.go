package kerneltest

import "cnn-gpu/kernels"

// eachGroup visits the groups of the examples in their order: at are the elements of X [N P C] that belong to it.
func eachGroup(g kernels.GroupNorm, visit func(group int, at []int)) {
	for n := range g.N {
		for group := range g.G {
			var at []int
			for p := range g.P {
				for c := range g.C {
					if c/(g.C/g.G) == group {
						at = append(at, (n*g.P+p)*g.C+c)
					}
				}
			}
			visit(n*g.G+group, at)
		}
	}
}

func groupNormFprop(op kernels.GroupNormFprop, x, gamma, beta []Value) (mean, variance, y []Value) {
	y = make([]Value, len(x))
	eachGroup(op.GroupNorm, func(_ int, at []int) {
		var values []Value
		for _, i := range at {
			values = append(values, x[i])
		}
		m, v := moments(values)
		mean, variance = append(mean, m), append(variance, v)
		for _, i := range at {
			y[i] = x[i].sub(m).mul(batchNormScale(v, gamma, i%op.C, op.Epsilon))
			if beta != nil {
				y[i] = y[i].add(beta[i%op.C])
			}
		}
	})
	return mean, variance, y
}

func groupNormDgrad(op kernels.GroupNormDgrad, in [][]Value) []Value {
	x, mean, variance, gamma, dy := in[0], in[1], in[2], in[3], in[4]
	dx := make([]Value, len(x))
	eachGroup(op.GroupNorm, func(group int, at []int) {
		root, members := spread(variance[group], op.Epsilon), divisor(len(at))
		d := func(i int) Value {
			if gamma == nil {
				return dy[i]
			}
			return gamma[i%op.C].mul(dy[i])
		}
		var total, products sum
		for _, i := range at {
			total.addValue(d(i))
			products.addProduct(d(i), x[i].sub(mean[group]))
		}
		shift, slope := total.result().div(members), products.result().div(members).div(root).div(root)
		for _, i := range at {
			dx[i] = d(i).sub(shift).sub(x[i].sub(mean[group]).mul(slope)).mul(batchNormScale(variance[group], nil, 0, op.Epsilon))
		}
	})
	return dx
}

func groupNormWgrad(op kernels.GroupNormWgrad, in [][]Value) []Value {
	x, mean, variance, dy, dgamma := in[0], in[1], in[2], in[3], in[4]
	sums := sumsFrom(dgamma)
	eachGroup(op.GroupNorm, func(group int, at []int) {
		root := spread(variance[group], op.Epsilon)
		for _, i := range at {
			// Two factors may be divided by the third before or after they are summed.
			sums[i%op.C].addValue(dy[i].mul(x[i].sub(mean[group])).div(root))
		}
	})
	return results(sums)
}
