// Package traintest holds what the tests of train and of the packages below it share.
package traintest

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

// SmallNet draws, pools and branches, and trains in a moment.
func SmallNet(t *testing.T, dropout float64) *model.Model {
	t.Helper()
	g := model.NewGraph(model.Input(28, 28, 1))
	x := g.Add(model.Conv2D{Filters: 8, Kernel: model.Pair{3, 3}, Strides: model.Pair{2, 2}, Activation: model.ReLU}, g.Input())
	x = g.Add(model.MaxPooling2D{}, x)
	y := g.Add(model.Conv2D{Filters: 8, Kernel: model.Pair{3, 3}, Padding: model.Same, Activation: model.ReLU}, x)
	x = g.Add(model.Add{}, x, y)
	x = g.Add(model.Flatten{}, x)
	x = g.Add(model.Dropout{Rate: dropout}, x)
	x = g.Add(model.Dense{Units: 10, Activation: model.Softmax}, x)
	m, err := g.Build(x)
	require.NoError(t, err)
	return m
}

// NormalizedNet has batch normalisations of images and of vectors, and trains in a moment.
func NormalizedNet(t *testing.T) *model.Model {
	t.Helper()
	m, err := model.Sequential(model.Input(28, 28, 1),
		model.Conv2D{Filters: 6, Kernel: model.Pair{3, 3}, Strides: model.Pair{2, 2}, Bias: model.NoBias},
		model.BatchNormalization{Momentum: 0.9}, model.Activation{Function: model.ReLU}, model.MaxPooling2D{Size: model.Pair{3, 3}},
		model.Flatten{}, model.Dense{Units: 12}, model.BatchNormalization{Momentum: 0.9}, model.Dense{Units: 10, Activation: model.Softmax})
	require.NoError(t, err)
	return m
}

// EveryLayer is a network with every layer and every activation that a model file can name.
const EveryLayer = `
input: [9, 9, 1]
layers:
  - Conv2D: {filters: 4, kernel_size: 3, padding: same, activation: sigmoid}
  - BatchNormalization
  - DepthwiseConv2D: {kernel_size: 3, padding: same}
  - Conv2DTranspose: {filters: 4, kernel_size: 2}
  - Conv2D: {name: back, filters: 4, kernel_size: 2, groups: 2}
  - SeparableConv2D: {filters: 4, kernel_size: 2, padding: same}
  - MaxPooling2D: {name: pooled, pool_size: 2, strides: 1}
  - Conv2D: {name: block, filters: 4, kernel_size: 3, padding: same, activation: tanh}
  - Add: {inputs: [pooled, block]}
  - ReLU
  - MinPooling2D
  - Activation: {activation: linear}
  - AveragePooling2D: {strides: 1}
  - LeakyReLU
  - LayerNormalization
  - ReLU: {max_value: 2}
  - ReLU: {threshold: 0.125, negative_slope: 0.25}
  - ELU: {alpha: 0.5}
  - ActivityRegularization: {l1: 0.001, l2: 0.001}
  - PReLU: {shared_axes: [1, 2]}
  - Conv2D: {filters: 6, kernel_size: 1, activation: leaky_relu}
  - Conv2D: {filters: 6, kernel_size: 2, padding: same, activation: silu}
  - MaxPooling2D: {strides: 1}
  - GlobalAveragePooling2D
  - GlobalMaxPooling2D: {name: largest, inputs: conv2d_1}
  - GlobalMinPooling2D: {name: smallest, inputs: conv2d_1}
  - Add: {name: sum, inputs: [global_average_pooling2d, largest, smallest]}
  - Average: {name: mean, inputs: [largest, smallest]}
  - Dense: {units: 6, activation: sigmoid}
  - Multiply: {name: excited, inputs: [conv2d_1, dense]}
  - GlobalAveragePooling2D: {name: squeezed}
  - Maximum: {inputs: [sum, squeezed]}
  - Minimum: {inputs: [maximum, mean]}
  - Subtract: {inputs: [minimum, smallest]}
  - Concatenate: {inputs: [subtract, sum]}
  - Rescaling: {scale: 0.5, offset: 0.25}
  - Reshape: {target_shape: [2, 3, -1]}
  - Permute: {dims: [2, 3, 1]}
  - ZeroPadding2D
  - Cropping2D: {cropping: [[0, 1], [1, 0]]}
  - SpatialDropout2D: {rate: 0.25}
  - GaussianNoise: {stddev: 0.125}
  - Dense: {units: 3}
  - UpSampling2D: {size: [1, 2]}
  - UpSampling2D: {interpolation: bilinear}
  - AdaptiveAveragePooling2D: {output_size: [4, 5]}
  - AdaptiveMaxPooling2D: {output_size: 3}
  - Flatten
  - Dropout: {rate: 0.25}
  - Dense: {units: 8, activation: relu, kernel_regularizer: {l2: 0.001}, bias_regularizer: {l1: 0.001}, activity_regularizer: {l2: 0.001}}
  - Dense: {units: 8, activation: elu}
  - Dense: {units: 8, activation: selu}
  - Dense: {units: 8, activation: relu6}
  - Dense: {units: 8, activation: softplus}
  - Dense: {units: 8, activation: softsign}
  - Dense: {units: 8, activation: exponential}
  - Dense: {units: 8, activation: hard_sigmoid}
  - Dense: {units: 8, activation: gelu}
  - Dense: {units: 8, activation: gelu_tanh}
  - Dense: {units: 8, activation: hard_swish}
  - Dense: {units: 8, activation: mish}
  - GroupNormalization: {groups: 2}
  - Dense: {units: 8}
  - BatchNormalization: {momentum: 0.9, epsilon: 0.01}
  - Dense: {units: 5, kernel_constraint: max_norm}
  - Softmax
`
