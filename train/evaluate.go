package train

import (
	"context"

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

func (t *Trainer) evaluate(ctx context.Context, set data.Set, size int, each func(int, int32, []float32)) (Result, error) {
	if ctx == nil {
		return Result{}, errNoContext
	}
	if err := t.CheckData(set); err != nil {
		return Result{}, err
	}
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
