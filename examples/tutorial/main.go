// Command tutorial is the Keras MNIST tutorial: it trains a small convolutional network to read digits.
//
// The digits are drawn, so that nothing is downloaded. For the real ones: cnn-gpu data fetch mnist, and data.Open("mnist",
// data.Options{}) in place of data.Digits().
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
	if err := run(context.Background(), os.Stdout, training, test, 5); err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, w io.Writer, training, test data.Set, epochs int) error {
	m, err := model.Sequential(model.Input(training.Shape()...),
		model.Conv2D{Filters: 32, Kernel: model.Pair{3, 3}, Activation: model.ReLU},
		model.MaxPooling2D{Size: model.Pair{2, 2}},
		model.Conv2D{Filters: 64, Kernel: model.Pair{3, 3}, Activation: model.ReLU},
		model.MaxPooling2D{Size: model.Pair{2, 2}},
		model.Conv2D{Filters: 64, Kernel: model.Pair{3, 3}, Activation: model.ReLU},
		model.Flatten{},
		model.Dense{Units: 64, Activation: model.ReLU},
		model.Dense{Units: len(training.Classes()), Activation: model.Softmax},
	)
	if err != nil {
		return err
	}
	fmt.Fprint(w, m.Summary(32))

	t, err := train.Compile(m, train.Options{
		Optimizer: train.Adam{},
		Loss:      train.SparseCategoricalCrossEntropy{},
		Metrics:   []train.Metric{train.Accuracy},
		Seed:      1,
	})
	if err != nil {
		return err
	}
	defer t.Close()

	_, err = t.Fit(ctx, training, train.FitOptions{Epochs: epochs, Batch: 32, OnEpoch: func(e train.Epoch) error {
		_, err := fmt.Fprintf(w, "epoch %d: loss %.4f, accuracy %.2f%%\n", e.Epoch, e.Training.Loss, 100*e.Training.Accuracy)
		return err
	}})
	if err != nil {
		return err
	}
	result, err := t.Evaluate(ctx, test, 32)
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "test accuracy %.2f%% on %d images\n", 100*result.Accuracy, result.Examples)
	return nil
}
