package train

import (
	"context"

	"cnn-gpu/train/data"
	"cnn-gpu/train/internal/loader"
)

// ResidentStep is a training step on a set that lies on the device, which [Trainer.Fit] repeats where it can: one batch after the other, in
// the order of the set and then anew. It is for timing; like a [Step] it moves no position and follows no schedule.
type ResidentStep struct {
	*Step

	resident *resident
	next     int // batch
}

// ResidentTrainingStep puts a set on the device and compiles the step. It is nil where the host has to fill the batches.
func (t *Trainer) ResidentTrainingStep(ctx context.Context, set data.Set, batch int) (*ResidentStep, error) {
	if t.optimizer == nil {
		return nil, errNoOptimizer
	}
	if batch == 0 {
		batch = DefaultBatch
	}
	r, _, err := t.residentTraining(ctx, set, batch, nil)
	if r == nil {
		return nil, err
	}
	return &ResidentStep{Step: r.step, resident: r}, nil
}

// RunAhead runs as many steps as Fit would, at most so many, and waits for the device.
func (s *ResidentStep) RunAhead(most int) (steps int, err error) {
	r := s.resident
	if s.next %= r.gather.Batches; s.next == 0 {
		var rates []float32
		if r.rates != nil {
			rates = make([]float32, r.gather.Batches)
			for i := range rates {
				rates[i] = float32(s.trainer.learningRate)
			}
		}
		if err := r.start(loader.InOrder(r.gather.Of), nil, 0, rates); err != nil {
			return 0, err
		}
	}
	steps = r.ahead.next(min(most, r.gather.Batches-s.next))
	begun := s.trainer.clock()
	if err := r.run(steps); err != nil {
		return 0, err
	}
	if _, err := s.Result(); err != nil {
		return 0, err
	}
	r.ahead.took(steps, s.trainer.clock().Sub(begun))
	s.next += steps
	return steps, nil
}

// Rewind goes back to the first batch.
func (s *ResidentStep) Rewind() { s.next = 0 }

// Close takes the set off the device.
func (s *ResidentStep) Close() error { return s.resident.close() }
