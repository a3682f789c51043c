package train

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cnn-gpu/device"
	"cnn-gpu/internal/wording"
	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
	"cnn-gpu/train/internal/loader"
)

// Start says where a device with memory of its own finds the images that are trained on.
type Start struct {
	Resident int64  // bytes of the images on the device, so that the steps need nothing from the host; 0 if the host fills the batches
	Loads    string // why the host does
}

func (s Start) String() string {
	if s.Resident > 0 {
		return fmt.Sprintf("The images, %s, lie on the GPU.", wording.Bytes(s.Resident))
	}
	return fmt.Sprintf("The images are copied to the GPU batch by batch: %s.", s.Loads)
}

// pacing is how many steps run before the host looks at the device again, so that the device hardly ever waits for the host, nor a person for
// the progress or for the end after Ctrl-C.
type pacing struct{ steps int }

// lookInterval is about how long the device runs between two looks.
const lookInterval = progressInterval / 2

// next is how many of the steps that are left to run now.
func (p *pacing) next(left int) int {
	p.steps = max(p.steps, 1)
	return min(p.steps, left)
}

// took learns from so many steps how many take the interval.
func (p *pacing) took(steps int, t time.Duration) {
	const growth = 8 // the first steps take longer than the others
	want := growth * p.steps
	if t > 0 {
		want = min(want, int(lookInterval*time.Duration(steps)/t))
	}
	p.steps = max(want, 1)
}

// reside puts the set and that for validation on the device, where they can be there.
func (f *fitting) reside(ctx context.Context, batch int) (err error) {
	var start Start
	if _, isAccelerator := f.device.(device.Accelerator); !isAccelerator {
		return nil
	}
	if f.resident, start.Loads, err = f.residentTraining(ctx, f.set, batch, f.options.Augment); err != nil {
		return err
	}
	if f.resident != nil {
		f.training, start.Resident = f.resident.step, int64(f.resident.gather.Pixels.Bytes())
	}
	if f.options.Validation != nil {
		f.beside, _, err = f.Trainer.reside(ctx, f.options.Validation, batch, f.evaluationListOf)
	}
	if err == nil && f.options.OnStart != nil {
		f.options.OnStart(start)
	}
	return err
}

// residentTraining puts a set on the device with the training step; its pictures may be moved and mirrored by a pipeline.
func (t *Trainer) residentTraining(ctx context.Context, set data.Set, batch int, pipeline *augment.Pipeline) (*resident, string, error) {
	if len(t.classWeights) > 0 {
		return nil, "the classes have weights", nil
	}
	if pipeline == nil {
		return t.reside(ctx, set, batch, t.residentTrainingList)
	}
	fill, only := pipeline.Places()
	if !only {
		return nil, "they are transformed by more than moving and mirroring them by whole pixels", nil
	}
	r, why, err := t.reside(ctx, set, batch, t.movedTrainingList)
	if r != nil {
		err = r.fillWith(fill)
	}
	return r, why, err
}

// upcoming is what an epoch takes of the host where the device gathers the batches.
type upcoming struct {
	order  []int   // of the examples
	places []int32 // where each comes to lie, if they are moved
}

// draw makes the order of an epoch, and what else is drawn for it.
func (f *fitting) draw(epoch int) *upcoming {
	u := &upcoming{order: loader.Shuffled(f.set.Len(), f.seed, epoch)}
	if f.resident == nil || f.resident.gather.Places == nil {
		return u
	}
	shape := f.set.Shape()
	u.places = make([]int32, 0, f.resident.gather.Places.Elements())
	for _, example := range u.order {
		p := f.options.Augment.Place(shape, f.seed, epoch, example)
		for _, v := range []int{p.Row, p.RowStep, p.Column, p.ColumnStep, p.Top, p.Bottom, p.Left, p.Right} {
			u.places = append(u.places, int32(v))
		}
	}
	u.places = u.places[:cap(u.places)]
	return u
}

// leave takes the sets off the device.
func (f *fitting) leave() error {
	var errs []error
	for _, r := range []*resident{f.resident, f.beside} {
		if r != nil {
			errs = append(errs, r.close())
		}
	}
	return errors.Join(errs...)
}

// runAhead trains on batches that the device gathers, many at a time.
func (f *fitting) runAhead(ctx context.Context, u *upcoming) error {
	if err := f.resident.start(u.order, u.places, f.position.Batch, f.epochRates()); err != nil {
		return err
	}
	for f.position.Batch < f.batchesPerEpoch() && ctx.Err() == nil {
		steps := f.resident.ahead.next(f.untilCheckpoint())
		begun := f.clock()
		if err := f.resident.run(steps); err != nil {
			return err
		}
		if next := f.position.Epoch + 1; f.upcoming[next] == nil {
			f.upcoming[next] = f.draw(next)
		}
		f.position.Batch += steps
		f.done = min(f.position.Batch*f.options.Batch, len(u.order))
		if f.schedule != nil {
			f.learningRate = f.scheduledRate()
		}
		result, err := f.look()
		if err != nil {
			return err
		}
		f.resident.ahead.took(steps, f.clock().Sub(begun))
		saves, reports := f.due()
		if err := f.tell(result, saves, reports); err != nil {
			return err
		}
	}
	return nil
}

// untilCheckpoint is how many steps are left until one is due for its number, or the epoch ends.
func (f *fitting) untilCheckpoint() int {
	left := f.batchesPerEpoch() - f.position.Batch
	if every := f.options.CheckpointSteps; every > 0 {
		left = min(left, every-f.position.Batch%every)
	}
	return left
}

// epochRates are the learning rates of the epoch's steps; none without a schedule.
func (f *fitting) epochRates() (rates []float32) {
	if f.schedule == nil {
		return nil
	}
	perEpoch := f.batchesPerEpoch()
	for batch := range perEpoch {
		rates = append(rates, float32(f.rateAt(f.position.Fit*perEpoch+batch)))
	}
	return rates
}
