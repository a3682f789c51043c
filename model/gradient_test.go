package model_test

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/model"
)

// networks are tiny networks which together hold every layer, every way of connecting and every option that changes ops.
var networks = map[string]string{
	"conv valid":        "{input: [5, 6, 2], layers: [Conv2D: {filters: 3, kernel_size: [3, 2]}]}",
	"conv same strides": "{input: [5, 6, 2], layers: [Conv2D: {filters: 3, kernel_size: 3, strides: [2, 3], padding: same}, Conv2D: {filters: 2, kernel_size: 2, padding: same}]}",
	"conv dilation":     "{input: [7, 6, 1], layers: [Conv2D: {filters: 2, kernel_size: 2, dilation_rate: [3, 2]}, Conv2D: {filters: 2, kernel_size: 3, dilation_rate: 2, padding: same}]}",
	"conv groups":       "{input: [5, 4, 4], layers: [Conv2D: {filters: 6, kernel_size: [3, 2], groups: 2}, Conv2D: {filters: 3, kernel_size: 2, groups: 3, padding: same}]}",
	"conv depthwise": `{input: [6, 5, 3], layers: [DepthwiseConv2D: {kernel_size: [3, 2], padding: same, activation: tanh}, MaxPooling2D: {strides: 1},
		DepthwiseConv2D: {kernel_size: 2, strides: [2, 1], depth_multiplier: 2, use_bias: false}, DepthwiseConv2D: {kernel_size: 2, dilation_rate: [1, 2], depthwise_initializer: he_uniform, bias_initializer: ones}]}`,
	"conv separable": `{input: [6, 5, 2], layers: [SeparableConv2D: {filters: 3, kernel_size: [3, 2], padding: same, depth_multiplier: 2, activation: tanh}, MaxPooling2D: {strides: 1},
		SeparableConv2D: {filters: 4, kernel_size: 2, strides: [2, 1], use_bias: false, depthwise_initializer: he_normal}, SeparableConv2D: {filters: 2, kernel_size: 2, dilation_rate: [1, 2], pointwise_initializer: he_uniform, bias_initializer: ones}]}`,
	"conv transposed": `{input: [3, 4, 2], layers: [Conv2DTranspose: {filters: 3, kernel_size: [3, 2], strides: [2, 1], activation: tanh}, MaxPooling2D: {strides: 1},
		Conv2DTranspose: {filters: 2, kernel_size: 3, strides: 2, padding: same, output_padding: [0, 1], kernel_initializer: he_normal, bias_initializer: ones}, MaxPooling2D: {pool_size: 3},
		Conv2DTranspose: {filters: 2, kernel_size: 2, dilation_rate: [2, 1], padding: same, use_bias: false}, Conv2DTranspose: {filters: 1, kernel_size: 2, strides: 3, output_padding: 0}]}`,
	"no bias":             "{input: [4, 4, 1], layers: [Conv2D: {filters: 2, kernel_size: 2, use_bias: false}, Flatten, Dense: {units: 3, use_bias: false}]}",
	"activations":         "{input: [5], layers: [Dense: {units: 6, activation: relu}, Dense: {units: 6, activation: sigmoid}, Dense: {units: 6, activation: tanh}, Dense: {units: 6, activation: linear}, Dense: {units: 4, activation: softmax}]}",
	"dense of places":     "{input: [3, 4, 2], layers: [Dense: {units: 3, activation: tanh}, Conv2D: {filters: 2, kernel_size: 2}, Dense: {units: 4, use_bias: false}, Reshape: {target_shape: [4, 6]}, Dense: {units: 2}, Flatten, Dense: {units: 3}]}",
	"leaky":               "{input: [5], layers: [Dense: {units: 6, activation: leaky_relu}, Dense: {units: 5}, LeakyReLU, Dense: {units: 4}, LeakyReLU: {negative_slope: 1.5}]}",
	"curved":              "{input: [5], layers: [Dense: {units: 6, activation: elu}, Dense: {units: 6, activation: selu}, Dense: {units: 6, activation: softplus}, Dense: {units: 6, activation: softsign}, Dense: {units: 4, activation: exponential}]}",
	"flat at the top":     "{input: [5], layers: [Dense: {units: 4, activation: softsign}, Dense: {units: 3, activation: relu6}, Dense: {units: 2, activation: softsign}, Dense: {units: 2, activation: hard_sigmoid}]}",
	"rise and fall":       "{input: [5, 5, 1], layers: [Conv2D: {filters: 2, kernel_size: 2, activation: silu}, MaxPooling2D, Flatten, Dense: {units: 6, activation: gelu}, Dense: {units: 6, activation: gelu_tanh}, Dense: {units: 6, activation: hard_swish}, Dense: {units: 4, activation: mish}]}",
	"function layers":     "{input: [5], layers: [Dense: {units: 6}, ELU, Dense: {units: 5}, ELU: {alpha: 0.5}, Dense: {units: 6}, ReLU: {max_value: 9}, Dense: {units: 4}, ReLU: {negative_slope: 0.25}, Dense: {units: 9}, ReLU: {threshold: 0.25}, Dense: {units: 9}, ReLU: {threshold: 0.125, negative_slope: 0.5, max_value: 3}]}",
	"activation layers":   "{input: [5], layers: [Dense: {units: 6}, ReLU, Dense: {units: 5}, Activation: {activation: tanh}, Activation: {activation: linear}, Softmax, Dense: {units: 3}, Activation: {activation: sigmoid}]}",
	"softmax of maps":     "{input: [3, 3, 2], layers: [Conv2D: {filters: 3, kernel_size: 2, activation: softmax}]}",
	"max pool":            "{input: [7, 6, 1], layers: [Conv2D: {filters: 3, kernel_size: 2}, MaxPooling2D: {pool_size: [2, 3]}]}",
	"max pool overlap":    "{input: [6, 6, 1], layers: [Conv2D: {filters: 2, kernel_size: 2}, MaxPooling2D: {pool_size: 3, strides: 1, padding: same}]}",
	"constraints":         "{input: [4, 4, 1], layers: [Conv2D: {filters: 2, kernel_size: 2, kernel_constraint: max_norm}, Flatten, Dense: {units: 3, kernel_constraint: {max_norm: 0.5}}]}",
	"initializers":        "{input: [4, 4, 1], layers: [Conv2D: {filters: 2, kernel_size: 2, kernel_initializer: he_normal, bias_initializer: ones}, Flatten, Dense: {units: 3, kernel_initializer: zeros, bias_initializer: he_uniform}]}",
	"min pool":            "{input: [7, 6, 1], layers: [Conv2D: {filters: 3, kernel_size: 2}, MinPooling2D]}",
	"min pool overlap":    "{input: [6, 6, 1], layers: [Conv2D: {filters: 2, kernel_size: 2}, MinPooling2D: {pool_size: 3, strides: 2, padding: same}]}",
	"average pool":        "{input: [6, 7, 1], layers: [Conv2D: {filters: 2, kernel_size: 2}, AveragePooling2D: {pool_size: 3, strides: 2, padding: same}]}",
	"global average":      "{input: [5, 4, 1], layers: [Conv2D: {filters: 3, kernel_size: 2}, GlobalAveragePooling2D: {keepdims: true}, Conv2D: {filters: 2, kernel_size: 1}, GlobalAveragePooling2D, Dense: {units: 2}]}",
	"global max":          "{input: [5, 4, 1], layers: [Conv2D: {filters: 3, kernel_size: 2}, GlobalMaxPooling2D: {keepdims: true}, Conv2D: {filters: 2, kernel_size: 1}, GlobalMaxPooling2D, Dense: {units: 2}]}",
	"global min":          "{input: [5, 4, 1], layers: [Conv2D: {filters: 3, kernel_size: 2}, GlobalMinPooling2D: {keepdims: true}, Conv2D: {filters: 2, kernel_size: 1}, GlobalMinPooling2D, Dense: {units: 2}]}",
	"adaptive pools":      "{input: [6, 5, 1], layers: [Conv2D: {filters: 2, kernel_size: 2}, AdaptiveAveragePooling2D: {output_size: [3, 2]}, Conv2D: {filters: 2, kernel_size: 1}, AdaptiveMaxPooling2D: {output_size: 2}, Conv2D: {filters: 2, kernel_size: [2, 1]}, AdaptiveMaxPooling2D: {output_size: 1}, AdaptiveAveragePooling2D: {output_size: 3}, Flatten, Dense: {units: 2}]}",
	"dropout":             "{input: [8], layers: [Dense: {units: 9}, Dropout: {rate: 0.4}, Dense: {units: 7}, Dropout: {rate: 0}, Dropout: {rate: 0.5}]}",
	"spatial dropout":     "{input: [3, 4, 1], layers: [Conv2D: {filters: 5, kernel_size: 2}, SpatialDropout2D: {rate: 0.4}, Conv2D: {filters: 3, kernel_size: 1}, SpatialDropout2D: {rate: 0}, SpatialDropout2D: {rate: 0.3}]}",
	"noise":               "{input: [4], layers: [GaussianNoise: {stddev: 0.5}, Dense: {units: 5}, GaussianNoise: {stddev: 0.25}, Dense: {units: 3, activation: tanh}, GaussianNoise: {stddev: 0}]}",
	"flatten":             "{input: [3, 3, 1], layers: [Conv2D: {name: c, filters: 2, kernel_size: 2}, Flatten: {name: a}, Flatten: {name: b, inputs: c}, Add: {inputs: [a, b]}, Flatten]}",
	"twice the same":      "{input: [4], layers: [Dense: {name: x, units: 3, activation: tanh}, Add: {inputs: [x, x]}, Dense: {units: 2}]}",
	"sum of three":        "{input: [4], layers: [Dense: {name: a, units: 3}, Dense: {name: b, units: 3, activation: tanh}, Add: {inputs: [a, b, a]}]}",
	"sum with input":      "{input: [4], layers: [Dense: {name: a, units: 4}, Add: {inputs: [input, a]}, Dense: {units: 2}]}",
	"enlarged":            "{input: [3, 4, 2], layers: [Conv2D: {filters: 2, kernel_size: 2}, UpSampling2D, Conv2D: {filters: 2, kernel_size: 3}, UpSampling2D: {size: [1, 3]}, Conv2D: {filters: 1, kernel_size: 2}]}",
	"enlarged bilinearly": "{input: [3, 4, 2], layers: [Conv2D: {filters: 2, kernel_size: 2}, UpSampling2D: {interpolation: bilinear}, Conv2D: {filters: 2, kernel_size: 3}, UpSampling2D: {size: [1, 3], interpolation: bilinear}, Conv2D: {filters: 1, kernel_size: 2}]}",
	"zeros around":        "{input: [3, 4, 2], layers: [Conv2D: {filters: 2, kernel_size: 2}, ZeroPadding2D, Conv2D: {filters: 2, kernel_size: 2}, ZeroPadding2D: {padding: [[2, 0], [0, 1]]}, Conv2D: {filters: 2, kernel_size: 3}]}",
	"cropped":             "{input: [7, 6, 1], layers: [Conv2D: {filters: 2, kernel_size: 2}, Cropping2D: {cropping: [[0, 2], [1, 0]]}, Conv2D: {filters: 2, kernel_size: 1}, Cropping2D: {cropping: 1}]}",
	"permuted":            "{input: [3, 4, 2], layers: [Conv2D: {filters: 3, kernel_size: 2}, Permute: {dims: [3, 1, 2]}, Conv2D: {filters: 2, kernel_size: 1}, Permute: {dims: [1, 3, 2]}]}",
	"reshaped":            "{input: [12], layers: [Reshape: {target_shape: [2, 3, 2]}, Conv2D: {filters: 4, kernel_size: 2}, Reshape: {target_shape: [4, -1]}, Permute: {dims: [2, 1]}, Flatten, Dense: {units: 3}]}",
	"rescaled":            "{input: [4], layers: [Rescaling: {scale: 0.5, offset: -1}, Dense: {units: 3}, Rescaling: {scale: -2}, Dense: {units: 2}, Rescaling: {scale: 0.25, offset: 3}]}",
	"product of three":    "{input: [4], layers: [Dense: {name: a, units: 3}, Dense: {name: b, inputs: input, units: 3}, Dense: {name: c, inputs: input, units: 3}, Multiply: {inputs: [a, b, c]}, Dense: {units: 2}]}",
	"square":              "{input: [4], layers: [Dense: {name: a, units: 3}, Multiply: {inputs: [a, a]}, Multiply: {inputs: [multiply, a]}]}",
	"product with input":  "{input: [4], layers: [Dense: {name: a, units: 4}, Multiply: {inputs: [input, input, a]}, Multiply: {inputs: [input, multiply, input]}]}",
	"squeeze and excite": `{input: [4, 3, 2], layers: [Conv2D: {name: maps, filters: 3, kernel_size: 2}, GlobalAveragePooling2D: {keepdims: true}, Conv2D: {filters: 2, kernel_size: 1, activation: tanh},
		Conv2D: {filters: 3, kernel_size: 1, activation: sigmoid}, Multiply: {inputs: [maps, conv2d_1]}, Flatten, Dense: {units: 3}]}`,
	"factors of channels": `{input: [4, 3, 2], layers: [Conv2D: {name: maps, filters: 3, kernel_size: 2}, GlobalAveragePooling2D: {name: a}, GlobalMaxPooling2D: {name: b, inputs: maps, keepdims: true},
		Multiply: {name: before, inputs: [a, maps, b]}, Multiply: {inputs: [a, b, before]}]}`,
	"difference":           "{input: [4], layers: [Dense: {name: a, units: 3}, Dense: {name: b, units: 3, activation: tanh}, Subtract: {inputs: [a, b]}, Subtract: {inputs: [b, subtract]}, Dense: {name: c, units: 4}, Subtract: {inputs: [input, c]}]}",
	"mean of three":        "{input: [4], layers: [Dense: {name: a, units: 3}, Dense: {name: b, units: 3, activation: tanh}, Average: {inputs: [a, b, a]}, Dense: {units: 4, name: c}, Average: {inputs: [input, c]}]}",
	"largest and smallest": "{input: [4], layers: [Dense: {name: a, units: 9}, Dense: {name: b, inputs: input, units: 9}, Dense: {name: c, inputs: input, units: 9}, Maximum: {name: max, inputs: [a, b, c]}, Minimum: {name: min, inputs: [a, b, c]}, Multiply: {inputs: [max, min]}, Dense: {name: d, units: 4}, Maximum: {inputs: [input, d]}]}",
	"side by side": `{input: [4, 3, 2], layers: [Conv2D: {name: a, filters: 3, kernel_size: 2}, Conv2D: {name: b, inputs: input, filters: 1, kernel_size: 2}, Concatenate: {name: c, inputs: [a, b, a]},
		Concatenate: {name: d, axis: 1, inputs: [c, c]}, Concatenate: {name: e, axis: -2, inputs: [d, d]}, MaxPooling2D, Flatten: {name: f}, Dense: {units: 3}, Concatenate: {inputs: [f, dense]}]}`,
	"beside the input": "{input: [2, 2, 2], layers: [Conv2D: {filters: 3, kernel_size: 1}, Concatenate: {inputs: [input, conv2d, input]}]}",
	"fan out":          "{input: [4], layers: [Dense: {name: x, units: 3, activation: sigmoid}, Dense: {name: a, units: 3}, Dense: {name: b, inputs: x, units: 3, activation: tanh}, Add: {inputs: [a, x, b]}]}",
	"linear fan out":   "{input: [4], layers: [Dense: {name: x, units: 3}, Activation: {name: a, activation: linear}, Activation: {name: b, inputs: x, activation: linear}, Add: {inputs: [a, b, x]}, Activation: {activation: linear}]}",
	"learnt slopes":    "{input: [5, 6, 2], layers: [PReLU: {alpha_initializer: ones}, Conv2D: {filters: 3, kernel_size: 3}, PReLU: {shared_axes: [1, 2]}, MaxPooling2D, PReLU: {shared_axes: [1]}, Flatten, Dense: {units: 4}, PReLU: {shared_axes: [1]}, Dense: {units: 3}, PReLU]}",
	"batch norm": `{input: [3, 4, 2], layers: [Conv2D: {filters: 3, kernel_size: 2}, BatchNormalization, ReLU,
		BatchNormalization: {axis: -1, momentum: 0.5, epsilon: 0.1, center: false, scale: false, moving_mean_initializer: ones, moving_variance_initializer: he_uniform},
		Flatten, Dense: {units: 4}, BatchNormalization: {center: false, gamma_initializer: he_normal}, Dense: {units: 3},
		BatchNormalization: {scale: false, beta_initializer: ones}]}`,
	"penalties": `{input: [4, 4, 1], layers: [Conv2D: {filters: 2, kernel_size: 2, activation: tanh, kernel_regularizer: {l1: 0.25}, bias_regularizer: {l2: 0.5}, activity_regularizer: {l1: 0.125, l2: 0.25}},
		Flatten, Dense: {name: a, units: 3, kernel_regularizer: l2, bias_regularizer: l1_l2, activity_regularizer: {l2: 0.125}}, Dense: {name: b, inputs: flatten, units: 3}, Add: {inputs: [a, b, a]},
		ActivityRegularization: {l1: 0.5}, Dense: {units: 2}, ActivityRegularization: {l1: 0.25, l2: 0.125}]}`,
	"penalties of convolutions": `{input: [5, 5, 2], layers: [DepthwiseConv2D: {kernel_size: 2, depthwise_regularizer: {l2: 0.25}, bias_regularizer: {l1: 0.5}, activity_regularizer: {l2: 0.125}},
		SeparableConv2D: {filters: 2, kernel_size: 2, activation: tanh, depthwise_regularizer: {l1: 0.25}, pointwise_regularizer: {l2: 0.5}, bias_regularizer: {l2: 0.25}, activity_regularizer: {l1: 0.25}},
		Conv2DTranspose: {filters: 1, kernel_size: 2, kernel_regularizer: {l1: 0.125, l2: 0.25}, bias_regularizer: {l2: 0.5}, activity_regularizer: {l2: 0.25}}]}`,
	"batch norm first": "{input: [3, 2, 2], layers: [BatchNormalization: {center: false, scale: false}, BatchNormalization, Conv2D: {filters: 2, kernel_size: 2}]}",
	"layer norm": `{input: [3, 4, 2], layers: [LayerNormalization, Conv2D: {filters: 3, kernel_size: 2}, LayerNormalization: {axis: [1, 2, 3], epsilon: 0.1}, ReLU,
		LayerNormalization: {axis: [-1, -2], center: false, gamma_initializer: he_normal}, Flatten, Dense: {units: 4},
		LayerNormalization: {axis: -1, scale: false, beta_initializer: ones}, Dense: {units: 3}]}`,
	"group norm": `{input: [3, 4, 2], layers: [GroupNormalization: {groups: 2}, Conv2D: {filters: 6, kernel_size: 2}, GroupNormalization: {groups: 3, axis: -1, epsilon: 0.1}, ReLU,
		GroupNormalization: {groups: -1, center: false, gamma_initializer: he_normal}, Flatten, Dense: {units: 32}, GroupNormalization: {groups: 1, scale: false, beta_initializer: ones},
		Dense: {units: 3}]}`,
	"frozen": `{input: [6, 6, 2], layers: [Conv2D: {filters: 3, kernel_size: 3, trainable: false}, PReLU: {shared_axes: [1, 2]}, BatchNormalization: {trainable: false},
		Conv2D: {filters: 2, kernel_size: 2, activation: tanh, trainable: false}, BatchNormalization: {scale: false, trainable: false}, PReLU: {trainable: false}, Flatten,
		Dense: {units: 4, activation: tanh}, Dense: {units: 4, trainable: false}, Dense: {units: 2, use_bias: false}]}`,
	"residual": `{input: [6, 6, 1], layers: [Conv2D: {name: stem, filters: 2, kernel_size: 3, padding: same, activation: relu},
		Conv2D: {filters: 2, kernel_size: 3, padding: same, activation: relu}, Conv2D: {name: block, filters: 2, kernel_size: 3, padding: same},
		Add: {inputs: [stem, block]}, ReLU: {name: out}, Conv2D: {name: down, filters: 3, kernel_size: 3, strides: 2, padding: same},
		Conv2D: {name: short, inputs: out, filters: 3, kernel_size: 1, strides: 2}, Add: {inputs: [down, short]}, ReLU,
		AveragePooling2D: {pool_size: 3}, Flatten, Dense: {units: 3}]}`,
}

