package train

import (
	"context"
	"fmt"

	"cnn-gpu/kernels"
	"cnn-gpu/train/data"
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
	if size == 0 {
		size = 32
	}
	if size < 0 {
		return Result{}, fmt.Errorf("train: batches of %d; give at least 1", size)
	}
	if err := t.CheckData(set); err != nil {
		return Result{}, err
	}
	p, err := t.eval(size)
	if err != nil {
		return Result{}, orSmaller(err, size, 1, func(batch int) []*program { return []*program{t.evalProgram(batch)} })
	}
	if err := t.clear(t.evalTotals); err != nil {
		return Result{}, err
	}
	classes := t.output.Shape[0]
	probabilities := make([]float32, size*classes)
	loader := load(ctx, set, inOrder(set.Len()), size)
	defer loader.stop()
	at := 0
	for b := range loader.batches {
		if b.err != nil {
			return Result{}, b.err
		}
		if err := t.forward(p, b.x, b.labels); err != nil {
			return Result{}, err
		}
		if each != nil {
			if err := t.device.Download(probabilities, p.loss.Probabilities); err != nil {
				return Result{}, fmt.Errorf("train: %w", err)
			}
			for i := range b.count {
				each(at+i, b.labels[i], probabilities[i*classes:(i+1)*classes])
			}
		}
		at += b.count
		loader.done(b)
	}
	if err := ctx.Err(); err != nil {
		return Result{}, err
	}
	return t.read(t.evalTotals)
}

// forward runs one batch.
func (t *Trainer) forward(p *program, x []float32, labels []int32) error {
	if err := t.device.Upload(p.lowered.Input, x); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := t.device.Upload(p.loss.Labels, labels); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	if err := p.run.Run(); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// read downloads running totals as means.
func (t *Trainer) read(totals *kernels.Buffer) (Result, error) {
	var sums [kernels.TallySize]float32
	if err := t.device.Download(sums[:], totals); err != nil {
		return Result{}, fmt.Errorf("train: %w", err)
	}
	count := max(float64(sums[3]), 1)
	r := Result{Loss: float64(sums[0]) / count, Examples: int(sums[3])}
	if t.accuracy {
		r.Accuracy = float64(sums[2]) / count
	}
	return r, nil
}
