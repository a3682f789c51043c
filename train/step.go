package train

import (
	"errors"
	"fmt"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/train/internal/loader"
)

// DefaultBatch is the number of examples in a step where none is given.
const DefaultBatch = 32

// Step is a training step or an evaluation, compiled for a number of examples: what [Trainer.Fit] and [Trainer.Evaluate] repeat, for
// loops of one's own. Steps of one trainer work on the same weights.
type Step struct {
	List *OpList // what it runs

	trainer *Trainer
	program device.Program
}

// TrainingStep compiles the step that Fit runs for batches of the given size (32 if 0). It takes the step's number and the learning rate
// from the trainer, where Fit left them, and adds to the same running means as Fit, but does not move [Trainer.Position] and follows no schedule.
func (t *Trainer) TrainingStep(batch int) (*Step, error) {
	if t.optimizer == nil {
		return nil, errNoOptimizer
	}
	return t.advised(batch, t.fit, t.trainingList)
}

// EvaluationStep compiles what computes probabilities and losses for batches of the given size (32 if 0).
func (t *Trainer) EvaluationStep(batch int) (*Step, error) {
	return t.advised(batch, t.eval, t.evaluationList)
}

// PredictionStep compiles what computes probabilities alone for batches of the given size (32 if 0), for [Step.Predict].
func (t *Trainer) PredictionStep(batch int) (*Step, error) {
	return t.advised(batch, t.prediction, t.predictionList)
}

// advised compiles a step; the error of one that needs too much memory names the largest batch that does not.
func (t *Trainer) advised(batch int, compile func(int) (*Step, error), emit func(int) *OpList) (*Step, error) {
	if batch == 0 {
		batch = DefaultBatch
	}
	s, err := compile(batch)
	return s, t.orSmaller(err, batch, 1, func(batch int) []*OpList { return []*OpList{emit(batch)} })
}

// fit is the training step for a batch size, compiled once.
func (t *Trainer) fit(batch int) (*Step, error) { return t.compiled(t.fits, batch, t.trainingList) }

// eval is the evaluation for a batch size, compiled once.
func (t *Trainer) eval(batch int) (*Step, error) { return t.compiled(t.evals, batch, t.evaluationList) }

// prediction is what Predict runs for a batch size, compiled once.
func (t *Trainer) prediction(batch int) (*Step, error) {
	return t.compiled(t.predicts, batch, t.predictionList)
}

func (t *Trainer) compiled(steps map[int]*Step, batch int, emit func(batch int) *OpList) (*Step, error) {
	if s := steps[batch]; s != nil {
		return s, nil
	}
	if err := t.model.CheckBatch(batch); err != nil {
		return nil, err
	}
	s := &Step{List: emit(batch), trainer: t}
	var err error
	if s.program, err = t.device.Compile(s.List.Ops(), t.compile); err != nil {
		return nil, fmt.Errorf("train: batch of %d: %w", batch, err)
	}
	steps[batch] = s
	return s, nil
}

// Batch is the number of examples that a run takes.
func (s *Step) Batch() int { return s.List.Batch }

// Program is the compiled list; the trainer closes it.
func (s *Step) Program() device.Program { return s.program }

// Run uploads a batch, x [Batch, shape...] and the numbers of the classes, and runs the step on it. A row whose label is -1 is no
// example. Run may return before the device has finished, but x and labels are free to be changed then.
func (s *Step) Run(x []float32, labels []int32) error {
	return s.RunExamples(Examples{X: x, Labels: labels})
}

// RunExamples is Run for examples that may have targets, as [Options.Targets] says, and weights.
func (s *Step) RunExamples(e Examples) error {
	if err := s.upload(e); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := s.program.Run(); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// runMixed is RunExamples where the examples may be mixed of two.
func (s *Step) runMixed(b *loader.Batch) error {
	if err := s.List.mixing.upload(s, b); err != nil {
		return err
	}
	return s.RunExamples(Examples{X: b.X, Labels: b.Labels})
}

// upload copies examples to the device.
func (s *Step) upload(e Examples) error {
	if (e.Targets != nil) != (s.List.Targets != nil) {
		return fmt.Errorf("there are %d targets beside the labels, where the trainer was compiled for %v; see Options.Targets", len(e.Targets), s.trainer.targets)
	}
	buffers := []*kernels.Buffer{s.List.Input, s.List.Labels}
	values := []any{e.X, e.Labels}
	if s.List.Targets != nil {
		buffers, values = append(buffers, s.List.Targets), append(values, e.Targets)
	}
	if s.List.SampleWeights != nil {
		buffers, values = append(buffers, s.List.SampleWeights), append(values, s.weigh(e.Labels, e.Weights))
	} else if e.Weights != nil {
		return errors.New("the examples have weights, and the trainer was compiled for none; see Options.SampleWeights")
	}
	for i, b := range buffers {
		if err := s.trainer.device.Upload(b, values[i]); err != nil {
			return err
		}
	}
	return nil
}

// weigh is how much each example weighs: its own weight, 1 if there are none, times, in training, its class's.
func (s *Step) weigh(labels []int32, own []float32) []float32 {
	weights := make([]float32, len(labels))
	for i, label := range labels {
		weights[i] = 1
		if own != nil {
			weights[i] = own[i]
		}
		if s.List.Rate != nil && label >= 0 && int(label) < len(s.trainer.classWeights) {
			weights[i] *= float32(s.trainer.classWeights[label])
		}
	}
	return weights
}

// Reset begins the running means anew.
func (s *Step) Reset() error { return s.trainer.clear(s.List.Totals) }

// Result waits for the device and returns the means over the examples of all runs since Reset. The error of a training that halted
// because a loss or a gradient was not finite is a [NotFiniteError] that names no layer.
func (s *Step) Result() (Result, error) {
	t := s.trainer
	if s.List.Rate != nil {
		var halt [1]int32
		if err := t.device.Download(halt[:], t.halt); err != nil {
			return Result{}, fmt.Errorf("train: %w", err)
		}
		if halt[0] != 0 {
			return Result{}, &NotFiniteError{Step: int(halt[0]), Epoch: t.position.Epoch + 1}
		}
	}
	sums := make([]float32, s.List.Totals.Elements())
	if err := t.device.Download(sums, s.List.Totals); err != nil {
		return Result{}, fmt.Errorf("train: %w", err)
	}
	count := max(float64(sums[kernels.TotalExamples]), 1)
	r := Result{Loss: float64(sums[kernels.TotalLoss]) / count, Examples: int(sums[kernels.TotalExamples])}
	if t.accuracy {
		r.Accuracy = float64(sums[kernels.TotalCorrect]) / count
	}
	return r, nil
}

// Probabilities waits for the device and copies what the last run of an evaluation gave each class, [Batch classes].
func (s *Step) Probabilities(dst []float32) error {
	if s.List.Probabilities == nil {
		return errors.New("train: a training step keeps no probabilities; use an EvaluationStep")
	}
	if err := s.trainer.device.Download(dst, s.List.Probabilities); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// Predict uploads a batch, x [Batch, shape...], runs the step and copies what it gave each class, [Batch classes], in one go.
func (s *Step) Predict(x, probabilities []float32) error {
	if s.List.Probabilities == nil {
		return errors.New("train: a training step keeps no probabilities; use a PredictionStep")
	}
	err := device.Call(s.trainer.device, s.program,
		[]device.Transfer{{Buffer: s.List.Input, Host: x}}, []device.Transfer{{Buffer: s.List.Probabilities, Host: probabilities}})
	if err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}
