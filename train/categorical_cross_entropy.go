package train

import (
	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// CategoricalCrossEntropy is −Σ target·log of the probabilities that the model gives the classes, of targets that may be any share of any class.
// Labels are targets of 1 for the right class and 0 for the others, so that the loss is that of [SparseCategoricalCrossEntropy]. It works on the
// logits in front of the model's softmax.
type CategoricalCrossEntropy struct {
	FromLogits     bool    // as of [SparseCategoricalCrossEntropy]
	LabelSmoothing float64 // likewise: the part of the targets that is spread over all classes
}

// Name implements [Loss].
func (CategoricalCrossEntropy) Name() string { return "categorical_crossentropy" }

// Check says whether the settings are those of a loss.
func (l CategoricalCrossEntropy) Check() error { return checkSmoothing(l.LabelSmoothing) }

// Attach implements [Loss].
func (l CategoricalCrossEntropy) Attach(m *model.Model) (*model.Node, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	return logits(m, l.squashes(), l.FromLogits)
}

func (CategoricalCrossEntropy) squashes() model.Function { return model.Softmax }

// Forward implements [Loss].
func (l CategoricalCrossEntropy) Forward(b LossBinding) []kernels.Op {
	return categoricalForward(b, kernels.Categorical{Alpha: 1}, l.LabelSmoothing)
}

// Backward implements [Loss].
func (l CategoricalCrossEntropy) Backward(b LossBinding) []kernels.Op {
	return categoricalBackward(b, kernels.Categorical{Alpha: 1}, l.LabelSmoothing)
}

func categoricalForward(b LossBinding, g kernels.Categorical, smoothing float64) []kernels.Op {
	targets, ops := b.targets(smoothing, 1/float64(b.Classes))
	g.N, g.K = b.Batch, b.Classes
	return append(ops, kernels.CategoricalCrossEntropyFprop{
		Categorical: g, X: b.X, Targets: targets, Labels: b.Labels, Y: b.Probabilities, Loss: b.PerItem,
	})
}

func categoricalBackward(b LossBinding, g kernels.Categorical, smoothing float64) []kernels.Op {
	targets, _ := b.targets(smoothing, 1/float64(b.Classes))
	g.N, g.K = b.Batch, b.Classes
	return []kernels.Op{kernels.CategoricalCrossEntropyDgrad{Categorical: g, X: b.X, Targets: targets, Labels: b.Labels, DX: b.DX}}
}
