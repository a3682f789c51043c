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

// crossEntropyFprop bounds the loss for log Σ exp(x − max) + (max − x[k]), in which the size of the logits cancels before anything is rounded
// to it. Logits that err by up to e change a probability by a factor of up to exp(2e), and the loss by up to 2e.
func crossEntropyFprop(op kernels.CrossEntropyFprop, x []Value, labels []float64) (y, loss []Value) {
	loss = make([]Value, op.N)
	_, share, keep := smoothTargets(op.Smoothing, op.K)
	for i := range op.N {
		logits, spread := x[i*op.K:(i+1)*op.K], 0.0
		for _, v := range logits {
			spread = max(spread, 2*v.Bound)
		}
		row := exactly(logits)
		probabilities, top, total := softmaxRow(row)
		for _, p := range probabilities {
			if spread > 0 {
				p.Bound = min(1, (p.Want+p.Bound)*math.Exp(spread)*(1+2*spread*unit)-p.Want)
			}
			y = append(y, p)
		}
		if !isExample(labels[i], op.K) {
			continue
		}
		of := func(k int) Value { return total.log().add(exact(top).sub(exact(row[k]))) }
		loss[i] = of(int(labels[i]))
		if op.Smoothing > 0 {
			var all sum
			for k := range row {
				all.addValue(of(k).mul(share))
			}
			loss[i] = all.result().add(loss[i].mul(keep))
		}
		loss[i].Bound += spread * (1 + 8*unit)
	}
	return y, loss
}

// smoothTargets are what the label's class should have, what each of the others, and the difference of the two.
func smoothTargets(smoothing float32, classes int) (target, other, difference Value) {
	if smoothing == 0 {
		return exact(1), exact(0), exact(1)
	}
	s := exact(float64(smoothing))
	other = s.div(exact(float64(classes)))
	target = exact(1).sub(s).add(other)
	return target, other, target.sub(other)
}

func crossEntropyDgrad(op kernels.CrossEntropyDgrad, y []Value, labels []float64) []Value {
	dx := make([]Value, op.N*op.K)
	target, other, _ := smoothTargets(op.Smoothing, op.K)
	examples := 0
	for _, label := range labels {
		if isExample(label, op.K) {
			examples++
		}
	}
	for i, label := range labels {
		if !isExample(label, op.K) {
			continue
		}
		share := exact(1).div(exact(float64(examples)))
		for j := range op.K {
			at, want := i*op.K+j, other
			if j == int(label) {
				want = target
			}
			dx[at] = y[at].sub(want).mul(share)
		}
	}
	return dx
}

// compensated bounds a compensated sum by 2·unit·|sum| and terms of second order (Higham, section 4.3), and what it owes by a rounding of
// the sum; which one depends on the order.
func compensated(s sum) (total, owed Value) {
	second := float64(s.terms) * unit * unit * s.magnitude
	return Value{s.value, 2*unit*math.Abs(s.value) + 2*second + s.bound}, Value{0, 2*unit*(s.magnitude+s.bound) + 2*second}
}

func tally(n, k int, loss, scores []Value, labels, totals []float64) []Value {
	var losses sum
	losses.add(totals[kernels.TotalLoss])
	losses.add(-totals[kernels.TotalOwed])
	correct, examples := exact(totals[kernels.TotalCorrect]), totals[kernels.TotalExamples]
	for i, label := range labels {
		if !isExample(label, k) {
			continue
		}
		losses.addValue(loss[i])
		row := scores[i*k : (i+1)*k]
		if best := exactly(row); slices.Index(best, slices.Max(best)) == int(label) {
			correct.Want++
		}
		if isOpen(row, int(label)) {
			correct.Bound++
		}
		examples++
	}
	total, owed := compensated(losses)
	return []Value{kernels.TotalLoss: total, kernels.TotalOwed: owed, kernels.TotalCorrect: correct, kernels.TotalExamples: exact(examples)}
}

// isOpen says whether the errors of a row of scores decide if the largest is at the label.
func isOpen(row []Value, label int) bool {
	mine, isOpen := row[label], false
	for k, v := range row {
		distance, errors := v.Want-mine.Want, v.Bound+mine.Bound
		switch {
		case k == label || errors == 0:
		case distance > errors:
			return false // another is larger
		case distance >= -errors:
			isOpen = true
		}
	}
	return isOpen
}

func binaryTally(n, k int, loss, scores, targets, labels, totals []float64) []Value {
	var losses, shares sum
	losses.add(totals[kernels.TotalLoss])
	losses.add(-totals[kernels.TotalOwed])
	shares.add(totals[kernels.TotalCorrect])
	shares.add(-totals[kernels.TotalCorrectOwed])
	examples := totals[kernels.TotalExamples]
	for i := range n {
		if !isExample(labels[i], k) {
			continue
		}
		right := 0.0
		for j := i * k; j < (i+1)*k; j++ {
			if (scores[j] > 0.5) == (targets[j] > 0.5) {
				right++
			}
		}
		losses.add(loss[i])
		shares.addValue(exact(right).div(exact(float64(k))))
		examples++
	}
	loss0, lossOwed := compensated(losses)
	correct, correctOwed := compensated(shares)
	return []Value{
		kernels.TotalLoss: loss0, kernels.TotalOwed: lossOwed, kernels.TotalCorrect: correct, kernels.TotalExamples: exact(examples),
		kernels.TotalCorrectOwed: correctOwed,
	}
}
