// Command residual trains a small residual network (He et al., "Deep residual learning for image recognition", CVPR 2016) on drawn
// digits: how a network that branches is built.
package main

import (
	"context"
	"fmt"
	"io"
	"log"
	"os"

	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
)

func main() {
	training, test := data.Digits()
	if err := run(context.Background(), os.Stdout, training, test, 2); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, training, test data.Set, epochs int) error {
	m, err := residual(training.Shape(), len(training.Classes()))
	if err != nil {
		return err
	}
	fmt.Fprint(w, m.Summary(32))

	t, err := train.Compile(m, train.Options{Optimizer: train.Adam{}, Metrics: []train.Metric{train.Accuracy}, Seed: 1})
	if err != nil {
		return err
	}
	defer t.Close()
	_, err = t.Fit(ctx, training, train.FitOptions{Epochs: epochs, Validation: test, OnEpoch: func(e train.Epoch) error {
		_, err := fmt.Fprintf(w, "epoch %d: loss %.4f, test accuracy %.2f%%\n", e.Epoch, e.Training.Loss, 100*e.Validation.Accuracy)
		return err
	}})
	return err
}

// residual is a stem, three blocks that halve height and width, and a dense layer.
func residual(input model.Shape, classes int) (*model.Model, error) {
	g := model.NewGraph(input)
	x := g.Add(conv(8, 3, 1, model.ReLU), g.Input())
	for _, filters := range []int{8, 16, 32} {
		x = block(g, x, filters)
	}
	x = g.Add(model.Flatten{}, x)
	// The graph keeps the first error of any Add, so that one check is enough.
	return g.Build(g.Add(model.Dense{Units: classes, Activation: model.Softmax}, x))
}

// block is relu(conv(conv(x)) + shortcut(x)). The shortcut is a convolution of size 1, so that both sides of the sum have one shape.
func block(g *model.Graph, x *model.Node, filters int) *model.Node {
	y := g.Add(conv(filters, 3, 2, model.ReLU), x)
	y = g.Add(conv(filters, 3, 1, model.Linear), y)
	shortcut := g.Add(conv(filters, 1, 2, model.Linear), x)
	return g.Add(model.Activation{Function: model.ReLU}, g.Add(model.Add{}, shortcut, y))
}

func conv(filters, size, strides int, activation model.Function) model.Conv2D {
	return model.Conv2D{
		Filters: filters, Kernel: model.Pair{size, size}, Strides: model.Pair{strides, strides}, Padding: model.Same,
		Activation: activation, KernelInitializer: model.HeNormal,
	}
}
