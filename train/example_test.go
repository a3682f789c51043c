//go:build !race

package train_test

import (
	"context"
	"errors"
	"fmt"
	"log"

	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/data"

	"gorgonia.org/tensor"
)

// The Keras MNIST tutorial, word for word, on drawn digits that need no download; data.Open("mnist", ...) reads the real ones.
func Example() {
	training, test := data.Digits()
	training, validation, err := data.Split(training, 0.1, 1)
	if err != nil {
		log.Fatal(err)
	}
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
	if _, err := t.Fit(ctx, training, train.FitOptions{Epochs: 5, Batch: 32, Validation: validation}); err != nil {
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

// heights are examples whose answers are numbers: two values, and what is to be learnt of them.
type heights struct{}

func (heights) Name() string          { return "heights" }
func (heights) Len() int              { return 16 }
func (heights) Shape() []int          { return []int{2} }
func (heights) Classes() []string     { return []string{"height"} } // the outputs' names
func (heights) Targets() data.Targets { return data.Values }

func (heights) Example(i int, x []float32) (label int32, err error) {
	x[0], x[1] = float32(i%4)/4, float32(i/4)/4
	return 0, nil // labels count for nothing where there are targets
}

func (heights) Target(i int, t []float32) error {
	t[0] = float32(i%4)/2 - float32(i/4)/4 + 1
	return nil
}

// Numbers are learnt instead of classes: a data set gives targets, and the loss is one of values.
func ExampleOptions_targets() {
	m, err := model.Sequential(model.Input(2), model.Dense{Units: 1})
	if err != nil {
		log.Fatal(err)
	}
	t, err := train.Compile(m, train.Options{Optimizer: train.SGD{LearningRate: 0.2, Momentum: 0.9}, Loss: train.MeanSquaredError{}, Targets: data.Values, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()
	if _, err := t.Fit(context.Background(), heights{}, train.FitOptions{Epochs: 200, Batch: 16}); err != nil {
		log.Fatal(err)
	}
	y, err := t.Predict(context.Background(), tensor.New(tensor.WithShape(2), tensor.WithBacking([]float32{0.5, 0.25})))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%.3f\n", y.Data())
	// Output: [1.750]
}

// A loop of one's own: one image, learnt by heart.
func ExampleTrainer_TrainingStep() {
	m, err := model.Sequential(model.Input(2), model.Dense{Units: 2, Activation: model.Softmax})
	if err != nil {
		log.Fatal(err)
	}
	t, err := train.Compile(m, train.Options{Optimizer: train.SGD{LearningRate: 0.5}, Seed: 1})
	if err != nil {
		log.Fatal(err)
	}
	defer t.Close()
	step, err := t.TrainingStep(1)
	if err != nil {
		log.Fatal(err)
	}
	for {
		if err := errors.Join(step.Reset(), step.Run([]float32{1, -1}, []int32{0})); err != nil {
			log.Fatal(err)
		}
		result, err := step.Result()
		if err != nil {
			log.Fatal(err)
		}
		if result.Loss < 0.1 {
			break
		}
	}
	w, err := t.Weights()
	if err != nil {
		log.Fatal(err)
	}
	bias, err := w.Values("dense/bias")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(w.Count(), "parameters; class 0 is the likelier one:", bias[0] > bias[1])
	// Output: 6 parameters; class 0 is the likelier one: true
}
