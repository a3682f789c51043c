//go:build !race

package train_test

import (
	"context"
	"fmt"
	"log"

	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
)

// The Keras MNIST tutorial, word for word, on drawn digits that need no download; data.Open("mnist", ...) reads the real ones.
func Example() {
	training, test := data.Digits()
	m, err := model.Sequential(model.Input(28, 28, 1),
		model.Conv2D{Filters: 32, Kernel: [2]int{3, 3}, Activation: model.ReLU},
		model.MaxPooling2D{Size: [2]int{2, 2}},
		model.Conv2D{Filters: 64, Kernel: [2]int{3, 3}, Activation: model.ReLU},
		model.MaxPooling2D{Size: [2]int{2, 2}},
		model.Conv2D{Filters: 64, Kernel: [2]int{3, 3}, Activation: model.ReLU},
		model.Flatten{},
		model.Dense{Units: 64, Activation: model.ReLU},
		model.Dense{Units: 10, Activation: model.Softmax},
	)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(m.ParamCount(), "parameters") // m.Summary(32) is the whole table

	t, err := train.Compile(m, train.Options{
		Optimizer: train.Adam{},
		Loss:      train.SparseCategoricalCrossEntropy{},
		Metrics:   []train.Metric{train.Accuracy},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()

	ctx := context.Background()
	if _, err := t.Fit(ctx, training, train.FitOptions{Epochs: 5, Batch: 32, Validation: test}); err != nil {
		log.Fatal(err)
	}
	result, err := t.Evaluate(ctx, test, 32)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("98% of the test images are classified right:", result.Accuracy >= 0.98)
	// Output:
	// 93322 parameters
	// 98% of the test images are classified right: true
}
