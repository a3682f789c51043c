package train

import (
	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// MeanAbsoluteError is the mean over the outputs of |output − target|. Labels are targets of 1 for the right class and 0 for the others.
type MeanAbsoluteError struct{}

// Name implements [Loss].
func (MeanAbsoluteError) Name() string { return "mean_absolute_error" }

// Attach implements [Loss].
func (MeanAbsoluteError) Attach(m *model.Model) (*model.Node, error) { return output(m) }

// Forward implements [Loss].
func (MeanAbsoluteError) Forward(b LossBinding) []kernels.Op {
	return errorForward(b, kernels.ElementLoss{Function: kernels.AbsoluteError})
}

// Backward implements [Loss].
func (MeanAbsoluteError) Backward(b LossBinding) []kernels.Op {
	return errorBackward(b, kernels.ElementLoss{Function: kernels.AbsoluteError})
}
