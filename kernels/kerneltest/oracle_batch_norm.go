package kerneltest

import (
	"math"

	"cnn-gpu/kernels"
)

// eachPlace visits the places of images that are examples: at is where a place's channels begin in X [N P C]. It returns their number.
func eachPlace(g kernels.BatchNorm, e kernels.Examples, labels []Value, visit func(at int)) (places int) {
	for n := range g.N {
		if labels != nil && !isExample(labels[n].Want, e.Classes) {
			continue
		}
		for p := range g.P {
			visit((n*g.P + p) * g.C)
			places++
		}
	}
	return places
}

// divisor is a number of places in float32.
func divisor(places int) Value { return rounded(float64(max(places, 1)), 0) }

// moments are the mean and the variance of values. The bound of the variance is for a second pass over them, from the rounded mean: if that errs
// by δ, the squares add up to the variance and δ², since the deviations from the exact mean cancel. Errors e of the values, less their mean,
// change each of the deviations d, and so the sum by 2·d·e and e².
func moments(values []Value) (mean, variance Value) {
	var total, squares sum
	moved, m := 0.0, float64(len(values))
	for _, v := range values {
		total.addValue(v)
	}
	mean = total.result().div(divisor(len(values)))
	for _, v := range values {
		d := v.Want - mean.Want
		squares.add(d * d)
		e := v.Bound + total.bound/m
		moved += 2*math.Abs(d)*e + e*e
	}
	// A difference and its square, besides the roundings of the sum.
	ofMean := mean.Bound - total.bound/m
	size := squares.value + moved + m*ofMean*ofMean
	deviations := Value{squares.value, size - squares.value + gamma(len(values)+3)*size + m*tiny}
	return mean, deviations.div(divisor(len(values)))
}

func batchNormStats(op kernels.BatchNormStats, x, labels []Value) (mean, variance []Value) {
	columns := make([][]Value, op.C)
	places := eachPlace(op.BatchNorm, op.Examples, labels, func(at int) {
		for c := range columns {
			columns[c] = append(columns[c], x[at+c])
		}
	})
	if places == 0 {
		return make([]Value, op.C), make([]Value, op.C)
	}
	for _, values := range columns {
		m, v := moments(values)
		mean, variance = append(mean, m), append(variance, v)
	}
	return mean, variance
}

// spread is √(variance + epsilon).
func spread(variance Value, epsilon float64) Value { return variance.add(rounded(epsilon, 0)).sqrt() }

// batchNormScale is gamma/√(variance + epsilon), in either order: the quotient, or the product with the reciprocal.
func batchNormScale(variance Value, gamma []Value, c int, epsilon float64) Value {
	if math.IsInf(variance.Want, 1) {
		return exact(math.NaN())
	}
	scale := exact(1).div(spread(variance, epsilon))
	if gamma == nil {
		return scale
	}
	return scale.mul(gamma[c])
}

func batchNormFprop(op kernels.BatchNormFprop, in [][]Value) []Value {
	x, mean, variance, gamma, beta := in[0], in[1], in[2], in[3], in[4]
	y := make([]Value, len(x))
	for i, v := range x {
		c := i % op.C
		y[i] = v.sub(mean[c]).mul(batchNormScale(variance[c], gamma, c, op.Epsilon))
		if beta != nil {
			y[i] = y[i].add(beta[c])
		}
	}
	return y
}

func batchNormSums(op kernels.BatchNormSums, in [][]Value) (dySum, dyxSum []Value) {
	x, labels, mean, variance, dy := in[0], in[1], in[2], in[3], in[4]
	sums, products := make([]sum, op.C), make([]sum, op.C)
	eachPlace(op.BatchNorm, op.Examples, labels, func(at int) {
		for c := range sums {
			sums[c].addValue(dy[at+c])
			products[c].addProduct(dy[at+c], x[at+c].sub(mean[c]))
		}
	})
	for c, s := range products {
		dyxSum = append(dyxSum, s.result().div(spread(variance[c], op.Epsilon)))
	}
	return results(sums), dyxSum
}

func batchNormDgrad(op kernels.BatchNormDgrad, in [][]Value) []Value {
	x, labels, mean, variance, gamma, dy, dySum, dyxSum := in[0], in[1], in[2], in[3], in[4], in[5], in[6], in[7]
	dx := make([]Value, len(x))
	places := divisor(eachPlace(op.BatchNorm, op.Examples, labels, func(int) {}))
	eachPlace(op.BatchNorm, op.Examples, labels, func(at int) {
		for c := range op.C {
			slope := dyxSum[c].div(places).div(spread(variance[c], op.Epsilon))
			change := dy[at+c].sub(dySum[c].div(places)).sub(x[at+c].sub(mean[c]).mul(slope))
			dx[at+c] = change.mul(batchNormScale(variance[c], gamma, c, op.Epsilon))
		}
	})
	return dx
}
