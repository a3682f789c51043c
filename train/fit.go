package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"cnn-gpu/train/data"
	"cnn-gpu/train/internal/loader"
)

// FitOptions say how long and on what a model is trained.
type FitOptions struct {
	Epochs     int      // 1 if 0
	Batch      int      // DefaultBatch if 0; the whole set if it is smaller
	Validation data.Set // evaluated after each epoch; none if nil. See [data.Split]

	OnProgress func(Progress)    // called at most ten times a second, and at the end of each epoch
	OnEpoch    func(Epoch) error // called after each epoch; an error ends the training

	// Checkpoint is called after each epoch, when CheckpointEvery has passed since the last call, after a value from CheckpointNow, and
	// when the context ends the training, so that it may call [Trainer.SaveCheckpoint].
	Checkpoint      func() error
	CheckpointEvery time.Duration
	CheckpointNow   <-chan struct{}
}

// Progress is how an epoch goes on.
type Progress struct {
	Epoch, Epochs   int // from 1
	Batch, Batches  int
	Result          Result // over the epoch's examples so far
	ImagesPerSecond float64
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
	Validation      *Result `json:"validation,omitempty"`
	ImagesPerSecond float64 `json:"images_per_second"` // of training
	Seconds         float64 `json:"seconds"`           // of training
}

// progressInterval is the time between two looks at the device while an epoch runs.
const progressInterval = 100 * time.Millisecond

// Fit trains the model for a number of epochs and returns their history. When the context ends, it stops after the current
// batch and returns the context's error; the trainer can go on from there. After [Trainer.LoadCheckpoint] it goes on where the
// checkpoint was taken, and Epochs counts from the start of the interrupted Fit.
func (t *Trainer) Fit(ctx context.Context, set data.Set, o FitOptions) ([]Epoch, error) {
	o = o.withDefaults()
	if err := t.CheckFit(set, o); err != nil {
		return nil, err
	}
	o.Batch = min(o.Batch, set.Len())
	f := &fitting{Trainer: t, set: set, options: o, saved: time.Now()}
	if err := f.prepare(); err != nil {
		return nil, err
	}
	for t.position.Fit < o.Epochs {
		if err := f.epoch(ctx); err != nil {
			return t.history, err
		}
	}
	t.position.Fit = 0
	return t.history, nil
}

func (o FitOptions) withDefaults() FitOptions {
	if o.Epochs == 0 {
		o.Epochs = 1
	}
	if o.Batch == 0 {
		o.Batch = DefaultBatch
	}
	return o
}

var errNoOptimizer = errors.New("train: fit needs an optimizer; give Compile one")

// CheckFit says what would keep Fit from training.
func (t *Trainer) CheckFit(set data.Set, o FitOptions) error {
	o = o.withDefaults()
	switch {
	case t.optimizer == nil:
		return errNoOptimizer
	case len(t.model.Params) == 0:
		return errors.New("train: the model has no parameters to train; add a Dense or Conv2D layer")
	case o.Epochs < 0 || o.Batch < 0:
		return fmt.Errorf("train: %d epochs in batches of %d; give at least 1 of each", o.Epochs, o.Batch)
	}
	if err := t.CheckData(set); err != nil {
		return err
	}
	if o.Validation != nil {
		return t.CheckData(o.Validation)
	}
	return nil
}

// CheckData says why a data set does not fit the model.
func (t *Trainer) CheckData(set data.Set) error {
	if !slices.Equal(set.Shape(), t.model.Input.Shape) {
		return fmt.Errorf("train: %s has images %v, the model takes %v; change the model's input or choose other data", set.Name(), set.Shape(), t.model.Input.Shape)
	}
	if classes := t.output.Shape[0]; len(set.Classes()) > classes {
		return fmt.Errorf("train: %s has %d classes, the model's last layer has %d units; give it one unit for each class", set.Name(), len(set.Classes()), classes)
	}
	if set.Len() == 0 {
		return fmt.Errorf("train: %s has no examples", set.Name())
	}
	return nil
}

// fitting is a Fit under way.
type fitting struct {
	*Trainer
	set      data.Set
	options  FitOptions
	training *Step
	saved    time.Time // when the last checkpoint was taken

	begun  time.Time // when this Fit began with the epoch
	done   int       // images since then
	looked time.Time
}

