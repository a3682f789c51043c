package train

import (
	"cmp"
	"errors"

	"cnn-gpu/kernels"
)

// SGD is stochastic gradient descent, with momentum if it is given; see [kernels.SGD] for the formula.
type SGD struct {
	LearningRate float64 // 0.01 if 0, as in Keras
	Momentum     float64
	Nesterov     bool
	WeightDecay  float64
}

// Name implements [Optimizer].
func (SGD) Name() string { return "sgd" }

// Rate implements [Optimizer].
func (s SGD) Rate() float64 { return cmp.Or(s.LearningRate, 0.01) }

// Check implements [Optimizer].
func (s SGD) Check() error {
	return errors.Join(above0("learning rate", s.Rate()), checkMomentum(s.Momentum), checkDecay(s.Rate(), s.WeightDecay))
}

// State implements [Optimizer].
func (s SGD) State(weights int) []*kernels.Buffer {
	if s.Momentum == 0 {
		return nil
	}
	return []*kernels.Buffer{kernels.Kept("sgd/velocity", kernels.Float32, weights)}
}

// Update implements [Optimizer].
func (s SGD) Update(u Update) []kernels.Op {
	op := kernels.SGD{Momentum: s.Momentum, Nesterov: s.Nesterov, W: u.W, DW: u.DW, Rate: u.Rate, Halt: u.Halt}
	if s.Momentum != 0 {
		op.V = u.State[0]
	}
	return append(u.decay(s.WeightDecay), op)
}