// Every weight's gradient is held by central differences in float64, and the CPU device by the float64 gradient.
func TestGradients(t *testing.T) {
	for name, text := range networks {
		t.Run(name, func(t *testing.T) {
			m, err := model.Parse(name, []byte(text))
			require.NoError(t, err)
			const batch = 3
			p := newTraining(m, batch, model.LowerOptions{})
			in := drawInputs(m, p)

			_, gradients := p.exact(t, in, nil)
			for i, want := range differences(t, p, in) {
				require.InDelta(t, want, gradients[i], 1e-7*max(1, math.Abs(want)), "weight %d", i)
			}
			output, got := p.onCPU(t, in)
			assert.Len(t, output, batch*m.Output.Shape.Elements())
			within := bound(t, p, in, gradients)
			for i, want := range gradients {
				require.InDelta(t, want, got[i], within, "weight %d", i)
			}
		})
	}
}

// drawInputs draws inputs that float32 holds exactly. Biases are not left at zero, where nothing would show them.
func drawInputs(m *model.Model, p training) inputs {
	rng := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) []float32 {
		list := make([]float32, n)
		for i := range list {
			list[i] = float32(rng.NormFloat64())
		}
		return list
	}
	in := inputs{x: draw(p.Input.Elements()), outputWeight: draw(p.Output.Elements()), weights: make([]float32, p.Weights.Elements())}
	for _, param := range m.Params {
		_, offset := p.Param(param).Root()
		values := draw(param.Shape.Elements())
		if strings.HasSuffix(param.Name, "variance") {
			for i, v := range values {
				values[i] = max(v, -v)
			}
		}
		copy(in.weights[offset:], values)
	}
	return in
}

