package model_test

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/kernels/plan"
	"cnn-gpu/model"
)

// The gradient by the value of each node is held by central differences in float64: of what the layers after it make of another value, as they are
// outside training. A device computes the same, whatever it rewrites.
func TestGradientOf(t *testing.T) {
	d, err := device.OpenCPU(device.Options{Workers: 1})
	require.NoError(t, err)
	defer d.Close()
	for name, text := range networks {
		t.Run(name, func(t *testing.T) {
			m, err := model.Parse(name, []byte(text))
			require.NoError(t, err)
			for _, n := range m.Nodes[1 : len(m.Nodes)-1] {
				l := m.Lower(2, model.LowerOptions{GradientOf: n})
				isShared := func(in *model.Node) bool {
					root, _ := l.Value(n).Root()
					other, _ := l.Value(in).Root()
					return root == other
				}
				if slices.ContainsFunc(n.Inputs, isShared) {
					continue // its input's value would change, too
				}
				ops := append(model.Ops(l.Forward), model.Ops(l.Backward)...)
				require.NoError(t, plan.Check(ops), n.Name)
				in := drawInputs(m, training{model: m, Lowered: l})
				positiveVariances(m, l, in.weights)
				o := &kerneltest.Oracle{}
				o.Set(l.Input, in.x)
				o.Set(l.Weights, in.weights)
				o.Set(l.DOutput, in.outputWeight)
				require.NoError(t, o.Run(ops))
				gradient := append([]float64(nil), o.Of(l.DValue)...)
				assertOnDevice(t, d, ops, l, in, gradient)

				at := 0
				for l.Forward[at].Node != n {
					at++
				}
				value := o.Of(l.Value(n))
				loss := func() (loss float64) {
					require.NoError(t, o.Run(model.Ops(l.Forward[at+1:])))
					for i, y := range o.Of(l.Output) {
						loss += y * float64(in.outputWeight[i])
					}
					return loss
				}
				require.Len(t, gradient, len(value))
				const h = 1e-5
				for i, v := range value {
					value[i] = v + h
					above := loss()
					value[i] = v - h
					below := loss()
					value[i] = v
					want := (above - below) / (2 * h)
					require.InDelta(t, want, gradient[i], 1e-6*max(1, math.Abs(want)), "%s, value %d", n.Name, i)
				}
			}
		})
	}
}

// assertOnDevice holds a device's gradient by a value to the exact one.
func assertOnDevice(t *testing.T, d device.Device, ops []kernels.Op, l *model.Lowered, in inputs, want []float64) {
	t.Helper()
	program, err := d.Compile(ops, device.CompileOptions{})
	require.NoError(t, err)
	for b, values := range map[*kernels.Buffer][]float32{l.Input: in.x, l.Weights: in.weights, l.DOutput: in.outputWeight} {
		require.NoError(t, d.Upload(b, values))
	}
	require.NoError(t, program.Run())
	got := make([]float32, l.DValue.Elements())
	require.NoError(t, d.Download(got, l.DValue))
	largest := 1.
	for _, v := range want {
		largest = max(largest, math.Abs(v))
	}
	for i, v := range want {
		require.InDelta(t, v, got[i], 1e-5*largest, "%s[%d]", l.DValue.Name, i)
	}
	require.NoError(t, program.Close())
}

// positiveVariances makes variances of what stands for them.
func positiveVariances(m *model.Model, l *model.Lowered, weights []float32) {
	for _, p := range m.Params {
		if p.NonTrainable {
			_, offset := l.Param(p).Root()
			for i := range p.Shape.Elements() {
				weights[offset+i] = 0.5 + float32(math.Abs(float64(weights[offset+i])))
			}
		}
	}
}

// Only what the gradient needs is computed, and nothing is kept for the parameters' gradients.
func TestGradientOfIsAlone(t *testing.T) {
	m, err := model.Parse("m", []byte("{input: [6, 6, 1], layers: [Conv2D: {name: a, filters: 2, kernel_size: 3}, MaxPooling2D, Flatten, Dense: {units: 3}]}"))
	require.NoError(t, err)
	n, err := m.LayerOutput("a")
	require.NoError(t, err)
	l := m.Lower(1, model.LowerOptions{GradientOf: n})
	var names []string
	for _, op := range model.Ops(l.Backward) {
		names = append(names, op.Name())
	}
	assert.Equal(t, []string{"dense_dgrad", "pool2d_dgrad"}, names)
	assert.Nil(t, l.Gradients)
	assert.True(t, l.DOutput.Keep)

	below := m.Lower(1, model.LowerOptions{Output: n, GradientOf: m.Output})
	assert.Nil(t, below.DValue, "the output does not depend on what comes after it")
	assert.Empty(t, below.Backward)
	assert.Equal(t, kernels.Float32, l.DValue.Type)
}
