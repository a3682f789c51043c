package train

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"

	"cnn-gpu/model"
	"cnn-gpu/train/data"
)

// absent marks a row of a batch that is no example.
const absent = -1

// batch is examples on their way to the device.
type batch struct {
	x      []float32
	labels []int32
	count  int // examples; the rows behind them are zeros with the label absent
	err    error
}

// prefetch is the number of batches that are filled ahead of the one in use.
const prefetch = 2

// loader fills batches in a goroutine of its own.
type loader struct {
	batches <-chan *batch // each is to be given back by done
	free    chan<- *batch
	cancel  context.CancelFunc
}

// load begins to fill batches of the examples named by order, until the context ends or the loader is stopped.
func load(ctx context.Context, set data.Set, order []int, size int) *loader {
	ctx, cancel := context.WithCancel(ctx)
	free, full := make(chan *batch, prefetch+1), make(chan *batch, prefetch)
	example := model.Shape(set.Shape()).Elements()
	for range prefetch + 1 {
		free <- &batch{x: make([]float32, size*example), labels: make([]int32, size)}
	}
	go func() {
		defer close(full)
		for part := range slices.Chunk(order, size) {
			select {
			case <-ctx.Done():
				return
			case b := <-free:
				b.fill(set, part, example)
				select {
				case <-ctx.Done():
					return
				case full <- b:
				}
			}
		}
	}()
	return &loader{full, free, cancel}
}

// done gives a batch back to be filled again.
func (l *loader) done(b *batch) { l.free <- b }

// stop ends the loader. The data set is not read any more once it returns.
func (l *loader) stop() {
	l.cancel()
	for range l.batches {
	}
}

func (b *batch) fill(set data.Set, part []int, example int) {
	b.count, b.err = len(part), nil
	classes := len(set.Classes())
	for i, at := range part {
		label, err := set.Example(at, b.x[i*example:(i+1)*example])
		if err == nil && (label < 0 || int(label) >= classes) {
			err = fmt.Errorf("label %d is none of the %d classes", label, classes)
		}
		if err != nil {
			b.err = fmt.Errorf("train: %s: example %d: %w", set.Name(), at, err)
			return
		}
		b.labels[i] = label
	}
	clear(b.x[len(part)*example:])
	for i := len(part); i < len(b.labels); i++ {
		b.labels[i] = absent
	}
}

// shuffled is the order of the examples in an epoch.
func shuffled(examples int, seed uint64, epoch int) []int {
	return rand.New(rand.NewPCG(seed, shuffleStream+uint64(epoch))).Perm(examples)
}

// shuffleStream keeps the random numbers of the order apart from those of the initial weights.
const shuffleStream = 1 << 32

// inOrder is the examples as they come.
func inOrder(examples int) []int {
	order := make([]int, examples)
	for i := range order {
		order[i] = i
	}
	return order
}
