package train

import (
	"cmp"
	"errors"

	"cnn-gpu/kernels"
)

// Lamb is Adam whose step has the length of the weights, for each parameter by itself, times the learning rate; see [kernels.Lamb] for the
// formula. What is 0 has Keras's default.
type Lamb struct {
	LearningRate float64 // 0.001
	Beta1        float64 // 0.9
	Beta2        float64 // 0.999
	Epsilon      float64 // 1e-7
	WeightDecay  float64 // 0
}

// Name implements [Optimizer].
func (Lamb) Name() string { return "lamb" }

// Rate implements [Optimizer].
func (l Lamb) Rate() float64 { return cmp.Or(l.LearningRate, 0.001) }

// Check implements [Optimizer].
func (l Lamb) Check() error {
	op := l.op(Update{})
	return errors.Join(above0("learning rate", l.Rate()), below1("beta 1", op.Beta1), below1("beta 2", op.Beta2), above0("epsilon", op.Epsilon),
		checkDecay(l.Rate(), l.WeightDecay))
}

// State implements [Optimizer].
func (Lamb) State(weights int) []*kernels.Buffer {
	return []*kernels.Buffer{
		kernels.Kept("lamb/m", kernels.Float32, weights),
		kernels.Kept("lamb/v", kernels.Float32, weights),
	}
}

// Update implements [Optimizer].
func (l Lamb) Update(u Update) []kernels.Op {
	ops := u.decay(l.WeightDecay)
	for _, w := range u.Params {
		op := l.op(u)
		_, offset := w.Root()
		part := func(all *kernels.Buffer) *kernels.Buffer { return all.View(all.Name+"/"+w.Name, offset, w.Elements()) }
		op.W, op.M, op.V, op.DW = w, part(u.State[0]), part(u.State[1]), part(u.DW)
		ops = append(ops, op)
	}
	return ops
}

func (l Lamb) op(u Update) kernels.Lamb {
	return kernels.Lamb{
		Beta1: cmp.Or(l.Beta1, 0.9), Beta2: cmp.Or(l.Beta2, 0.999), Epsilon: cmp.Or(l.Epsilon, 1e-7), Rate: u.Rate, Step: u.Step, Halt: u.Halt,
	}
}
