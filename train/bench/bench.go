// Package bench times the steps of a trainer: whole ones as Fit and Predict run them, and each of their ops.
package bench

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"cnn-gpu/device"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
	"cnn-gpu/train/internal/loader"
)

// Result is how fast steps of one kind and batch size are.
type Result struct {
	Batch           int       `json:"batch"`
	Steps           int       `json:"steps"`                   // that were timed
	Median          float64   `json:"median_seconds"`          // of a step
	Min             float64   `json:"min_seconds"`             // of a step
	Graph           float64   `json:"graph_seconds,omitempty"` // of a step on a GPU from its graph, without the host's part: a median
	Launches        int       `json:"launches,omitempty"`      // of kernels in a step on a GPU
	Stages          int       `json:"stages,omitempty"`        // the most of them of which each waits for the one before
	Sampled         int       `json:"sampled,omitempty"`       // of the launches, on a simulated GPU: only some of their blocks ran and stand for all
	ImagesPerSecond float64   `json:"images_per_second"`       // at the median
	FirstStep       time.Time `json:"-"`                       // when the first step was done
	Profile         *Profile  `json:"profile,omitempty"`
}

// Options say what is timed and for how long.
type Options struct {
	Batch int           // train.DefaultBatch if 0
	Steps int           // 0: as many as there is time for
	Time  time.Duration // 1 s if 0; not used if Steps is given

	NoProfile bool // leave out the times of ops
}

// The steps of a window are timed together, so that neither the clock nor the wait for the device counts for much.
const window = 10 * time.Millisecond

// Fit times training steps on a data set as [train.Trainer.Fit] does them, batches gathered on the device or made and uploaded, and profiles them.
// The training that it does is undone.
func Fit(ctx context.Context, t *train.Trainer, set data.Set, o Options) (r *Result, err error) {
	if err := t.CheckFit(set, train.FitOptions{Batch: o.Batch}); err != nil {
		return nil, err
	}
	if err := checkBatch(o.Batch, set); err != nil {
		return nil, err
	}
	before, err := t.Snapshot()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.Restore(before)) }()
	resident, err := t.ResidentTrainingStep(ctx, set, o.Batch)
	if err != nil {
		return nil, err
	}
	if resident != nil {
		defer func() { err = errors.Join(err, resident.Close()) }()
		return (&stopwatch{step: resident.Step, resident: resident}).measure(ctx, set, o)
	}
	step, err := t.TrainingStep(o.Batch)
	if err != nil {
		return nil, err
	}
	w := &stopwatch{step: step, do: step.RunExamples, wait: func() error {
		_, err := step.Result()
		return err
	}}
	return w.measure(ctx, t.Input(set), o)
}

// Predict times steps that compute probabilities and download them, as [train.Trainer.Predict] does, and profiles them.
func Predict(ctx context.Context, t *train.Trainer, set data.Set, o Options) (*Result, error) {
	if err := checkBatch(o.Batch, set); err != nil {
		return nil, err
	}
	if err := t.CheckData(set); err != nil {
		return nil, err
	}
	step, err := t.PredictionStep(o.Batch)
	if err != nil {
		return nil, err
	}
	probabilities := make([]float32, step.List.Probabilities.Elements())
	w := &stopwatch{step: step, do: func(e train.Examples) error { return step.Predict(e.X, probabilities) }, wait: func() error { return nil }}
	return w.measure(ctx, t.Input(set), o)
}

// checkBatch wants whole batches: what a smaller one takes says nothing of the size that was asked for.
func checkBatch(batch int, set data.Set) error {
	if size := cmp.Or(batch, train.DefaultBatch); size < 1 || size > set.Len() {
		return fmt.Errorf("bench: a batch of %d of the %d examples of %s; give at least 1 and at most that", size, set.Len(), set.Name())
	}
	return nil
}

