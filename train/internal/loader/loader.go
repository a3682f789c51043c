// Package loader fills batches of examples ahead of the steps that use them, in an order that the seed chooses.
package loader

import (
	"context"
	"slices"

	"cnn-gpu/model"
	"cnn-gpu/train/data"
)

// prefetch is the number of batches that are filled ahead of the one in use.
const prefetch = 2

// Loader fills batches in a goroutine of its own.
type Loader struct {
	Batches <-chan *Batch // each is to be given back by Done

	free   chan<- *Batch
	cancel context.CancelFunc
}

// Bytes is the memory that batches of a size take while one loader follows another.
func Bytes(set data.Set, size int) int64 {
	return 2 * (prefetch + 1) * int64(size) * int64(4*model.Shape(set.Shape()).Elements())
}

// Start begins to fill batches of the examples that order lists, until the context ends or the loader is stopped.
func Start(ctx context.Context, set data.Set, order []int, size int) *Loader {
	ctx, cancel := context.WithCancel(ctx)
	free, full := make(chan *Batch, prefetch+1), make(chan *Batch, prefetch)
	for range prefetch + 1 {
		free <- NewBatch(set, size)
	}
	go func() {
		defer close(full)
		for part := range slices.Chunk(order, size) {
			select {
			case <-ctx.Done():
				return
			case b := <-free:
				b.Fill(set, part)
				select {
				case <-ctx.Done():
					return
				case full <- b:
				}
			}
		}
	}()
	return &Loader{full, free, cancel}
}

// Done gives a batch back to be filled again.
func (l *Loader) Done(b *Batch) { l.free <- b }

// Stop ends the loader. The data set is not read any more once it returns.
func (l *Loader) Stop() {
	l.cancel()
	for range l.Batches {
	}
}
