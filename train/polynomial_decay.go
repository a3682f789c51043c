package train

import (
	"cmp"
	"errors"
	"math"
)

// PolynomialDecay takes the learning rate down to End times it, as Keras's PolynomialDecay, whose end_learning_rate is a rate and no part of one:
//
//	End + (1−End)·(1 − step/steps)^Power
type PolynomialDecay struct {
	Power float64 // 1, a straight line, if 0
	End   float64
}

// Name implements [Schedule].
func (PolynomialDecay) Name() string { return "polynomial" }

// Check implements [Schedule].
func (p PolynomialDecay) Check() error {
	return errors.Join(above0("power", p.power()), share("end", p.End))
}

// Factor implements [Schedule].
func (p PolynomialDecay) Factor(m Moment) float64 {
	return p.End + (1-p.End)*math.Pow(1-m.part(), p.power())
}

// Ends implements [Schedule].
func (PolynomialDecay) Ends() bool { return true }

func (p PolynomialDecay) power() float64 { return cmp.Or(p.Power, 1) }
