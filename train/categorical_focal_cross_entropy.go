package train

import (
	"cmp"

	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// CategoricalFocalCrossEntropy is [CategoricalCrossEntropy] in which a class that has the probability p already weighs Alpha·(1 − p)^Gamma, so that
// training looks at what is not learnt yet (Lin, Goyal, Girshick, He and Dollár, "Focal loss for dense object detection", 2017, section 3).
type CategoricalFocalCrossEntropy struct {
	Alpha          float64 // 0.25 if 0
	Gamma          float64 // 2 if 0
	FromLogits     bool    // as of [SparseCategoricalCrossEntropy]
	LabelSmoothing float64 // likewise
}

// Name implements [Loss].
func (CategoricalFocalCrossEntropy) Name() string { return "categorical_focal_crossentropy" }

// Check says whether the settings are those of a loss.
func (l CategoricalFocalCrossEntropy) Check() error {
	return cmp.Or(above0("alpha", cmp.Or(l.Alpha, defaultAlpha)), above0("gamma", cmp.Or(l.Gamma, defaultGamma)), checkSmoothing(l.LabelSmoothing))
}

// Attach implements [Loss].
func (l CategoricalFocalCrossEntropy) Attach(m *model.Model) (*model.Node, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	return logits(m, l.squashes(), l.FromLogits)
}

func (CategoricalFocalCrossEntropy) squashes() model.Function { return model.Softmax }

func (l CategoricalFocalCrossEntropy) geometry() kernels.Categorical {
	return kernels.Categorical{Alpha: float32(cmp.Or(l.Alpha, defaultAlpha)), Gamma: float32(cmp.Or(l.Gamma, defaultGamma))}
}

// Forward implements [Loss].
func (l CategoricalFocalCrossEntropy) Forward(b LossBinding) []kernels.Op {
	return categoricalForward(b, l.geometry(), l.LabelSmoothing)
}

// Backward implements [Loss].
func (l CategoricalFocalCrossEntropy) Backward(b LossBinding) []kernels.Op {
	return categoricalBackward(b, l.geometry(), l.LabelSmoothing)
}

// The settings of focal losses, as in Keras.
const (
	defaultAlpha = 0.25
	defaultGamma = 2
)
