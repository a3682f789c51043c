package train

import (
	"fmt"
	"strings"

	"cnn-gpu/internal/wording"
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
	Labels                 *kernels.Buffer // the numbers of the classes; a row whose label is none of [0, Classes) is no example
	Targets                *kernels.Buffer // [Batch Classes], for a loss that has a target for each class
	Given                  bool            // Targets come with the examples; else a loss makes them of Labels
	Smoothed               *kernels.Buffer // likewise, for what label smoothing makes of Targets
	Probabilities, PerItem *kernels.Buffer

	weights *kernels.Buffer // of the examples; nil if all weigh the same. The loss leaves them to the trainer
}

// lossTable is those that are chosen by name, with the settings that they read; the first is the default.
var lossTable = wording.Table[string, func(r *reader) Loss]{
	{Word: SparseCategoricalCrossEntropy{}.Name(), Value: func(r *reader) Loss {
		var l SparseCategoricalCrossEntropy
		r.orNone(smoothingWord, &l.LabelSmoothing)
		return l
	}},
	{Word: CategoricalCrossEntropy{}.Name(), Value: func(r *reader) Loss {
		var l CategoricalCrossEntropy
		r.orNone(smoothingWord, &l.LabelSmoothing)
		return l
	}},
	{Word: CategoricalFocalCrossEntropy{}.Name(), Also: []string{"focal"}, Value: func(r *reader) Loss {
		var l CategoricalFocalCrossEntropy
		r.number("alpha", &l.Alpha)
		r.number("gamma", &l.Gamma)
		r.orNone(smoothingWord, &l.LabelSmoothing)
		return l
	}},
	{Word: BinaryCrossEntropy{}.Name(), Also: []string{"bce"}, Value: func(r *reader) Loss {
		var l BinaryCrossEntropy
		r.orNone(smoothingWord, &l.LabelSmoothing)
		return l
	}},
	{Word: BinaryFocalCrossEntropy{}.Name(), Also: []string{"binary_focal"}, Value: func(r *reader) Loss {
		var l BinaryFocalCrossEntropy
		r.flag("apply_class_balancing", &l.ApplyClassBalancing)
		r.number("alpha", &l.Alpha)
		r.number("gamma", &l.Gamma)
		r.orNone(smoothingWord, &l.LabelSmoothing)
		return l
	}},
	{Word: MeanSquaredError{}.Name(), Also: []string{"mse"}, Value: func(*reader) Loss { return MeanSquaredError{} }},
	{Word: MeanAbsoluteError{}.Name(), Also: []string{"mae"}, Value: func(*reader) Loss { return MeanAbsoluteError{} }},
	{Word: Huber{}.Name(), Value: func(r *reader) Loss {
		var l Huber
		r.number("delta", &l.Delta)
		return l
	}},
}.Lacking("a loss of Keras that cnn-gpu does not have", "categorical_hinge", "cosine_similarity", "ctc", "dice", "hinge", "kl_divergence",
	"log_cosh", "mean_absolute_percentage_error", "mean_squared_logarithmic_error", "poisson", "squared_hinge", "tversky")

const smoothingWord = "label_smoothing"

// LossNames lists the names that [ParseLoss] knows, the default first.
func LossNames() []string { return lossTable.Words() }

// LossHelp lists the names for people, each with its short name and the settings that it takes.
func LossHelp() string {
	var list []string
	for _, row := range lossTable {
		if row.Value == nil {
			continue
		}
		r := &reader{}
		row.Value(r)
		text := strings.Join(append([]string{row.Word}, row.Also...), " or ")
		if len(r.words) > 0 {
			text += " (" + wording.And(r.words) + ")"
		}
		list = append(list, text)
	}
	return strings.Join(list, "; ")
}

// ParseLoss reads a name of [LossNames], or a short one such as "mse" and "focal", and, behind commas, settings in Keras's words:
// "huber,delta=0.5". What is left out has the type's default.
func ParseLoss(text string) (Loss, error) {
	name, settings, err := parseSettings(text, "huber,delta=0.5")
	make, unknown := lossTable.Find("loss", name)
	if unknown != nil {
		return nil, fmt.Errorf("train: %w", unknown)
	}
	r := &reader{settings: settings}
	var l Loss
	if err == nil {
		l = make(r)
		err = r.end()
	}
	if checked, ok := l.(interface{ Check() error }); ok && err == nil {
		err = checked.Check()
	}
	if err != nil {
		return nil, fmt.Errorf("train: loss %s: %w", name, err)
	}
	return l, nil
}

// logits is the node whose value a loss of probabilities takes: that in front of the activation which makes them, or with fromLogits the
// output of a model that ends without it.
func logits(m *model.Model, f model.Function, fromLogits bool) (*model.Node, error) {
	if err := checkVector(m); err != nil {
		return nil, err
	}
	before := m.Logits
	if f == model.Sigmoid {
		before = m.BinaryLogits
	}
	switch n, ok := before(); {
	case fromLogits && ok:
		return nil, fmt.Errorf("the model ends with a %s, so its output is no logits; leave FromLogits out", f)
	case fromLogits:
		return m.Output, nil
	case !ok && m.Output.Spec == nil && m.Output.Kind() == model.ActivityRegularization{}.Kind():
		return nil, fmt.Errorf("the model's last layer has an activity_regularizer behind its %s, and the loss works on what is in front of that; put it on the layer before", f)
	case !ok:
		return nil, &NoActivationError{f}
	default:
		return n, nil
	}
}

func checkVector(m *model.Model) error {
	if len(m.Output.Shape) != 1 {
		return fmt.Errorf("the model's output is %v; it takes one score for each class: add a Flatten and a Dense layer", m.Output.Shape)
	}
	return nil
}

// NoActivationError is of a model that ends with scores where a loss wants the probabilities that an activation makes of them.
type NoActivationError struct{ Activation model.Function }

func (e *NoActivationError) Error() string {
	return fmt.Sprintf("the model does not end with a %s; give its last layer activation %[1]s, or set FromLogits", e.Activation)
}

// checkSmoothing checks a smoothing of labels, which must be one in float32 too.
func checkSmoothing(s float64) error {
	if !(s >= 0 && float32(s) < 1) {
		return fmt.Errorf("LabelSmoothing is %v; give a number from 0 to below 1, such as 0.1", s)
	}
	return vanishes("LabelSmoothing", s)
}

// given are the targets that come with the examples; nil if there are none.
func (b LossBinding) given() *kernels.Buffer {
	if !b.Given {
		return nil
	}
	return b.Targets
}

// targets are what each class should have, and the ops that make them: of each label ones and zeros, and of targets what smoothing makes of them, which smoothing leaves 1 − smoothing
// and adds smoothing·even.
func (b LossBinding) targets(smoothing, even float64) (targets *kernels.Buffer, ops []kernels.Op) {
	if !b.Given {
		ops = []kernels.Op{kernels.OneHot{N: b.Batch, K: b.Classes, Labels: b.Labels, Y: b.Targets}}
	}
	if smoothing == 0 {
		return b.Targets, ops
	}
	smooth := kernels.Rescale{Scale: float32(1 - smoothing), Offset: float32(smoothing * even), X: b.Targets, Y: b.Smoothed}
	return b.Smoothed, append(ops, smooth)
}
