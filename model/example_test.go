package model_test

import (
	"fmt"

	"cnn-gpu/model"
)

func ExampleSequential() {
	m, err := model.Sequential(model.Input(28, 28, 1),
		model.Conv2D{Filters: 32, Kernel: model.Pair{3, 3}, Activation: model.ReLU},
		model.MaxPooling2D{Size: model.Pair{2, 2}},
		model.Conv2D{Filters: 64, Kernel: model.Pair{3, 3}, Activation: model.ReLU},
		model.MaxPooling2D{Size: model.Pair{2, 2}},
		model.Conv2D{Filters: 64, Kernel: model.Pair{3, 3}, Activation: model.ReLU},
		model.Flatten{},
		model.Dense{Units: 64, Activation: model.ReLU},
		model.Dense{Units: 10, Activation: model.Softmax},
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Print(m.Summary(32))
	// Output:
	// Layer (type)    │ Output Shape       │ Param # │     FLOPs │     Memory
	// ────────────────┼────────────────────┼─────────┼───────────┼───────────
	// conv2d          │ (None, 26, 26, 32) │     320 │   389,376 │   5.28 MiB
	// max_pooling2d   │ (None, 13, 13, 32) │       0 │         0 │   1.32 MiB
	// conv2d_1        │ (None, 11, 11, 64) │  18,496 │ 4,460,544 │   1.89 MiB
	// max_pooling2d_1 │ (None, 5, 5, 64)   │       0 │         0 │ 400.00 KiB
	// conv2d_2        │ (None, 3, 3, 64)   │  36,928 │   663,552 │ 144.00 KiB
	// flatten         │ (None, 576)        │       0 │         0 │        0 B
	// dense           │ (None, 64)         │  36,928 │    73,728 │  16.00 KiB
	// dense_1         │ (None, 10)         │     650 │     1,280 │   1.25 KiB
	// Input: (None, 28, 28, 1). Memory: of the values for a batch of 32.
	// Total params: 93,322 (364.54 KiB)
	// Trainable params: 93,322 (364.54 KiB)
	// Non-trainable params: 0 (0 B)
	// FLOPs for one image: 5,588,480 forward, 16,376,064 in training
	//   (multiply-adds of convolutions and dense layers, each counted as two)
}

func ExampleGraph() {
	g := model.NewGraph(model.Input(8, 8, 16))
	x := g.Add(model.Conv2D{Filters: 16, Kernel: model.Pair{3, 3}, Padding: model.Same, Activation: model.ReLU}, g.Input())
	x = g.Add(model.Conv2D{Filters: 16, Kernel: model.Pair{3, 3}, Padding: model.Same}, x)
	x = g.Add(model.Add{}, g.Input(), x)
	x = g.Add(model.Activation{Function: model.ReLU}, x)
	m, err := g.Build(x)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s", m.YAML())
	// Output:
	// input: [8, 8, 16]
	// layers:
	//   - Conv2D: {filters: 16, kernel_size: 3, padding: same, activation: relu}
	//   - Conv2D: {filters: 16, kernel_size: 3, padding: same}
	//   - Add: {inputs: [input, conv2d_1]}
	//   - Activation: {activation: relu}
}

func ExampleParse() {
	_, err := model.Parse("net.yaml", []byte(`
input: [28, 28, 1]
layers:
  - Conv2D: {filters: 32, kernel_size: 3, activation: rellu}
  - Flatten
  - Dense: {units: 10, activation: softmax}
`))
	fmt.Println(err)
	// Output: model: net.yaml:4:55: activation is "rellu"; did you mean relu?
}
