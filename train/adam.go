package train

import (
	"cmp"
	"errors"

	"cnn-gpu/kernels"
)

// Adam is the optimizer of Kingma and Ba; see [kernels.Adam] for the formula. What is 0 has Keras's default.
type Adam struct {
	LearningRate float64 // 0.001
	Beta1        float64 // 0.9
	Beta2        float64 // 0.999
	Epsilon      float64 // 1e-7
	WeightDecay  float64 // 0
}

// Name implements [Optimizer].
func (Adam) Name() string { return "adam" }

// Rate implements [Optimizer].
func (a Adam) Rate() float64 { return cmp.Or(a.LearningRate, 0.001) }

// Check implements [Optimizer].
func (a Adam) Check() error {
	op := a.op(Update{})
	return errors.Join(above0("learning rate", a.Rate()), below1("beta 1", op.Beta1), below1("beta 2", op.Beta2), above0("epsilon", op.Epsilon),
		checkDecay(a.Rate(), a.WeightDecay))
}

// State implements [Optimizer].
func (Adam) State(weights int) []*kernels.Buffer {
	return []*kernels.Buffer{
		kernels.Kept("adam/m", kernels.Float32, weights),
		kernels.Kept("adam/v", kernels.Float32, weights),
	}
}

// Update implements [Optimizer].
func (a Adam) Update(u Update) []kernels.Op {
	op := a.op(u)
	op.M, op.V = u.State[0], u.State[1]
	return append(u.decay(a.WeightDecay), op)
}

func (a Adam) op(u Update) kernels.Adam {
	return kernels.Adam{
		Beta1: cmp.Or(a.Beta1, 0.9), Beta2: cmp.Or(a.Beta2, 0.999), Epsilon: cmp.Or(a.Epsilon, 1e-7),
		W: u.W, DW: u.DW, Rate: u.Rate, Step: u.Step, Halt: u.Halt,
	}
}
