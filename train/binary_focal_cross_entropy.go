package train

import (
	"cmp"
	"fmt"

	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// BinaryFocalCrossEntropy is [BinaryCrossEntropy] in which a class whose probability is off its target by q weighs q^Gamma, so that training looks
// at what is not learnt yet (Lin, Goyal, Girshick, He and Dollár, "Focal loss for dense object detection", 2017, section 3).
type BinaryFocalCrossEntropy struct {
	ApplyClassBalancing bool    // targets of 1 weigh Alpha, those of 0 weigh 1 − Alpha
	Alpha               float64 // 0.25 if 0
	Gamma               float64 // 2 if 0
	FromLogits          bool    // as of [BinaryCrossEntropy]
	LabelSmoothing      float64 // likewise
}

// Name implements [Loss].
func (BinaryFocalCrossEntropy) Name() string { return "binary_focal_crossentropy" }

// Check says whether the settings are those of a loss.
func (l BinaryFocalCrossEntropy) Check() error {
	if err := vanishes("alpha", l.Alpha); err != nil {
		return err
	}
	if alpha := cmp.Or(l.Alpha, defaultAlpha); !(alpha > 0 && float32(alpha) < 1) {
		return fmt.Errorf("alpha %v; give a number above 0 and below 1: it is the weight of what is there, and the rest up to 1 that of what is not", alpha)
	}
	if l.Alpha != 0 && !l.ApplyClassBalancing {
		return fmt.Errorf("alpha %v does nothing without apply_class_balancing; give both, or neither", l.Alpha)
	}
	return cmp.Or(above0("gamma", cmp.Or(l.Gamma, defaultGamma)), checkSmoothing(l.LabelSmoothing))
}

// Attach implements [Loss].
func (l BinaryFocalCrossEntropy) Attach(m *model.Model) (*model.Node, error) {
	if err := l.Check(); err != nil {
		return nil, err
	}
	return logits(m, l.squashes(), l.FromLogits)
}

func (BinaryFocalCrossEntropy) squashes() model.Function { return model.Sigmoid }

func (l BinaryFocalCrossEntropy) geometry() kernels.ElementLoss {
	g := kernels.ElementLoss{Gamma: float32(cmp.Or(l.Gamma, defaultGamma))}
	if l.ApplyClassBalancing {
		g.Alpha = float32(cmp.Or(l.Alpha, defaultAlpha))
	}
	return g
}

// Forward implements [Loss].
func (l BinaryFocalCrossEntropy) Forward(b LossBinding) []kernels.Op {
	return binaryForward(b, l.geometry(), l.LabelSmoothing)
}

// Backward implements [Loss].
func (l BinaryFocalCrossEntropy) Backward(b LossBinding) []kernels.Op {
	return binaryBackward(b, l.geometry(), l.LabelSmoothing)
}
