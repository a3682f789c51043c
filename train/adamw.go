package train

import (
	"cmp"

	"cnn-gpu/kernels"
)

// AdamW is [Adam] with decoupled weight decay; see [kernels.WeightDecay]. What is 0 has Keras's default.
type AdamW struct {
	LearningRate float64 // 0.001
	WeightDecay  float64 // 0.004
	Beta1        float64 // 0.9
	Beta2        float64 // 0.999
	Epsilon      float64 // 1e-7
}

// Name implements [Optimizer].
func (AdamW) Name() string { return "adamw" }

// Rate implements [Optimizer].
func (a AdamW) Rate() float64 { return a.adam().Rate() }

// Check implements [Optimizer].
func (a AdamW) Check() error { return a.adam().Check() }

// State implements [Optimizer].
func (a AdamW) State(weights int) []*kernels.Buffer { return a.adam().State(weights) }

// Update implements [Optimizer].
func (a AdamW) Update(u Update) []kernels.Op { return a.adam().Update(u) }

func (a AdamW) adam() Adam {
	return Adam{LearningRate: a.LearningRate, Beta1: a.Beta1, Beta2: a.Beta2, Epsilon: a.Epsilon, WeightDecay: cmp.Or(a.WeightDecay, 0.004)}
}
