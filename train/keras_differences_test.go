package train

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/model"
	"cnn-gpu/train/internal/traintest"
)

// The summary's numbers are Keras's; the unit is named as it is.
func TestKerasSizes(t *testing.T) {
	m, err := model.Open("mnist-cnn")
	require.NoError(t, err)
	assert.Contains(t, m.Summary(1), "Total params: "+strings.Replace(readKeras(t).TotalParams, "KB", "KiB", 1))
}

// Dropout draws from the seed's low 32 bits.
func TestDropoutsSeedHas32Bits(t *testing.T) {
	step := func(seed uint64) []float32 {
		m := traintest.SmallNet(t, 0.5)
		tr, err := Compile(m, Options{Optimizer: Adam{}, Seed: seed, Weights: m.InitialWeights(1)})
		require.NoError(t, err)
		defer tr.Close()
		s, err := tr.TrainingStep(1)
		require.NoError(t, err)
		x := make([]float32, 28*28)
		_, err = drawn().Example(0, x)
		require.NoError(t, err)
		require.NoError(t, s.Run(x, []int32{3}))
		return weights(t, tr)
	}
	assert.Equal(t, step(1), step(1+1<<32))
	assert.NotEqual(t, step(1), step(2))
}

// Numbers too small for a normal float32 stay what they are on the CPU.
func TestDenormals(t *testing.T) {
	m, err := model.Sequential(model.Input(1), model.Dense{Units: 8})
	require.NoError(t, err)
	y := run(t, m, map[string][]float32{"dense/kernel": slices.Repeat([]float32{1e-20}, 8)}, []float32{1e-20})
	assert.Equal(t, slices.Repeat([]float32{1e-40}, 8), y)
}

// A pixel changes outputs that do not see it by Winograd's algorithm, and none by the sums as they stand.
func TestWinogradSpreadsAPixel(t *testing.T) {
	const size, channels, at = 11, 16, 4
	m, err := model.Sequential(model.Input(size, size, channels), model.Conv2D{Filters: channels, Kernel: model.Pair{3, 3}})
	require.NoError(t, err)
	outputs := func(strict bool, pixel float32) []float32 {
		d, err := device.OpenCPU(device.Options{Workers: 1})
		require.NoError(t, err)
		defer func() { require.NoError(t, d.Close()) }()
		l := m.Lower(1, model.LowerOptions{})
		p, err := d.Compile(model.Ops(l.Forward), device.CompileOptions{Strict: strict})
		require.NoError(t, err)
		random := rand.New(rand.NewPCG(1, 1))
		x, y := make([]float32, l.Input.Elements()), make([]float32, l.Output.Elements())
		for i := range x {
			x[i] = random.Float32()
		}
		x[(at*size+at)*channels] = pixel
		require.NoError(t, d.Upload(l.Weights, m.InitialWeights(1).Padded()))
		require.NoError(t, d.Upload(l.Input, x))
		require.NoError(t, p.Run())
		require.NoError(t, d.Download(y, l.Output))
		return y
	}
	// farthest is the largest change of an output that does not see the pixel, and the number of those that become NaN.
	farthest := func(strict bool, pixel float32) (change float64, nan int) {
		before, after := outputs(strict, 0), outputs(strict, pixel)
		const out = size - 2
		for i := range before {
			p, q := i/channels/out, i/channels%out
			if d := float64(after[i]) - float64(before[i]); at-2 <= p && p <= at && at-2 <= q && q <= at {
				continue
			} else if math.IsNaN(d) {
				nan++
			} else {
				change = max(change, math.Abs(d))
			}
		}
		return change, nan
	}
	for _, pixel := range []float32{1e6, float32(math.NaN())} {
		change, nan := farthest(true, pixel)
		assert.Zero(t, change)
		assert.Zero(t, nan)
	}
	const stale = "docs/keras.md says otherwise"
	change, _ := farthest(false, 1e6)
	assert.Greater(t, change, 0.01, stale)
	assert.Less(t, change, 0.6, stale)
	_, nan := farthest(false, float32(math.NaN()))
	assert.Positive(t, nan, stale)
}
