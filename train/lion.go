package train

import (
	"cmp"
	"errors"

	"cnn-gpu/kernels"
)

// Lion steps by the sign of a mean of the gradients; see [kernels.Lion] for the formula. What is 0 has Keras's default.
type Lion struct {
	LearningRate float64 // 0.001
	Beta1        float64 // 0.9
	Beta2        float64 // 0.99
	WeightDecay  float64 // 0
}

// Name implements [Optimizer].
func (Lion) Name() string { return "lion" }

// Rate implements [Optimizer].
func (l Lion) Rate() float64 { return cmp.Or(l.LearningRate, 0.001) }

// Check implements [Optimizer].
func (l Lion) Check() error {
	op := l.op(Update{})
	return errors.Join(above0("learning rate", l.Rate()), below1("beta 1", op.Beta1), below1("beta 2", op.Beta2), checkDecay(l.Rate(), l.WeightDecay))
}

// State implements [Optimizer].
func (Lion) State(weights int) []*kernels.Buffer {
	return []*kernels.Buffer{kernels.Kept("lion/m", kernels.Float32, weights)}
}

// Update implements [Optimizer].
func (l Lion) Update(u Update) []kernels.Op {
	op := l.op(u)
	op.M = u.State[0]
	return append(u.decay(l.WeightDecay), op)
}

func (l Lion) op(u Update) kernels.Lion {
	return kernels.Lion{Beta1: cmp.Or(l.Beta1, 0.9), Beta2: cmp.Or(l.Beta2, 0.99), W: u.W, DW: u.DW, Rate: u.Rate, Halt: u.Halt}
}
