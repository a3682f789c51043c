package train

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"cnn-gpu/device"
	"cnn-gpu/train/data"
)

// Benchmark is how fast steps of one kind and batch size are.
type Benchmark struct {
	Batch           int       `json:"batch"`
	Steps           int       `json:"steps"`                   // that were timed
	Median          float64   `json:"median_seconds"`          // of a step
	Min             float64   `json:"min_seconds"`             // of a step
	Graph           float64   `json:"graph_seconds,omitempty"` // of a step on a GPU from its graph, without the host's part: a median
	ImagesPerSecond float64   `json:"images_per_second"`       // at the median
	FirstStep       time.Time `json:"-"`                       // when the first step was done
	Profile         *Profile  `json:"profile,omitempty"`
}

// BenchmarkOptions say what is timed and for how long.
type BenchmarkOptions struct {
	Batch int
	Steps int           // 0: as many as there is time for
	Time  time.Duration // 1 s if 0; not used if Steps is given

	NoProfile bool // leave out the times of ops
}

// The steps of a window are timed together, so that neither the clock nor the wait for the device counts for much.
const window = 10 * time.Millisecond

// BenchmarkFit times training steps on a data set as [Trainer.Fit] does them, batches made and uploaded, and profiles them.
// The training that it does is undone.
func (t *Trainer) BenchmarkFit(ctx context.Context, set data.Set, o BenchmarkOptions) (b *Benchmark, err error) {
	f := &fitting{Trainer: t, set: set, options: FitOptions{Batch: o.Batch}.withDefaults()}
	if err := t.CheckFit(set, f.options); err != nil {
		return nil, err
	}
	if err := f.prepare(); err != nil {
		return nil, err
	}
	restore, err := t.remember()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, restore()) }()
	return t.benchmark(ctx, f.program, set, o, f.trainOn, func() error {
		_, err := f.look()
		return err
	})
}

// BenchmarkPredict times steps that compute probabilities and download them, as [Trainer.Predict] does, and profiles them.
func (t *Trainer) BenchmarkPredict(ctx context.Context, set data.Set, o BenchmarkOptions) (*Benchmark, error) {
	size := FitOptions{Batch: o.Batch}.withDefaults().Batch
	if size < 1 || size > set.Len() {
		return nil, fmt.Errorf("train: a batch of %d of the %d examples of %s; give at least 1 and at most that", size, set.Len(), set.Name())
	}
	if err := t.CheckData(set); err != nil {
		return nil, err
	}
	p, err := t.eval(size)
	if err != nil {
		return nil, orSmaller(err, size, 1, func(batch int) []*program { return []*program{t.evalProgram(batch)} })
	}
	probabilities := make([]float32, size*t.output.Shape[0])
	step := func(b *batch) error {
		if b.err != nil {
			return b.err
		}
		if err := t.forward(p, b.x, b.labels); err != nil {
			return err
		}
		return t.device.Download(probabilities, p.loss.Probabilities)
	}
	return t.benchmark(ctx, p, set, o, step, func() error { return nil })
}

// benchmark times steps; wait returns when the device has done them.
func (t *Trainer) benchmark(ctx context.Context, p *program, set data.Set, o BenchmarkOptions, step func(*batch) error, wait func() error) (*Benchmark, error) {
	limit := cmp.Or(o.Time, time.Second)
	watch := &stopwatch{step: step, wait: wait}
	if err := watch.run(ctx, set, p.lowered.Batch, 1, limit); err != nil {
		return nil, err
	}
	b := &Benchmark{Batch: p.lowered.Batch, FirstStep: time.Now()}
	first := max(watch.times[0], time.Microsecond.Seconds())

	estimated := false
	if !o.NoProfile {
		const profiled = 20
		steps := max(1, min(profiled, cmp.Or(o.Steps, profiled), int(limit.Seconds()/first)))
		var err error
		if b.Profile, err = t.profile(p, set, steps); err != nil {
			return nil, err
		}
		if estimated = b.Profile.Estimated; estimated {
			b.Graph = b.Profile.Seconds()
		}
	}
	if r, ok := p.run.(device.Replayer); ok && !estimated {
		var graph time.Duration
		var err error
		if graph, estimated, err = r.Replay(); err != nil {
			return nil, fmt.Errorf("train: benchmark: %w", err)
		}
		b.Graph = graph.Seconds()
	}
	if estimated { // a simulation's own time says nothing
		b.Steps, b.Median, b.Min = 1, b.Graph, b.Graph
	} else {
		*watch = stopwatch{step: step, wait: wait}
		if err := watch.run(ctx, set, b.Batch, o.Steps, limit); err != nil {
			return nil, err
		}
		slices.Sort(watch.times)
		b.Steps, b.Median, b.Min = watch.steps, watch.times[len(watch.times)/2], watch.times[0]
	}
	if b.Median > 0 {
		b.ImagesPerSecond = float64(b.Batch) / b.Median
	}
	return b, nil
}

// stopwatch times steps.
type stopwatch struct {
	step  func(*batch) error
	wait  func() error
	steps int       // done
	times []float64 // seconds of a step, from each window
}

// run does that many steps, or if steps is 0, steps until the time is up.
func (w *stopwatch) run(ctx context.Context, set data.Set, size, steps int, limit time.Duration) error {
	order := inOrder(set.Len())[:set.Len()/size*size] // whole batches
	inWindow, begun := 0, time.Now()
	for end := begun.Add(limit); ; {
		loader := load(ctx, set, order, size)
		defer loader.stop() // one that has ended stops at once
		for b := range loader.batches {
			if err := w.step(b); err != nil {
				return err
			}
			loader.done(b)
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
			return fmt.Errorf("train: %w", err)
		}
	}
}
