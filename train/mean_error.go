package train

import (
	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// output is the node of a loss that takes what the model answers, whichever layer that is of.
func output(m *model.Model) (*model.Node, error) { return m.Output, checkVector(m) }

// errorForward emits a loss of the output itself, which is also what the scores are.
func errorForward(b LossBinding, g kernels.ElementLoss) []kernels.Op {
	targets, ops := b.targets(0, 0)
	return append(ops, kernels.Rescale{Scale: 1, X: b.X, Y: b.Probabilities}, elementLossForward(b, g, targets))
}

func errorBackward(b LossBinding, g kernels.ElementLoss) []kernels.Op {
	targets, _ := b.targets(0, 0)
	return elementLossBackward(b, g, targets)
}
