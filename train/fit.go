package train

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"cnn-gpu/kernels"
	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
	"cnn-gpu/train/internal/loader"
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

// progressInterval is the time between two looks at the device while an epoch runs.
const progressInterval = 100 * time.Millisecond

// Fit trains the model for a number of epochs and returns their history. When the context ends, it stops after the current
// batch and returns the context's error; the trainer can go on from there. After [Trainer.LoadCheckpoint] it goes on where the
// checkpoint was taken, and Epochs counts from the start of the interrupted Fit.
func (t *Trainer) Fit(ctx context.Context, set data.Set, o FitOptions) (history []Epoch, err error) {
	o = o.withDefaults()
	if ctx == nil {
		return nil, errNoContext
	}
	if err := t.CheckFit(set, o); err != nil {
		return nil, err
	}
	o.Batch = min(o.Batch, set.Len())
	p := pace{Batch: o.Batch, Examples: set.Len()}
	if t.schedule != nil {
		p.ScheduleEpochs = o.ScheduleEpochs
	}
	if o.Augment != nil {
		p.Augment = o.Augment.String()
	}
	if err := t.begin(p); err != nil {
		return nil, err
	}
	f := &fitting{Trainer: t, set: set, options: o, saved: time.Now()}
	defer func() { err = errors.Join(err, f.leave()) }()
	if err := f.prepare(ctx); err != nil {
		return nil, err
	}
	for t.position.Fit < o.Epochs && !o.Stalls(t.ofFit()) {
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

// fitting is a Fit under way.
type fitting struct {
	*Trainer
	set      data.Set
	options  FitOptions
	training *Step
	resident *resident // the set on the device, with the training step; nil if its examples are loaded
	beside   *resident // the validation set
	losses   []float64 // after each complete epoch
	saved    time.Time // when the last checkpoint was taken

	watch    watch
	upcoming map[int]*upcoming // by epoch, drawn while the device works on the one before
	begun    time.Time         // when the epoch began, had it not been interrupted
	done     int               // images since then
	looked   time.Time
}

// prepare compiles all that the epochs run, so that what does not fit into the device's memory is known before the first.
func (f *fitting) prepare(ctx context.Context) error {
	batch, validates := f.options.Batch, f.options.Validation != nil
	steps, list := f.fits, f.trainingList
	if f.mixes() {
		steps, list = f.mixed, f.mixedTrainingList
	}
	emit := func(batch int) []*OpList {
		lists := []*OpList{list(batch)}
		if validates {
			lists = append(lists, f.evaluationList(batch))
		}
		return lists
	}
	err := f.checkHost(batch, emit)
	if err != nil {
		return err
	}
	if err := f.reside(ctx, batch); err != nil {
		return err
	}
	compiled := 1
	if f.resident == nil {
		f.training, err = f.compiled(steps, batch, list)
	}
	if err == nil && validates && f.beside == nil {
		compiled = 2
		_, err = f.eval(batch)
	}
	return f.orSmaller(err, batch, compiled, emit)
}

// epoch runs the rest of the current epoch.
func (f *fitting) epoch(ctx context.Context) error {
	f.losses = f.epochLosses()
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
	seconds := f.elapsed.Seconds()
	epoch := Epoch{
		Epoch: f.position.Epoch + 1, Training: result, LearningRate: f.scheduledRate(), Seconds: seconds, ImagesPerSecond: float64(f.done) / seconds,
		Waited: f.watch.waited,
	}
	f.report(result)
	if f.options.Validation != nil {
		validation, err := f.EvaluateEach(ctx, f.options.Validation, f.options.Batch, f.options.OnPrediction)
		if err != nil {
			return f.interrupted(ctx, err)
		}
		if math.IsNaN(validation.Loss) || math.IsInf(validation.Loss, 0) {
			return &NotFiniteError{Epoch: epoch.Epoch, What: validationLoss}
		}
		epoch.Validation = &validation
	}
	epoch.Stopped = f.options.Stalls(append(f.ofFit(), epoch))
	f.history = append(f.history, epoch)
	f.position, f.elapsed = Position{Epoch: f.position.Epoch + 1, Fit: f.position.Fit + 1}, 0
	if f.options.OnEpoch != nil {
		if err := f.options.OnEpoch(epoch); err != nil {
			return err
		}
	}
	return f.checkpoint()
}

// batches trains on the rest of the epoch's batches.
func (f *fitting) batches(ctx context.Context) error {
	f.looked = time.Now()
	f.begun = f.looked.Add(-f.elapsed)
	if err := f.watch.start(f.device, f.looked); err != nil {
		return err
	}
	epoch := f.position.Epoch
	u := f.upcoming[epoch]
	if u == nil {
		u = f.draw(epoch)
	}
	f.upcoming = map[int]*upcoming{epoch: u}
	f.done = min(f.position.Batch*f.options.Batch, len(u.order))
	run := f.load
	if f.resident != nil {
		run = f.runAhead
	}
	if err := run(ctx, u); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		f.elapsed = time.Since(f.begun)
		if _, halted := f.look(); halted != nil {
			return halted // nothing that could go on is there to be saved
		}
		return f.interrupted(ctx, err)
	}
	return nil
}

// load trains on batches that the host fills.
func (f *fitting) load(ctx context.Context, u *upcoming) error {
	l := loader.Start(ctx, f.examples(), u.order[f.done:], f.options.Batch)
	defer l.Stop()
	for b := range l.Batches {
		if err := f.trainOn(b); err != nil {
			return err
		}
		l.Done(b)
		if err := f.lookNowAndThen(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			break
		}
	}
	return nil
}

// examples is the set as it is seen in the epoch under way.
func (f *fitting) examples() data.Set {
	if f.options.Augment == nil {
		return f.Input(f.set)
	}
	return loader.Augment(f.set, f.options.Augment, f.normalization, f.seed, f.position.Epoch)
}

// interrupted saves what is done if the context has ended.
func (f *fitting) interrupted(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return errors.Join(err, f.checkpoint())
}

// mixes says whether examples are mixed of two.
func (f *fitting) mixes() bool { return f.options.Augment != nil && f.options.Augment.Mixes() }

// run runs the step on a batch.
func (f *fitting) run(b *loader.Batch) error {
	if f.mixes() {
		return f.training.runMixed(b)
	}
	return f.training.RunExamples(b.Examples)
}

// trainOn runs one batch.
func (f *fitting) trainOn(b *loader.Batch) error {
	if b.Err != nil {
		return b.Err
	}
	if err := f.followSchedule(); err != nil {
		return err
	}
	if err := f.run(b); err != nil {
		return err
	}
	f.position.Batch++
	f.done += b.Count
	return nil
}

// lookNowAndThen reports the progress and saves a checkpoint when it is time to.
func (f *fitting) lookNowAndThen() error {
	saves, reports := f.due()
	if !saves && !reports {
		return nil
	}
	result, err := f.look()
	if err != nil {
		return err
	}
	return f.tell(result, saves, reports)
}

// due says whether it is time for a checkpoint, and for a report.
func (f *fitting) due() (saves, reports bool) {
	saves = f.options.CheckpointSteps > 0 && f.position.Batch%f.options.CheckpointSteps == 0
	select {
	case <-f.options.CheckpointNow:
		saves = true
	default:
	}
	return saves, time.Since(f.looked) >= progressInterval
}

// tell reports the progress and saves a checkpoint.
func (f *fitting) tell(result Result, saves, reports bool) error {
	if reports {
		f.looked = time.Now()
		f.report(result)
		saves = saves || f.options.CheckpointEvery > 0 && time.Since(f.saved) >= f.options.CheckpointEvery
	}
	if saves {
		return f.checkpoint()
	}
	return nil
}

// look reads the epoch's means from the device, and whether training was halted.
func (f *fitting) look() (Result, error) {
	result, err := f.training.Result()
	f.elapsed = time.Since(f.begun)
	var halted *NotFiniteError
	if errors.As(err, &halted) {
		return Result{}, f.explainHalt(halted.Step)
	}
	if err == nil {
		err = f.watch.look(f.device, time.Now())
	}
	return result, err
}

func (f *fitting) report(r Result) {
	if f.options.OnProgress == nil {
		return
	}
	f.options.OnProgress(Progress{
		Epoch: f.position.Fit + 1, Epochs: f.options.Epochs,
		Batch: f.position.Batch, Batches: f.batchesPerEpoch(),
		Result: r, LearningRate: f.scheduledRate(), ImagesPerSecond: float64(f.done) / f.elapsed.Seconds(),
		Waited: f.watch.waited,
	})
}

func (f *fitting) batchesPerEpoch() int {
	return kernels.CeilDiv(f.set.Len(), min(f.options.Batch, f.set.Len()))
}

func (f *fitting) checkpoint() error {
	f.saved = time.Now()
	if f.options.Checkpoint == nil {
		return nil
	}
	return f.options.Checkpoint()
}
