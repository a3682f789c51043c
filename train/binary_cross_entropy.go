package train

import (
	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// BinaryCrossEntropy asks of each class by itself whether it is there: the mean over the classes of −target·log p − (1 − target)·log(1 − p), where p
// is the probability that the model's sigmoid gives the class. It is for examples that show several classes, or none; labels are targets of 1
// for the right class and 0 for the others. It works on the logits in front of the sigmoid, which is exact where probabilities round to 0 or 1.
type BinaryCrossEntropy struct {
	FromLogits bool // the model ends with logits, without a sigmoid: with a layer that has no activation
	// LabelSmoothing, from 0 to below 1, moves each target that far towards a half: targets of 1 become 1 − LabelSmoothing/2 and those of 0
	// LabelSmoothing/2, as in Keras.
	LabelSmoothing float64
}

// Name implements [Loss].
func (BinaryCrossEntropy) Name() string { return "binary_crossentropy" }

// Check says whether the settings are those of a loss.
func (l BinaryCrossEntropy) Check() error { return checkSmoothing(l.LabelSmoothing) }

// Attach implements [Loss].
func (l BinaryCrossEntropy) Attach(m *model.Model) (*model.Node, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	return logits(m, l.squashes(), l.FromLogits)
}

func (BinaryCrossEntropy) squashes() model.Function { return model.Sigmoid }

// Forward implements [Loss].
func (l BinaryCrossEntropy) Forward(b LossBinding) []kernels.Op {
	return binaryForward(b, kernels.ElementLoss{}, l.LabelSmoothing)
}

// Backward implements [Loss].
func (l BinaryCrossEntropy) Backward(b LossBinding) []kernels.Op {
	return binaryBackward(b, kernels.ElementLoss{}, l.LabelSmoothing)
}

func binaryForward(b LossBinding, g kernels.ElementLoss, smoothing float64) []kernels.Op {
	targets, ops := b.targets(smoothing, 0.5)
	g.Function = kernels.BinaryCrossEntropy
	sigmoid := kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.Sigmoid}, X: b.X, Y: b.Probabilities}
	return append(ops, sigmoid, elementLossForward(b, g, targets))
}

func binaryBackward(b LossBinding, g kernels.ElementLoss, smoothing float64) []kernels.Op {
	targets, _ := b.targets(smoothing, 0.5)
	g.Function = kernels.BinaryCrossEntropy
	return elementLossBackward(b, g, targets)
}

func elementLossForward(b LossBinding, g kernels.ElementLoss, targets *kernels.Buffer) kernels.Op {
	g.N, g.K = b.Batch, b.Classes
	return kernels.ElementLossFprop{ElementLoss: g, X: b.X, Targets: targets, Labels: b.Labels, Loss: b.PerItem}
}

func elementLossBackward(b LossBinding, g kernels.ElementLoss, targets *kernels.Buffer) []kernels.Op {
	g.N, g.K = b.Batch, b.Classes
	return []kernels.Op{kernels.ElementLossDgrad{ElementLoss: g, X: b.X, Targets: targets, Labels: b.Labels, DX: b.DX}}
}
