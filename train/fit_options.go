package train

import (
	"errors"
	"fmt"
	"time"

	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
)

// FitOptions say how long and on what a model is trained.
type FitOptions struct {
	Epochs int // 1 if 0
	Batch  int // DefaultBatch if 0; the whole set if it is smaller
	// ScheduleEpochs are those that the schedule of the learning rate is for; Epochs if 0. A Fit that is longer goes on with the rate at
	// which the schedule ends.
	ScheduleEpochs int
	// Patience stops a Fit early when the loss on the validation data or, without any, that of training has not fallen for so many epochs.
	// Never if 0.
	Patience   int
	Validation data.Set // evaluated after each epoch; none if nil. See [data.Split]
	// Augment transforms the pictures that are trained on, by numbers that follow from the trainer's seed, the epoch and the picture; never those
	// of Validation. Examples that have no one class cannot be mixed. None if nil.
	Augment *augment.Pipeline

	OnStart    func(Start)       // called once before the first step, where the device has memory of its own
	OnProgress func(Progress)    // called at most ten times a second, and at the end of each epoch
	OnEpoch    func(Epoch) error // called after each epoch; an error ends the training
	// OnPrediction is called for each example of Validation after each epoch, before OnEpoch, as [Trainer.EvaluateEach] does.
	OnPrediction func(i int, label int32, probabilities []float32)

	// Checkpoint is called after each epoch, when CheckpointEvery has passed since the last call, after CheckpointSteps steps of an
	// epoch, after a value from CheckpointNow, and when the context ends the training, so that it may call [Trainer.SaveCheckpoint], or
	// [Trainer.Snapshot] to save beside the training.
	Checkpoint      func() error
	CheckpointEvery time.Duration // not within an epoch if 0
	CheckpointSteps int           // not within an epoch if 0
	CheckpointNow   <-chan struct{}
}

// Progress is how an epoch goes on.
type Progress struct {
	Epoch, Epochs   int // from 1
	Batch, Batches  int
	Result          Result  // over the epoch's examples so far
	LearningRate    float64 // of the last step; 0 without a schedule
	ImagesPerSecond float64
	Waited          *float64 // the share of the time since the epoch began, or was resumed, in which the device had nothing to do; nil where it has no clock of its own
}

// Result is a mean over examples.
type Result struct {
	Loss     float64 `json:"loss"`
	Accuracy float64 `json:"accuracy"` // 0 unless the metric was asked for
	Examples int     `json:"examples"`
}

// Epoch is what an epoch of training achieved.
type Epoch struct {
	Epoch           int     `json:"epoch"` // from 1
	Training        Result  `json:"training"`
	LearningRate    float64 `json:"learning_rate,omitempty"` // of the last step; 0 without a schedule
	Validation      *Result `json:"validation,omitempty"`
	ImagesPerSecond float64 `json:"images_per_second"` // of training
	Seconds         float64 `json:"seconds"`           // of training
	// Waited is the share of the time of training in which the device waited for the host; nil where it is the host, or simulated.
	Waited  *float64 `json:"waited,omitempty"`
	Stopped bool     `json:"stopped,omitempty"` // early, as FitOptions.Patience says
}

func (o FitOptions) withDefaults() FitOptions {
	if o.Epochs == 0 {
		o.Epochs = 1
	}
	if o.Batch == 0 {
		o.Batch = DefaultBatch
	}
	if o.ScheduleEpochs == 0 {
		o.ScheduleEpochs = o.Epochs
	}
	return o
}

var errNoContext = errors.New("train: the context is nil; give context.Background() if nothing ends it")

var errNoOptimizer = errors.New("train: fit needs an optimizer; give Compile one")

// CheckFit says what would keep Fit from training.
func (t *Trainer) CheckFit(set data.Set, o FitOptions) error {
	o = o.withDefaults()
	switch {
	case isNil(set):
		return errNoData
	case t.optimizer == nil:
		return errNoOptimizer
	case len(t.model.Params) == 0:
		return errors.New("train: the model has no parameters to train; add a Dense or Conv2D layer")
	case t.gradients.Elements() == 0:
		return errors.New("train: all layers with parameters are frozen, so that there is nothing to train; leave one of them as it is, such as the last")
	case o.Epochs < 0 || o.Batch < 0:
		return fmt.Errorf("train: %d epochs in batches of %d; give at least 1 of each", o.Epochs, o.Batch)
	case o.Patience < 0:
		return fmt.Errorf("train: a patience of %d epochs; give at least 1, or 0 to never stop early", o.Patience)
	case o.ScheduleEpochs < 0:
		return fmt.Errorf("train: a schedule for %d epochs; give at least 1", o.ScheduleEpochs)
	}
	if err := t.CheckData(set); err != nil {
		return err
	}
	if err := (&fitting{Trainer: t, set: set, options: o}).checkSchedule(); err != nil {
		return err
	}
	if o.Augment != nil {
		if err := o.Augment.Check(set.Shape()); err != nil {
			return fmt.Errorf("train: %w", err)
		}
		if o.Augment.Mixes() && t.targets != data.ClassLabels {
			return fmt.Errorf("train: the augmentation mixes two examples, which takes one class of each, and the examples have %v (Options.Targets); leave mixup and cutmix out", t.targets)
		}
	}
	if o.Validation != nil {
		return t.CheckData(o.Validation)
	}
	return nil
}
