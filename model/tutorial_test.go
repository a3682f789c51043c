package model_test

import (
	"encoding/json"
	"math"
	"math/rand/v2"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/model"
)

// tutorialGolden is what PyTorch computes in float64 for the tutorial's network; kernels/kerneltest/testdata/golden.py makes it.
type tutorialGolden struct {
	Batch  int
	Images struct {
		Seed  uint64
		Shape []int
		First []float64
	}
	Labels []int32
	Loss   float64
	Logits [][]float64
	Params []struct {
		Name           string
		Shape          model.Shape
		Seed           uint64
		Scale          float64
		First          []float64
		Sum, Norm, Max float64      // of the gradient
		Entries        [][2]float64 // index and gradient
	}
}

// uniform is the n numbers of golden.py's function of that name: SplitMix64's, in [0, 1).
func uniform(seed uint64, n int) []float64 {
	list := make([]float64, n)
	for i := range list {
		z := (seed<<32 + uint64(i)) * 0x9E3779B97F4A7C15
		z = (z ^ z>>30) * 0xBF58476D1CE4E5B9
		z = (z ^ z>>27) * 0x94D049BB133111EB
		list[i] = float64((z^z>>31)>>40) / (1 << 24)
	}
	return list
}

// tutorial is the tutorial's network with PyTorch's results, weights and images, and the ops of a step of training.
type tutorial struct {
	golden  tutorialGolden
	model   *model.Model
	weights *model.Weights
	images  []float32

	lowered      *model.Lowered
	labels, loss *kernels.Buffer
	ops          []kernels.Op
}

// newTutorial emits the ops as the layers do.
func newTutorial(t *testing.T) tutorial {
	text, err := os.ReadFile("testdata/tutorial_golden.json")
	require.NoError(t, err)
	var c tutorial
	require.NoError(t, json.Unmarshal(text, &c.golden))
	c.model, err = model.Open("mnist-cnn")
	require.NoError(t, err)
	require.Len(t, c.model.Params, len(c.golden.Params))

	c.weights = c.model.NewWeights()
	for i, g := range c.golden.Params {
		require.Equal(t, g.Name, c.model.Params[i].Name)
		require.Equal(t, g.Shape, c.model.Params[i].Shape)
		values, err := c.weights.Values(g.Name)
		require.NoError(t, err)
		for j, u := range uniform(g.Seed, len(values)) {
			values[j] = float32((2*u - 1) * g.Scale)
		}
		for j, want := range g.First {
			require.EqualValues(t, want, values[j])
		}
	}
	for _, u := range uniform(c.golden.Images.Seed, c.golden.Batch*c.model.Input.Shape.Elements()) {
		c.images = append(c.images, float32(u))
	}
	for j, want := range c.golden.Images.First {
		require.EqualValues(t, want, c.images[j])
	}

	logits, ok := c.model.Logits()
	require.True(t, ok)
	c.lowered = c.model.Lower(c.golden.Batch, model.LowerOptions{
		Output: logits, Training: true, Step: kernels.Kept("step", kernels.Int32, 1),
	})
	n, k := c.golden.Batch, logits.Shape.Elements()
	c.labels = kernels.Kept("labels", kernels.Int32, n)
	c.loss = kernels.Kept("loss", kernels.Float32, n)
	y := kernels.NewBuffer("probabilities", kernels.Float32, n, k)
	steps := append([]model.Step{{Ops: []kernels.Op{kernels.Zero{Y: c.lowered.Gradients}}}}, c.lowered.Forward...)
	steps = append(steps, model.Step{Ops: []kernels.Op{
		kernels.CrossEntropyFprop{N: n, K: k, X: c.lowered.Output, Labels: c.labels, Y: y, Loss: c.loss},
		kernels.CrossEntropyDgrad{N: n, K: k, Y: y, Labels: c.labels, DX: c.lowered.DOutput},
	}})
	steps = append(steps, c.lowered.Backward...)
	c.ops = model.Ops(steps)
	return c
}

