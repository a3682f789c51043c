package train

import (
	"errors"
	"fmt"

	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// EMA is an exponential moving average of the weights that are learnt, moved after each step, Keras's use_ema; see [kernels.WeightAverage] for the
// formula. [Trainer.Evaluate], [Trainer.Predict], [Trainer.Values], [Trainer.GradCAM], [Trainer.Weights] and [Trainer.Param] are of the averaged
// weights, and so is what a run saves; Fit goes on with the others, which a checkpoint holds, too. Moving averages of layers are what they are in both.
type EMA struct {
	Momentum float64 `json:"momentum,omitempty"` // Keras's ema_momentum, above 0 and below 1, such as 0.999; no average if 0
	// Overwrite is a number of steps: after each so many the weights become their averages, Keras's ema_overwrite_frequency. Never if 0.
	Overwrite int `json:"overwrite,omitempty"`
}

// Check says what is wrong with the settings.
func (e EMA) Check() error {
	switch {
	case e.Overwrite < 0:
		return fmt.Errorf("EMA overwrites the weights every %d steps; give at least 1, or 0 for never", e.Overwrite)
	case e.Momentum == 0 && e.Overwrite > 0:
		return errors.New("EMA overwrites the weights by averages, of which there are none; give their momentum, such as 0.999")
	case e.Momentum == 0:
		return nil
	}
	return below1("EMA momentum", e.Momentum)
}

// String is the settings, and empty where there is no average.
func (e EMA) String() string {
	switch {
	case e.Momentum == 0:
		return ""
	case e.Overwrite > 0:
		return fmt.Sprintf("momentum %v, overwriting every %d steps", e.Momentum, e.Overwrite)
	}
	return fmt.Sprintf("momentum %v", e.Momentum)
}

// averaged are the weights that a training is for: their averages, if it keeps such.
func (t *Trainer) averaged() *kernels.Buffer {
	if t.averages != nil {
		return t.averages
	}
	return t.weights
}

// average emits what moves the averages of the parameters that are learnt by gradients, or of those that are not, which are copied.
func (t *Trainer) average(l *model.Lowered, learnt bool) (ops []kernels.Op) {
	if t.averages == nil {
		return nil
	}
	for _, p := range t.model.Params {
		if l.Gradient(p) == nil || p.NonTrainable == learnt {
			continue
		}
		w := l.Param(p)
		_, offset := w.Root()
		op := kernels.WeightAverage{W: w, Average: t.averages.View("average "+p.Name, offset, p.Shape...), Step: t.step, Halt: t.halt}
		if learnt {
			op.Momentum, op.Overwrite = t.ema.Momentum, t.ema.Overwrite
		}
		ops = append(ops, op)
	}
	return ops
}
