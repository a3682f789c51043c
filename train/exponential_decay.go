package train

import (
	"cmp"
	"math"
)

// ExponentialDecay multiplies the learning rate by Gamma in each epoch, a little in each of its steps, as Keras's ExponentialDecay:
//
//	Gamma^epochs
type ExponentialDecay struct {
	Gamma float64 // 0.9 if 0
}

// Name implements [Schedule].
func (ExponentialDecay) Name() string { return "exponential" }

// Check implements [Schedule].
func (e ExponentialDecay) Check() error { return shrinks("gamma", e.gamma()) }

// Factor implements [Schedule].
func (e ExponentialDecay) Factor(m Moment) float64 { return math.Pow(e.gamma(), m.epochs()) }

// Ends implements [Schedule].
func (ExponentialDecay) Ends() bool { return false }

func (e ExponentialDecay) gamma() float64 { return cmp.Or(e.Gamma, 0.9) }
