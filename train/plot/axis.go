package plot

import (
	"math"
	"strconv"

	"gonum.org/v1/plot"
)

// lossAxis runs from zero, or from below the least value where a loss is negative, to a round number above the greatest.
func lossAxis(least, most float64) (from, to, step float64) {
	least, most = min(least, 0), max(most, 0)
	if most-least < 1e-12 {
		most = 1
	}
	step = roundStep((most - least) / 6)
	return step * math.Floor(least/step), step * math.Ceil(most/step), step
}

// percentAxis runs to 100 from where the differences can be seen.
func percentAxis(least, _ float64) (from, to, step float64) {
	for _, span := range []float64{1, 2, 5, 10, 20, 50} {
		if least >= 100-span {
			return 100 - span, 100, span / 5
		}
	}
	return 0, 100, 20
}

// roundStep gives the least of 1, 2 and 5 times a power of ten that is not below v > 0.
func roundStep(v float64) float64 {
	power := math.Pow(10, math.Floor(math.Log10(v)))
	for _, digit := range []float64{1, 2, 5} {
		if digit*power >= v {
			return digit * power
		}
	}
	return 10 * power
}

// ticks labels every step with as many decimals as the step needs.
func ticks(from, to, step float64, unit string) plot.ConstantTicks {
	decimals := max(0, int(math.Ceil(-math.Log10(step)-1e-9))) // the logarithm may come out a hair too low
	format := byte('f')
	if step < 1e-5 || step >= 1e5 {
		decimals, format = 4, 'g'
	}
	var all plot.ConstantTicks
	for i := math.Round(from / step); i <= math.Round(to/step); i++ {
		v := i * step
		all = append(all, plot.Tick{Value: v, Label: strconv.FormatFloat(v, format, decimals, 64) + unit})
	}
	return all
}

// epochTicks marks whole epochs only: every one of a few, round numbers of many.
func epochTicks(n float64) plot.ConstantTicks {
	step := max(1, roundStep(n/10))
	all := plot.ConstantTicks{{Value: 1, Label: "1"}}
	for e := step; e <= n; e += step {
		if e > 1 {
			all = append(all, plot.Tick{Value: e, Label: strconv.FormatFloat(e, 'f', 0, 64)})
		}
	}
	return all
}
