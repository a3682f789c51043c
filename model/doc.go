// Package model builds networks: layers and how they are connected, shapes, parameters, and the op lists that a device runs.
//
// A layer is written as a [Spec], plain data in Keras's words. [Sequential] chains specs, a [Graph] connects them freely. The
// [Model] that results knows every shape and parameter; [Model.Lower] binds it to a batch size and emits its ops.
//
//	m, err := model.Sequential(model.Input(28, 28, 1),
//		model.Conv2D{Filters: 32, Kernel: [2]int{3, 3}, Activation: model.ReLU},
//		model.MaxPooling2D{Size: [2]int{2, 2}},
//		model.Flatten{},
//		model.Dense{Units: 10, Activation: model.Softmax},
//	)
//
// Shapes here are without the batch: [28 28 1] is an image's height, width and channels.
package model
