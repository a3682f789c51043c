package model_test

import (
	"math"
	"math/rand/v2"
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
	"no bias":           "{input: [4, 4, 1], layers: [Conv2D: {filters: 2, kernel_size: 2, use_bias: false}, Flatten, Dense: {units: 3, use_bias: false}]}",
	"activations":       "{input: [5], layers: [Dense: {units: 6, activation: relu}, Dense: {units: 6, activation: sigmoid}, Dense: {units: 6, activation: tanh}, Dense: {units: 6, activation: linear}, Dense: {units: 4, activation: softmax}]}",
	"leaky":             "{input: [5], layers: [Dense: {units: 6, activation: leaky_relu}, Dense: {units: 5}, LeakyReLU, Dense: {units: 4}, LeakyReLU: {negative_slope: 1.5}]}",
	"activation layers": "{input: [5], layers: [Dense: {units: 6}, ReLU, Dense: {units: 5}, Activation: {activation: tanh}, Activation: {activation: linear}, Softmax, Dense: {units: 3}, Activation: {activation: sigmoid}]}",
	"softmax of maps":   "{input: [3, 3, 2], layers: [Conv2D: {filters: 3, kernel_size: 2, activation: softmax}]}",
	"max pool":          "{input: [7, 6, 1], layers: [Conv2D: {filters: 3, kernel_size: 2}, MaxPooling2D: {pool_size: [2, 3]}]}",
	"max pool overlap":  "{input: [6, 6, 1], layers: [Conv2D: {filters: 2, kernel_size: 2}, MaxPooling2D: {pool_size: 3, strides: 1, padding: same}]}",
	"initializers":      "{input: [4, 4, 1], layers: [Conv2D: {filters: 2, kernel_size: 2, kernel_initializer: he_normal, bias_initializer: ones}, Flatten, Dense: {units: 3, kernel_initializer: zeros, bias_initializer: he_uniform}]}",
	"min pool":          "{input: [7, 6, 1], layers: [Conv2D: {filters: 3, kernel_size: 2}, MinPooling2D]}",
	"min pool overlap":  "{input: [6, 6, 1], layers: [Conv2D: {filters: 2, kernel_size: 2}, MinPooling2D: {pool_size: 3, strides: 2, padding: same}]}",
	"average pool":      "{input: [6, 7, 1], layers: [Conv2D: {filters: 2, kernel_size: 2}, AveragePooling2D: {pool_size: 3, strides: 2, padding: same}]}",
	"global average":    "{input: [5, 4, 1], layers: [Conv2D: {filters: 3, kernel_size: 2}, GlobalAveragePooling2D: {keepdims: true}, Conv2D: {filters: 2, kernel_size: 1}, GlobalAveragePooling2D, Dense: {units: 2}]}",
	"dropout":           "{input: [8], layers: [Dense: {units: 9}, Dropout: {rate: 0.4}, Dense: {units: 7}, Dropout: {rate: 0}, Dropout: {rate: 0.5}]}",
	"flatten":           "{input: [3, 3, 1], layers: [Conv2D: {name: c, filters: 2, kernel_size: 2}, Flatten: {name: a}, Flatten: {name: b, inputs: c}, Add: {inputs: [a, b]}, Flatten]}",
	"twice the same":    "{input: [4], layers: [Dense: {name: x, units: 3, activation: tanh}, Add: {inputs: [x, x]}, Dense: {units: 2}]}",
	"sum of three":      "{input: [4], layers: [Dense: {name: a, units: 3}, Dense: {name: b, units: 3, activation: tanh}, Add: {inputs: [a, b, a]}]}",
	"sum with input":    "{input: [4], layers: [Dense: {name: a, units: 4}, Add: {inputs: [input, a]}, Dense: {units: 2}]}",
	"fan out":           "{input: [4], layers: [Dense: {name: x, units: 3, activation: sigmoid}, Dense: {name: a, units: 3}, Dense: {name: b, inputs: x, units: 3, activation: tanh}, Add: {inputs: [a, x, b]}]}",
	"linear fan out":    "{input: [4], layers: [Dense: {name: x, units: 3}, Activation: {name: a, activation: linear}, Activation: {name: b, inputs: x, activation: linear}, Add: {inputs: [a, b, x]}, Activation: {activation: linear}]}",
	"batch norm": `{input: [3, 4, 2], layers: [Conv2D: {filters: 3, kernel_size: 2}, BatchNormalization, ReLU,
		BatchNormalization: {axis: -1, momentum: 0.5, epsilon: 0.1, center: false, scale: false, moving_mean_initializer: ones, moving_variance_initializer: he_uniform},
		Flatten, Dense: {units: 4}, BatchNormalization: {center: false, gamma_initializer: he_normal}, Dense: {units: 3},
		BatchNormalization: {scale: false, beta_initializer: ones}]}`,
	"batch norm first": "{input: [3, 2, 2], layers: [BatchNormalization: {center: false, scale: false}, BatchNormalization, Conv2D: {filters: 2, kernel_size: 2}]}",
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
		copy(in.weights[offset:], draw(param.Shape.Elements()))
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
	gradients := make([]float64, len(weights))
	for _, param := range p.model.Params {
		_, offset := p.Param(param).Root()
		for i := offset; i < offset+param.Shape.Elements(); i++ {
			loss := func(w float64) float64 {
				weights[i] = w
				require.NoError(t, o.Run(model.Ops(p.Forward)))
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
