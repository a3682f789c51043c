package train

import (
	"cmp"
	"errors"

	"cnn-gpu/kernels"
)

// Adagrad divides each gradient by the root of the sum of its squares so far; see [kernels.Adagrad] for the formula. What is 0 has Keras's
// default.
type Adagrad struct {
	LearningRate float64 // 0.001
	Initial      float64 // that each sum begins with: 0.1
	Epsilon      float64 // 1e-7
	WeightDecay  float64 // 0
}

// Name implements [Optimizer].
func (Adagrad) Name() string { return "adagrad" }

// Rate implements [Optimizer].
func (a Adagrad) Rate() float64 { return cmp.Or(a.LearningRate, 0.001) }

// Check implements [Optimizer].
func (a Adagrad) Check() error {
	op := a.op(Update{})
	return errors.Join(above0("learning rate", a.Rate()), above0("initial sum", op.Initial), above0("epsilon", op.Epsilon), checkDecay(a.Rate(), a.WeightDecay))
}

// State implements [Optimizer].
func (Adagrad) State(weights int) []*kernels.Buffer {
	return []*kernels.Buffer{kernels.Kept("adagrad/sum", kernels.Float32, weights)}
}

// Update implements [Optimizer].
func (a Adagrad) Update(u Update) []kernels.Op {
	op := a.op(u)
	op.V = u.State[0]
	return append(u.decay(a.WeightDecay), op)
}

func (a Adagrad) op(u Update) kernels.Adagrad {
	return kernels.Adagrad{Initial: cmp.Or(a.Initial, 0.1), Epsilon: cmp.Or(a.Epsilon, 1e-7), W: u.W, DW: u.DW, Rate: u.Rate, Halt: u.Halt}
}
