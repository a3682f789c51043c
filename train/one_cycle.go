package train

import (
	"cmp"
	"errors"
	"fmt"
)

// OneCycle takes the learning rate up from a part of it and down to a smaller one, each along half a wave of a cosine, as PyTorch's OneCycleLR
// (Smith and Topin, "Super-convergence", 2018). The optimizer's momentum stays as it is.
type OneCycle struct {
	Max   float64 // the highest learning rate: the optimizer's if 0
	Start float64 // the first factor: 1/25 if 0
	Peak  float64 // the part of the steps after which the factor is 1: 0.3 if 0
	End   float64 // the last factor: 1/250,000 if 0
}

// Name implements [Schedule].
func (OneCycle) Name() string { return "one-cycle" }

// Check implements [Schedule].
func (o OneCycle) Check() error {
	start, peak, end := o.settings()
	var wrong error
	if wrong = vanishes("peak", peak); !(peak > 0 && peak < 1) {
		wrong = fmt.Errorf("peak %v; give a part of the steps above 0 and below 1", peak)
	}
	if o.Max != 0 {
		wrong = errors.Join(above0("max", o.Max), wrong)
	}
	return errors.Join(share("start", start), wrong, share("end", end))
}

// Factor implements [Schedule].
func (o OneCycle) Factor(m Moment) float64 {
	if o.Max != 0 {
		return o.part(m) * o.Max / m.Rate
	}
	return o.part(m)
}

// part is how much of the highest learning rate a step has.
func (o OneCycle) part(m Moment) float64 {
	start, peak, end := o.settings()
	step, last := float64(m.Step), float64(m.Steps-1)
	top := peak*float64(m.Steps) - 1
	switch {
	case step < top:
		return halfCosine(start, 1, step/top)
	case step < last:
		return halfCosine(1, end, (step-max(top, 0))/(last-max(top, 0)))
	}
	return end
}

// Ends implements [Schedule].
func (OneCycle) Ends() bool { return true }

func (o OneCycle) settings() (start, peak, end float64) {
	return cmp.Or(o.Start, 1.0/25), cmp.Or(o.Peak, 0.3), cmp.Or(o.End, 1.0/250_000)
}
