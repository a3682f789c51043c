package train

import (
	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// MeanSquaredError is the mean over the outputs of (output − target)². Labels are targets of 1 for the right class and 0 for the others.
type MeanSquaredError struct{}

// Name implements [Loss].
func (MeanSquaredError) Name() string { return "mean_squared_error" }

// Attach implements [Loss].
func (MeanSquaredError) Attach(m *model.Model) (*model.Node, error) { return output(m) }

// Forward implements [Loss].
func (MeanSquaredError) Forward(b LossBinding) []kernels.Op {
	return errorForward(b, kernels.ElementLoss{Function: kernels.SquaredError})
}

// Backward implements [Loss].
func (MeanSquaredError) Backward(b LossBinding) []kernels.Op {
	return errorBackward(b, kernels.ElementLoss{Function: kernels.SquaredError})
}
