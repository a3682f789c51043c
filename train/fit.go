package train

import (
	"context"
	"errors"
	"math"
	"time"

	"cnn-gpu/kernels"
	"cnn-gpu/train/data"
	"cnn-gpu/train/internal/loader"
)

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