// measure times a step and profiles it.
func (w *stopwatch) measure(ctx context.Context, set data.Set, o Options) (*Result, error) {
	limit, step := cmp.Or(o.Time, time.Second), w.step
	watch := *w
	if err := watch.time(ctx, set, 1, limit); err != nil {
		return nil, err
	}
	schedule := step.Program().Schedule()
	r := &Result{Batch: step.Batch(), FirstStep: time.Now(), Launches: schedule.Launches, Stages: schedule.Stages}
	first := max(watch.times[0], time.Microsecond.Seconds())

	if !o.NoProfile {
		const profiled = 20
		steps := max(1, min(profiled, cmp.Or(o.Steps, profiled), int(limit.Seconds()/first)))
		var err error
		if r.Profile, err = w.profile(ctx, set, steps); err != nil {
			return nil, err
		}
	}
	var replay device.Replay
	if p, ok := step.Program().(device.Replayer); ok {
		var err error
		if replay, err = p.Replay(); err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		r.Graph, r.Sampled = replay.Median.Seconds(), replay.Sampled
	}
	if replay.Estimated { // a simulation's own time says nothing
		r.Steps, r.Median, r.Min = 1, r.Graph, r.Graph
	} else {
		watch = *w
		if err := watch.time(ctx, set, o.Steps, limit); err != nil {
			return nil, err
		}
		slices.Sort(watch.times)
		r.Steps, r.Median, r.Min = watch.steps, watch.times[len(watch.times)/2], watch.times[0]
	}
	if r.Median > 0 {
		r.ImagesPerSecond = float64(r.Batch) / r.Median
	}
	return r, nil
}

// stopwatch times steps.
type stopwatch struct {
	step     *train.Step
	do       func(train.Examples) error // runs the step
	wait     func() error               // returns when the device is done, where the clock is looked at
	resident *train.ResidentStep        // the step, where its set lies on the device, instead of do and wait
	steps    int                        // done
	times    []float64                  // seconds of a step, from each window
}

// time does that many steps, or if steps is 0, steps until the time is up.
func (w *stopwatch) time(ctx context.Context, set data.Set, steps int, limit time.Duration) error {
	if w.resident != nil {
		return w.runAhead(ctx, steps, limit)
	}
	return w.run(ctx, set, steps, limit)
}

// profile times the ops of the step.
func (w *stopwatch) profile(ctx context.Context, set data.Set, steps int) (*Profile, error) {
	if w.resident == nil {
		return profile(ctx, w.step, set, steps)
	}
	w.resident.Rewind()
	if _, err := w.resident.RunAhead(1); err != nil {
		return nil, err
	}
	return profileStep(ctx, w.step, steps)
}

// runAhead is run for a set that lies on the device; a window is as long as Fit leaves the device to itself.
func (w *stopwatch) runAhead(ctx context.Context, steps int, limit time.Duration) error {
	w.resident.Rewind() // replays took no heed of where the set ends
	for end := time.Now().Add(limit); ; {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
		most := math.MaxInt
		if steps > 0 {
			most = steps - w.steps
		}
		begun := time.Now()
		n, err := w.resident.RunAhead(most)
		if err != nil {
			return err
		}
		now := time.Now()
		w.times = append(w.times, now.Sub(begun).Seconds()/float64(n))
		if w.steps += n; w.steps == steps || steps == 0 && now.After(end) {
			return nil
		}
	}
}

// run does it on batches that the host fills.
func (w *stopwatch) run(ctx context.Context, set data.Set, steps int, limit time.Duration) error {
	size := w.step.Batch()
	order := loader.InOrder(set.Len())[:set.Len()/size*size] // whole batches
	inWindow, begun := 0, time.Now()
	for end := begun.Add(limit); ; {
		l := loader.Start(ctx, set, order, size)
		defer l.Stop() // one that has ended stops at once
		for b := range l.Batches {
			if b.Err != nil {
				return b.Err
			}
			if err := w.do(b.Examples); err != nil {
				return err
			}
			l.Done(b)
			w.steps++
			inWindow++
			if time.Since(begun) < window && w.steps != steps {
				continue
			}
			if err := w.wait(); err != nil {
				return err
			}
			now := time.Now()
			w.times = append(w.times, now.Sub(begun).Seconds()/float64(inWindow))
			if w.steps == steps || steps == 0 && now.After(end) {
				return nil
			}
			inWindow, begun = 0, now
		}
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("bench: %w", err)
		}
	}
}
