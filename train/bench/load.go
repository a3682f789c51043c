package bench

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"cnn-gpu/train"
	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
	"cnn-gpu/train/internal/loader"
)

// Loading is how fast batches of a data set are made where no step holds them up.
type Loading struct {
	Batch           int     `json:"batch"`
	Images          int     `json:"images"` // that were loaded
	Seconds         float64 `json:"seconds"`
	ImagesPerSecond float64 `json:"images_per_second"`
}

// Load makes batches of a data set as [train.Trainer.Fit] does, ahead and in the order of one epoch after the other, and takes them at once. With a
// pipeline it transforms the images. Of the options it takes the batch, the steps, here of batches, and the time.
func Load(ctx context.Context, set data.Set, pipeline *augment.Pipeline, o Options) (*Loading, error) {
	if err := checkBatch(o.Batch, set); err != nil {
		return nil, err
	}
	if pipeline != nil {
		if err := pipeline.Check(set.Shape()); err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
	}
	size, limit := cmp.Or(o.Batch, train.DefaultBatch), cmp.Or(o.Time, time.Second)
	r := &Loading{Batch: size}
	begun, batches := time.Now(), 0
	for epoch := 0; r.Seconds == 0; epoch++ {
		seen := set
		if pipeline != nil {
			seen = loader.Augment(set, pipeline, data.Normalization{}, 1, epoch)
		}
		l := loader.Start(ctx, seen, loader.Shuffled(set.Len(), 1, epoch), size)
		defer l.Stop() // one that has ended stops at once
		for b := range l.Batches {
			if b.Err != nil {
				return nil, b.Err
			}
			r.Images += b.Count
			batches++
			l.Done(b)
			if passed := time.Since(begun); batches == o.Steps || o.Steps == 0 && passed >= limit {
				r.Seconds = max(passed, 1).Seconds()
				break
			}
		}
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
	}
	r.ImagesPerSecond = float64(r.Images) / r.Seconds
	return r, nil
}
