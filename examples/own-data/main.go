// Command own-data trains on images that no file holds: any type with the five methods of data.Set is a data set. This one draws
// discs, squares and crosses when they are asked for; yours may read pictures (data.Picture), a database or a camera.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"math/rand/v2"
	"os"

	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
)

func main() {
	if err := run(context.Background(), os.Stdout, shapes{seed: 1, examples: 3000}, shapes{seed: 2, examples: 600}, 3); err != nil {
		log.Fatal(err)
	}
}

// side is the height and width of an image.
const side = 16

// shapes is a set of images [side side 1], each with a disc, a square or a cross somewhere. Example i is always the same.
type shapes struct {
	seed     uint64
	examples int
}

func (shapes) Name() string      { return "shapes" }
func (s shapes) Len() int        { return s.examples }
func (shapes) Shape() []int      { return []int{side, side, 1} }
func (shapes) Classes() []string { return []string{"disc", "square", "cross"} }

// Example is called by several goroutines at once, so it keeps nothing.
func (s shapes) Example(i int, x []float32) (int32, error) {
	if i < 0 || i >= s.examples || len(x) != side*side {
		return 0, fmt.Errorf("shapes: no example %d of %d values", i, len(x))
	}
	rng := rand.New(rand.NewPCG(s.seed, uint64(i)))
	label := rng.Int32N(3)
	radius := 3 + rng.IntN(3)
	row, column := radius+rng.IntN(side-2*radius), radius+rng.IntN(side-2*radius)
	for j := range x {
		x[j] = 0.2 * rng.Float32() // the background is never quite black
		dy, dx := j/side-row, j%side-column
		if max(dy, -dy) > radius || max(dx, -dx) > radius {
			continue
		}
		inside := [3]bool{dy*dy+dx*dx <= radius*radius, true, dy == 0 || dx == 0}
		if inside[label] {
			x[j] += 0.8
		}
	}
	return label, nil
}

func run(ctx context.Context, w io.Writer, training, test data.Set, epochs int) error {
	m, err := model.Sequential(model.Input(training.Shape()...),
		model.Conv2D{Filters: 8, Kernel: model.Pair{3, 3}, Activation: model.ReLU},
		model.MaxPooling2D{},
		model.Conv2D{Filters: 16, Kernel: model.Pair{3, 3}, Activation: model.ReLU},
		model.Flatten{},
		model.Dense{Units: len(training.Classes()), Activation: model.Softmax},
	)
	if err != nil {
		return err
	}
	t, err := train.Compile(m, train.Options{Optimizer: train.Adam{}, Metrics: []train.Metric{train.Accuracy}, Seed: 1})
	if err != nil {
		return err
	}
	defer t.Close()
	if _, err := t.Fit(ctx, training, train.FitOptions{Epochs: epochs}); err != nil {
		return err
	}

	// Which class is taken for which says more than one figure.
	classes := test.Classes()
	counts := make([][]int, len(classes))
	for i := range counts {
		counts[i] = make([]int, len(classes))
	}
	result, err := t.EvaluateEach(ctx, test, 32, func(_ int, label int32, probabilities []float32) {
		best := 0
		for class, p := range probabilities {
			if p > probabilities[best] {
				best = class
			}
		}
		counts[label][best]++
	})
	if err != nil {
		return err
	}
	for i, class := range classes {
		fmt.Fprintf(w, "%-6s is taken for", class)
		for j, other := range classes {
			fmt.Fprintf(w, " %s %d", other, counts[i][j])
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "test accuracy %.2f%% on %d images\n", 100*result.Accuracy, result.Examples)
	return nil
}
