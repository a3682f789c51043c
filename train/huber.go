package train

import (
	"cmp"

	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// Huber is the mean over the outputs of (output − target)²/2 where the two are at most Delta apart, and of Delta·|output − target| − Delta²/2
// where they are further, so that what is far off pulls no harder (Huber, "Robust estimation of a location parameter", 1964). Labels are
// targets of 1 for the right class and 0 for the others.
type Huber struct {
	Delta float64 // 1 if 0
}

// Name implements [Loss].
func (Huber) Name() string { return "huber" }

// Check says whether Delta is a distance.
func (l Huber) Check() error { return above0("delta", cmp.Or(l.Delta, 1)) }

// Attach implements [Loss].
func (l Huber) Attach(m *model.Model) (*model.Node, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	return output(m)
}

func (l Huber) geometry() kernels.ElementLoss {
	return kernels.ElementLoss{Function: kernels.Huber, Delta: float32(cmp.Or(l.Delta, 1))}
}

// Forward implements [Loss].
func (l Huber) Forward(b LossBinding) []kernels.Op { return errorForward(b, l.geometry()) }

// Backward implements [Loss].
func (l Huber) Backward(b LossBinding) []kernels.Op { return errorBackward(b, l.geometry()) }
