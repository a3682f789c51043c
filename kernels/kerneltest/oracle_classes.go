package kerneltest

import (
	"math"
	"slices"

	"cnn-gpu/kernels"
)

// softmaxRow is the softmax of a row, with the row's maximum and Σ exp(x − maximum).
func softmaxRow(x []float64) (y []Value, top float64, total Value) {
	top = slices.Max(x)
	exps := make([]Value, len(x))
	var s sum
	for k, v := range x {
		exps[k] = exact(v).sub(exact(top)).exp()
		s.addValue(exps[k])
	}
	total = s.result()
	y = make([]Value, len(x))
	for k := range y {
		y[k] = exps[k].div(total)
	}
	return y, top, total
}

func softmaxFprop(n, k int, x []float64) []Value {
	var y []Value
	for i := range n {
		row, _, _ := softmaxRow(x[i*k : (i+1)*k])
		y = append(y, row...)
	}
	return y
}

func softmaxDgrad(n, k int, y, dy []float64) []Value {
	var dx []Value
	for i := range n {
		y, dy := y[i*k:(i+1)*k], dy[i*k:(i+1)*k]
		var dot sum
		for j := range k {
			dot.add(dy[j] * y[j])
		}
		for j := range k {
			dx = append(dx, exact(y[j]).mul(exact(dy[j]).sub(dot.result())))
		}
	}
	return dx
}

func isExample(label float64, classes int) bool { return label >= 0 && label < float64(classes) }

// crossEntropyFprop bounds the loss for log Σ exp(x − max) + (max − x[label]), in which the size of the logits cancels before
// anything is rounded to it.
func crossEntropyFprop(n, k int, x, labels []float64) (y, loss []Value) {
	loss = make([]Value, n)
	for i := range n {
		row, top, total := softmaxRow(x[i*k : (i+1)*k])
		y = append(y, row...)
		if isExample(labels[i], k) {
			loss[i] = total.log().add(exact(top).sub(exact(x[i*k+int(labels[i])])))
		}
	}
	return y, loss
}

func crossEntropyDgrad(n, k int, y, labels []float64) []Value {
	dx := make([]Value, n*k)
	examples := 0
	for _, label := range labels {
		if isExample(label, k) {
			examples++
		}
	}
	for i, label := range labels {
		if !isExample(label, k) {
			continue
		}
		share := exact(1).div(exact(float64(examples)))
		for j := range k {
			at := i*k + j
			if j == int(label) {
				dx[at] = exact(y[at]).sub(exact(1)).mul(share)
			} else {
				dx[at] = exact(y[at]).mul(share)
			}
		}
	}
	return dx
}

// tally bounds the compensated sum by 2·unit·|sum| and terms of second order (Higham, section 4.3). The error that it owes is
// at most a rounding of the sum; which one depends on the order.
func tally(n, k int, loss, scores, labels, totals []float64) []Value {
	var losses sum
	losses.add(totals[kernels.TotalLoss])
	losses.add(-totals[kernels.TotalOwed])
	correct, examples := totals[kernels.TotalCorrect], totals[kernels.TotalExamples]
	for i, label := range labels {
		if !isExample(label, k) {
			continue
		}
		losses.add(loss[i])
		row := scores[i*k : (i+1)*k]
		if slices.Index(row, slices.Max(row)) == int(label) {
			correct++
		}
		examples++
	}
	second := float64(losses.terms) * unit * unit * losses.magnitude
	size := math.Abs(losses.value)
	return []Value{
		kernels.TotalLoss:     {losses.value, 2*unit*size + 2*second},
		kernels.TotalOwed:     {0, 2*unit*losses.magnitude + 2*second},
		kernels.TotalCorrect:  exact(correct),
		kernels.TotalExamples: exact(examples),
	}
}