// differences are the central differences (f(w+h) − f(w−h))/2h for each weight w.
func differences(t *testing.T, p training, in inputs) []float64 {
	const h = 1e-5
	o := &kerneltest.Oracle{}
	o.Set(p.Input, in.x)
	o.Set(p.weight, in.outputWeight)
	o.Set(p.Weights, in.weights)
	weights := o.Of(p.Weights)
	o.Of(p.step)[0] = stepNumber
	gradients := make([]float64, p.Gradients.Elements())
	for _, param := range p.model.Params {
		if p.Gradient(param) == nil {
			continue
		}
		_, offset := p.Param(param).Root()
		for i := offset; i < offset+param.Shape.Elements(); i++ {
			loss := func(w float64) float64 {
				weights[i] = w
				require.NoError(t, o.Run(p.forward))
				return p.loss(o)
			}
			w := weights[i]
			gradients[i] = (loss(w+h) - loss(w-h)) / (2 * h)
			weights[i] = w
		}
	}
	return gradients
}

// bound is how far a gradient may lie from the exact one in float32: four times as far as the worst of a number of runs with
// noise moved any of the model's gradients. It must be small, or it would prove nothing.
func bound(t *testing.T, p training, in inputs, exact []float64) float64 {
	moved, largest := 0.0, 0.0
	for seed := range uint64(8) {
		_, noisy := p.exact(t, in, rand.New(rand.NewPCG(seed, 3)))
		for i, v := range noisy {
			moved = max(moved, math.Abs(v-exact[i]))
			largest = max(largest, math.Abs(exact[i]))
		}
	}
	require.Less(t, 4*moved, 1e-3*largest)
	return 4 * moved
}
