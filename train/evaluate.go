package train

import (
	"context"
	"errors"
	"fmt"

	"cnn-gpu/device"
	"cnn-gpu/train/data"
	"cnn-gpu/train/internal/loader"
)

// Evaluate computes the mean loss and the accuracy over a data set, in batches of the given size (32 if 0).
func (t *Trainer) Evaluate(ctx context.Context, set data.Set, batch int) (Result, error) {
	return t.evaluate(ctx, set, batch, nil)
}

// EvaluateEach is Evaluate and calls each with the probabilities of every example. The slice is only valid within the call.
func (t *Trainer) EvaluateEach(ctx context.Context, set data.Set, batch int, each func(i int, label int32, probabilities []float32)) (Result, error) {
	return t.evaluate(ctx, set, batch, each)
}

func (t *Trainer) evaluate(ctx context.Context, set data.Set, size int, each func(int, int32, []float32)) (result Result, err error) {
	if ctx == nil {
		return Result{}, errNoContext
	}
	if err := t.CheckData(set); err != nil {
		return Result{}, err
	}
	if size == 0 {
		size = DefaultBatch
	}
	r := t.residing(set, size)
	if r == nil {
		if r, _, err = t.reside(ctx, set, size, t.evaluationListOf); err != nil {
			return Result{}, err
		}
		if r != nil {
			defer func() { err = errors.Join(err, r.close()) }()
		}
	}
	if r != nil {
		return r.evaluate(ctx, each)
	}
	return t.evaluateLoaded(ctx, set, size, each)
}

// evaluate is done on batches that the device gathers, many at a time unless somebody wants to see each.
func (r *resident) evaluate(ctx context.Context, each func(int, int32, []float32)) (result Result, err error) {
	if err := errors.Join(r.step.Reset(), r.start(loader.InOrder(r.gather.Of), nil, 0, nil)); err != nil {
		return Result{}, err
	}
	if each != nil {
		if err := r.showEach(ctx, each); err != nil {
			return Result{}, err
		}
		return r.step.Result()
	}
	for left := r.gather.Batches; left > 0; {
		if err := ctx.Err(); err != nil {
			return Result{}, err
		}
		steps, begun := r.ahead.next(left), r.trainer.clock()
		if err := r.run(steps); err != nil {
			return Result{}, err
		}
		if result, err = r.step.Result(); err != nil { // which waits for the device
			return Result{}, err
		}
		r.ahead.took(steps, r.trainer.clock().Sub(begun))
		left -= steps
	}
	return result, nil
}

// showEach runs batch by batch and shows what each example was given.
func (r *resident) showEach(ctx context.Context, each func(int, int32, []float32)) error {
	size, classes := r.gather.N, r.trainer.output.Shape[0]
	probabilities := make([]float32, size*classes)
	for batch := range r.gather.Batches {
		if err := ctx.Err(); err != nil {
			return err
		}
		err := device.Call(r.trainer.device, r.step.program, nil, []device.Transfer{{Buffer: r.step.List.Probabilities, Host: probabilities}})
		if err != nil {
			return fmt.Errorf("train: %w", err)
		}
		for i := batch * size; i < min((batch+1)*size, r.gather.Of); i++ {
			each(i, r.labels[i], probabilities[i%size*classes:][:classes])
		}
	}
	return nil
}

// evaluateLoaded is done on batches that the host fills.
func (t *Trainer) evaluateLoaded(ctx context.Context, set data.Set, size int, each func(int, int32, []float32)) (Result, error) {
	step, err := t.EvaluationStep(size)
	if err != nil {
		return Result{}, err
	}
	if err := step.Reset(); err != nil {
		return Result{}, err
	}
	classes := t.output.Shape[0]
	probabilities := make([]float32, step.Batch()*classes)
	l := loader.Start(ctx, t.Input(set), loader.InOrder(set.Len()), step.Batch())
	defer l.Stop()
	at := 0
	for b := range l.Batches {
		if b.Err != nil {
			return Result{}, b.Err
		}
		if err := step.RunExamples(b.Examples); err != nil {
			return Result{}, err
		}
		if each != nil {
			if err := step.Probabilities(probabilities); err != nil {
				return Result{}, err
			}
			for i := range b.Count {
				each(at+i, b.Labels[i], probabilities[i*classes:(i+1)*classes])
			}
		}
		at += b.Count
		l.Done(b)
	}
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	return step.Result()
}