// prepare compiles all that the epochs run, so that what does not fit into the device's memory is known before the first.
func (f *fitting) prepare() error {
	batch, validates := f.options.Batch, f.options.Validation != nil
	emit := func(batch int) []*OpList {
		lists := []*OpList{f.trainingList(batch)}
		if validates {
			lists = append(lists, f.evaluationList(batch))
		}
		return lists
	}
	err := f.checkHost(batch, emit)
	if err != nil {
		return err
	}
	compiled := 1
	if f.training, err = f.fit(batch); err == nil && validates {
		compiled = 2
		_, err = f.eval(batch)
	}
	return f.orSmaller(err, batch, compiled, emit)
}

// epoch runs the rest of the current epoch.
func (f *fitting) epoch(ctx context.Context) error {
	if f.position.Batch == 0 {
		if err := f.training.Reset(); err != nil {
			return err
		}
	}
	if err := f.batches(ctx); err != nil {
		return err
	}
	result, err := f.look()
	if err != nil {
		return err
	}
	seconds := time.Since(f.begun).Seconds()
	epoch := Epoch{
		Epoch: f.position.Epoch + 1, Training: result, Seconds: seconds, ImagesPerSecond: float64(f.done) / seconds,
	}
	f.report(result)
	if f.options.Validation != nil {
		validation, err := f.Evaluate(ctx, f.options.Validation, f.options.Batch)
		if err != nil {
			return f.interrupted(ctx, err)
		}
		if math.IsNaN(validation.Loss) || math.IsInf(validation.Loss, 0) {
			return fmt.Errorf("train: epoch %d: the loss on the validation data is not finite; check that data, or try a lower learning rate", epoch.Epoch)
		}
		epoch.Validation = &validation
	}
	f.history = append(f.history, epoch)
	f.position = Position{Epoch: f.position.Epoch + 1, Fit: f.position.Fit + 1}
	if f.options.OnEpoch != nil {
		if err := f.options.OnEpoch(epoch); err != nil {
			return err
		}
	}
	return f.checkpoint()
}

// batches trains on the rest of the epoch's batches.
func (f *fitting) batches(ctx context.Context) error {
	order := loader.Shuffled(f.set.Len(), f.seed, f.position.Epoch)
	l := loader.Start(ctx, f.set, order[min(f.position.Batch*f.options.Batch, len(order)):], f.options.Batch)
	defer l.Stop()
	f.begun, f.done, f.looked = time.Now(), 0, time.Now()
	for b := range l.Batches {
		if err := f.trainOn(b); err != nil {
			return err
		}
		l.Done(b)
		if err := f.lookNowAndThen(); err != nil {
			return err
		}
		select {
		case <-f.options.CheckpointNow:
			if err := f.checkpoint(); err != nil {
				return err
			}
		default:
		}
		if ctx.Err() != nil {
			break
		}
	}
	if err := ctx.Err(); err != nil {
		return f.interrupted(ctx, err)
	}
	return nil
}

// interrupted saves what is done if the context has ended.
func (f *fitting) interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return errors.Join(err, f.checkpoint())
}

// trainOn runs one batch.
func (f *fitting) trainOn(b *loader.Batch) error {
	if b.Err != nil {
		return b.Err
	}
	if err := f.training.Run(b.X, b.Labels); err != nil {
		return err
	}
	f.position.Batch++
	f.done += b.Count
	return nil
}

// lookNowAndThen reports the progress and saves a checkpoint when it is time to.
func (f *fitting) lookNowAndThen() error {
	if time.Since(f.looked) < progressInterval {
		return nil
	}
	f.looked = time.Now()
	result, err := f.look()
	if err != nil {
		return err
	}
	f.report(result)
	if f.options.CheckpointEvery > 0 && time.Since(f.saved) >= f.options.CheckpointEvery {
		return f.checkpoint()
	}
	return nil
}

// look reads the epoch's means from the device, and whether training was halted.
func (f *fitting) look() (Result, error) {
	result, err := f.training.Result()
	var halted *NotFiniteError
	if errors.As(err, &halted) {
		return Result{}, f.explainHalt(halted.Step)
	}
	return result, err
}

func (f *fitting) report(r Result) {
	if f.options.OnProgress == nil {
		return
	}
	f.options.OnProgress(Progress{
		Epoch: f.position.Fit + 1, Epochs: f.options.Epochs,
		Batch: f.position.Batch, Batches: (f.set.Len() + f.options.Batch - 1) / f.options.Batch,
		Result: r, ImagesPerSecond: float64(f.done) / time.Since(f.begun).Seconds(),
	})
}

func (f *fitting) checkpoint() error {
	f.saved = time.Now()
	if f.options.Checkpoint == nil {
		return nil
	}
	return f.options.Checkpoint()
}
