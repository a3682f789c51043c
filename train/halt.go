package train

import (
	"errors"
	"fmt"
	"math"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train/internal/loader"
)

// NotFiniteError says that training met a value that is no finite number. The weights are those from before the step.
type NotFiniteError struct {
	Step  int    // of all steps, from 1; 0 where it is the validation's loss
	Epoch int    // from 1
	Layer string // the first layer whose value or gradient is not finite; empty from a [Step], which does not look for it
	What  string // "output", "gradient" or "validation loss"
	// OnlyFast says that the sums as they stand are finite, and only the faster algorithms overflow: Options.Strict leaves them out.
	OnlyFast bool
}

const validationLoss = "validation loss"

func (e *NotFiniteError) Error() string {
	if e.What == validationLoss {
		return fmt.Sprintf("train: epoch %d: the loss on the validation data is not finite; check that data, or try a lower learning rate", e.Epoch)
	}
	if e.OnlyFast {
		return fmt.Sprintf("train: step %d (epoch %d): the loss or a gradient is not finite, but only by the faster algorithms, whose sums overflow earlier; "+
			"the weights from before that step are kept: scale the data down, try a lower learning rate, or train with Strict (--strict)", e.Step, e.Epoch)
	}
	if e.Layer == "" {
		return fmt.Sprintf("train: step %d (epoch %d): the loss or a gradient is not finite; the weights from before that step are kept: try a lower learning rate, or check the data",
			e.Step, e.Epoch)
	}
	return fmt.Sprintf("train: step %d (epoch %d): the %s of layer %q is not finite; the weights from before that step are kept: try a lower learning rate, or check the data",
		e.Step, e.Epoch, e.What, e.Layer)
}

// explainHalt finds the layer at which values stopped being finite, by running the step again that halted the training, with
// the weights as they were before it, and with every sum as it stands: faster algorithms carry what is not finite to values that do not see it.
func (f *fitting) explainHalt(step int) error {
	var now [1]int32
	if err := f.device.Download(now[:], f.step); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	// The device is looked at in every epoch, so the step is one of this epoch's.
	behind := int(now[0]) - step
	return f.findNotFinite(step, f.position.Batch-1-behind)
}

// findNotFinite runs the batch at index at of the epoch with every value kept.
func (f *fitting) findNotFinite(step, at int) (err error) {
	order := loader.Shuffled(f.set.Len(), f.seed, f.position.Epoch)
	size := f.options.Batch
	set := f.examples()
	b := loader.NewBatch(set, size)
	b.Fill(set, order[at*size:min((at+1)*size, len(order))])
	if b.Err != nil {
		return b.Err
	}
	stepBuffer := kernels.Kept("step", kernels.Int32, 1)
	labels := labelsOf(size)
	o := f.trainingOptions(labels)
	o.Step, o.Keep = stepBuffer, true
	o.Gradients = f.model.GradientBuffer("gradients")
	l := f.model.Lower(size, o)
	loss := f.bindLoss(l, labels, true)
	loss.PerItem.Keep = true
	loss.weights = f.training.List.SampleWeights
	var m *mixing
	if f.mixes() {
		m = newMixing(size)
	}
	forward, backward := f.objective(loss, l, m)
	ops := append(model.Ops(l.Forward), forward...)
	ops = append(ops, kernels.Zero{Y: o.Gradients})
	ops = append(ops, backward...)
	ops = append(ops, model.Ops(l.Backward)...)
	ops = append(ops, l.PenaltyGradients()...)
	program, err := f.device.Compile(ops, device.CompileOptions{Strict: true})
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	defer func() { err = errors.Join(err, f.discard(program)) }()
	inputs := map[*kernels.Buffer]any{l.Input: b.X, loss.Labels: b.Labels, stepBuffer: []int32{int32(step)}}
	if loss.Given {
		inputs[loss.Targets] = b.Targets
	}
	if loss.weights != nil {
		inputs[loss.weights] = f.training.weigh(b.Labels, b.Weights)
	}
	for buffer, src := range inputs {
		if err := f.device.Upload(buffer, src); err != nil {
			return fmt.Errorf("train: %w", err)
		}
	}
	if err := m.upload(f.training, b); err != nil {
		return err
	}
	if err := program.Run(); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	found := &NotFiniteError{Step: step, Epoch: f.position.Epoch + 1, What: "output"}
	for _, n := range f.model.Nodes[:len(l.Forward)+1] {
		if bad, err := f.notFinite(l.Value(n)); bad || err != nil {
			found.Layer = n.Name
			return orError(err, found)
		}
	}
	if bad, err := f.notFinite(loss.PerItem); bad || err != nil {
		found.Layer = f.output.Name
		return orError(err, found)
	}
	for _, s := range l.Backward {
		if s.Node.Frozen {
			continue
		}
		for _, p := range s.Node.Layer.Params() {
			if bad, err := f.notFinite(l.Gradient(p)); bad || err != nil {
				found.Layer, found.What = s.Node.Name, "gradient"
				return orError(err, found)
			}
		}
	}
	found.What, found.OnlyFast = "", true
	return found
}

func orError(err error, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}

// notFinite says whether a kept value holds a NaN or an infinity.
func (t *Trainer) notFinite(b *kernels.Buffer) (bool, error) {
	values := make([]float32, b.Elements())
	if err := t.device.Download(values, b); err != nil {
		return false, fmt.Errorf("train: %w", err)
	}
	for _, v := range values {
		if math.IsNaN(float64(v)) || math.IsInf(float64(v), 0) {
			return true, nil
		}
	}
	return false, nil
}
