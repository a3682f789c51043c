package train

import (
	"errors"
	"fmt"

	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// Loss measures how wrong an output is and begins the backward pass.
type Loss interface {
	// Name is the loss's name in Keras.
	Name() string
	// Attach returns the node at whose value the loss begins, or says why the model does not fit.
	Attach(m *model.Model) (*model.Node, error)
	// Forward emits the ops that compute each example's loss, and the scores that the model gives its classes.
	Forward(b LossBinding) []kernels.Op
	// Backward emits the ops that compute the gradient of the mean loss by the node's value.
	Backward(b LossBinding) []kernels.Op
}

// LossBinding holds a loss's buffers for one batch size.
type LossBinding struct {
	Batch, Classes         int
	X, DX                  *kernels.Buffer // the value where the loss begins, and its gradient
	Labels                 *kernels.Buffer
	Probabilities, PerItem *kernels.Buffer
}

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

// Check says whether the settings are those of a loss; LabelSmoothing must be so in float32 too.
func (l SparseCategoricalCrossEntropy) Check() error {
	if s := l.LabelSmoothing; !(s >= 0 && float32(s) < 1) || s > 0 && float32(s) == 0 {
		return fmt.Errorf("LabelSmoothing is %v; give a number from 0 to below 1, such as 0.1", s)
	}
	return nil
}

// Attach implements [Loss].
func (l SparseCategoricalCrossEntropy) Attach(m *model.Model) (*model.Node, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	if len(m.Output.Shape) != 1 {
		return nil, fmt.Errorf("the model's output is %v; it takes one score for each class: add a Flatten and a Dense layer", m.Output.Shape)
	}
	logits, ok := m.Logits()
	switch {
	case l.FromLogits && ok:
		return nil, errors.New("the model ends with a softmax, so its output is no logits; leave FromLogits out")
	case l.FromLogits:
		return m.Output, nil
	case !ok:
		return nil, &NoSoftmaxError{}
	}
	return logits, nil
}

// NoSoftmaxError is of a model that ends with scores where a loss wants probabilities.
type NoSoftmaxError struct{}

func (*NoSoftmaxError) Error() string {
	return "the model does not end with a softmax; give its last layer activation softmax, or set FromLogits"
}

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
