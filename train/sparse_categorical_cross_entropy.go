package train

import (
	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// SparseCategoricalCrossEntropy is −log of the probability that the model gives the right class; labels are the classes'
// numbers. It works on the logits in front of the model's softmax, which is exact where probabilities round to 0 or 1.
type SparseCategoricalCrossEntropy struct {
	FromLogits bool // the model ends with logits, without a softmax: with a layer that has no activation
	// LabelSmoothing, from 0 to below 1, is spread over all classes: the right one should have 1 − LabelSmoothing + LabelSmoothing/classes, each
	// other LabelSmoothing/classes (Szegedy et al., "Rethinking the Inception architecture for computer vision", 2015, section 7). It holds for
	// evaluation too, as in Keras, whose CategoricalCrossentropy has it as label_smoothing.
	LabelSmoothing float64
}

// Name implements [Loss].
func (SparseCategoricalCrossEntropy) Name() string { return "sparse_categorical_crossentropy" }

// Check says whether the settings are those of a loss.
func (l SparseCategoricalCrossEntropy) Check() error { return checkSmoothing(l.LabelSmoothing) }

// Attach implements [Loss].
func (l SparseCategoricalCrossEntropy) Attach(m *model.Model) (*model.Node, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	return logits(m, l.squashes(), l.FromLogits)
}

func (SparseCategoricalCrossEntropy) squashes() model.Function { return model.Softmax }

// Forward implements [Loss].
func (l SparseCategoricalCrossEntropy) Forward(b LossBinding) []kernels.Op {
	return []kernels.Op{kernels.CrossEntropyFprop{
		N: b.Batch, K: b.Classes, Smoothing: float32(l.LabelSmoothing), X: b.X, Labels: b.Labels, Y: b.Probabilities, Loss: b.PerItem,
	}}
}

// Backward implements [Loss].
func (l SparseCategoricalCrossEntropy) Backward(b LossBinding) []kernels.Op {
	return []kernels.Op{kernels.CrossEntropyDgrad{
		N: b.Batch, K: b.Classes, Smoothing: float32(l.LabelSmoothing), Y: b.Probabilities, Labels: b.Labels, DX: b.DX,
	}}
}