// inFloat64 runs the step in the oracle.
func (c tutorial) inFloat64(t *testing.T, noise *rand.Rand) *kerneltest.Oracle {
	o := &kerneltest.Oracle{Noise: noise}
	o.Set(c.lowered.Weights, c.weights.Padded())
	o.Set(c.lowered.Input, c.images)
	for i, v := range c.golden.Labels {
		o.Of(c.labels)[i] = float64(v)
	}
	require.NoError(t, o.Run(c.ops))
	return o
}

// The ops that the tutorial's network is lowered to have PyTorch's loss and gradients in float64, and the CPU device has them
// within what float32 arithmetic may do to each parameter's.
func TestTutorialGradientsAgreeWithPyTorch(t *testing.T) {
	c := newTutorial(t)
	exact := c.inFloat64(t, nil)
	noisy := c.inFloat64(t, rand.New(rand.NewPCG(1, 1)))
	t.Run("strict", func(t *testing.T) { testTutorialGradients(t, c, exact, noisy, device.CompileOptions{Strict: true}) })
	t.Run("with every pass", func(t *testing.T) { testTutorialGradients(t, c, exact, noisy, device.CompileOptions{}) })
}

func testTutorialGradients(t *testing.T, c tutorial, exact, noisy *kerneltest.Oracle, o device.CompileOptions) {
	d, err := device.OpenCPU(device.Options{Workers: 2})
	require.NoError(t, err)
	defer d.Close()
	program, err := d.Compile(c.ops, o)
	require.NoError(t, err)
	require.NoError(t, d.Upload(c.lowered.Weights, c.weights.Padded()))
	require.NoError(t, d.Upload(c.lowered.Input, c.images))
	require.NoError(t, d.Upload(c.labels, c.golden.Labels))
	require.NoError(t, program.Run())
	download := func(b *kernels.Buffer) []float32 {
		list := make([]float32, b.Elements())
		require.NoError(t, d.Download(list, b))
		return list
	}

	// bound is how far a value may lie from the exact one: as far as four times the worst that noise did to its kind.
	bound := func(b *kernels.Buffer) float64 {
		moved, largest := 0.0, 0.0
		for i, v := range exact.Of(b) {
			moved = max(moved, math.Abs(v-noisy.Of(b)[i]))
			largest = max(largest, math.Abs(v))
		}
		require.Less(t, 4*moved, 1e-3*largest, "%s: the bound proves nothing", b.Name)
		return 4 * moved
	}

	logits := download(c.lowered.Output)
	for n, row := range c.golden.Logits {
		for k, want := range row {
			i := n*len(row) + k
			require.InDelta(t, want, exact.Of(c.lowered.Output)[i], 1e-12)
			require.InDelta(t, want, logits[i], bound(c.lowered.Output))
		}
	}
	loss := 0.0
	for _, v := range download(c.loss) {
		loss += float64(v) / float64(c.golden.Batch)
	}
	assert.InDelta(t, c.golden.Loss, loss, bound(c.loss))

	for i, p := range c.model.Params {
		gradient := c.lowered.Gradient(p)
		g, got, want := c.golden.Params[i], download(gradient), exact.Of(gradient)
		within := bound(gradient)
		for _, entry := range g.Entries {
			at := int(entry[0])
			require.InDelta(t, entry[1], want[at], 1e-12, "%s[%d] in float64", p.Name, at)
			require.InDelta(t, entry[1], got[at], within, "%s[%d]", p.Name, at)
		}
		sum, squares, largest, difference := 0.0, 0.0, 0.0, 0.0
		for j, v := range want {
			sum += v
			squares += v * v
			largest = max(largest, math.Abs(v))
			difference = max(difference, math.Abs(v-float64(got[j])))
		}
		assert.InDelta(t, g.Sum, sum, 1e-10, p.Name)
		assert.InDelta(t, g.Norm, math.Sqrt(squares), 1e-10, p.Name)
		assert.InDelta(t, g.Max, largest, 1e-12, p.Name)
		assert.LessOrEqual(t, difference, within, p.Name)
		t.Logf("%-15s differs by at most %.2g of %.2g; the bound is %.2g", p.Name, difference, largest, within)
	}
}
