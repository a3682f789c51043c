package train

import (
	"cmp"
	"errors"

	"cnn-gpu/kernels"
)

// RMSprop divides each gradient by the root of a moving mean of its squares; see [kernels.RMSprop] for the formula. What is 0 has Keras's
// default.
type RMSprop struct {
	LearningRate float64 // 0.001
	Rho          float64 // 0.9
	Momentum     float64 // 0
	Epsilon      float64 // 1e-7
	Centered     bool    // divide by the deviation from a moving mean of the gradients
	WeightDecay  float64 // 0
}

// Name implements [Optimizer].
func (RMSprop) Name() string { return "rmsprop" }

// Rate implements [Optimizer].
func (r RMSprop) Rate() float64 { return cmp.Or(r.LearningRate, 0.001) }

// Check implements [Optimizer].
func (r RMSprop) Check() error {
	op := r.op(Update{})
	return errors.Join(above0("learning rate", r.Rate()), below1("rho", op.Rho), checkMomentum(op.Momentum), above0("epsilon", op.Epsilon),
		checkDecay(r.Rate(), r.WeightDecay))
}

// State implements [Optimizer].
func (r RMSprop) State(weights int) []*kernels.Buffer {
	state := []*kernels.Buffer{kernels.Kept("rmsprop/velocity", kernels.Float32, weights)}
	if r.Centered {
		state = append(state, kernels.Kept("rmsprop/average", kernels.Float32, weights))
	}
	if r.Momentum != 0 {
		state = append(state, kernels.Kept("rmsprop/momentum", kernels.Float32, weights))
	}
	return state
}

// Update implements [Optimizer].
func (r RMSprop) Update(u Update) []kernels.Op {
	op := r.op(u)
	op.V = u.State[0]
	if r.Centered {
		op.A = u.State[1]
	}
	if r.Momentum != 0 {
		op.M = u.State[len(u.State)-1]
	}
	return append(u.decay(r.WeightDecay), op)
}

func (r RMSprop) op(u Update) kernels.RMSprop {
	return kernels.RMSprop{
		Rho: cmp.Or(r.Rho, 0.9), Momentum: r.Momentum, Epsilon: cmp.Or(r.Epsilon, 1e-7), Centered: r.Centered,
		W: u.W, DW: u.DW, Rate: u.Rate, Halt: u.Halt,
	}
}
