package device_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
)

// What the CPU's code derives from the weights follows them, whether they are uploaded or written by another program.
func TestDerivedWeightsAreCurrent(t *testing.T) {
	d, err := device.OpenCPU(device.Options{Workers: 1})
	require.NoError(t, err)
	defer d.Close()
	x, w, b, y := kernels.Kept("x", kernels.Float32, 1, 2), kernels.Kept("w", kernels.Float32, 2, 1), kernels.Kept("b", kernels.Float32, 1),
		kernels.Kept("y", kernels.Float32, 1, 1)
	forward, err := d.Compile([]kernels.Op{kernels.DenseFprop{Dense: kernels.Dense{N: 1, C: 2, K: 1}, X: x, W: w, B: b, Y: y}}, device.CompileOptions{})
	require.NoError(t, err)
	double, err := d.Compile([]kernels.Op{kernels.Add{A: w, B: w, Y: w}}, device.CompileOptions{})
	require.NoError(t, err)
	result := func() float32 {
		require.NoError(t, forward.Run())
		var got [1]float32
		require.NoError(t, d.Download(got[:], y))
		return got[0]
	}
	require.NoError(t, d.Upload(x, []float32{1, 10}))
	require.NoError(t, d.Upload(w, []float32{2, 3}))
	assert.EqualValues(t, 32, result())
	assert.EqualValues(t, 32, result())
	require.NoError(t, d.Upload(w, []float32{4, 5}))
	assert.EqualValues(t, 54, result())
	require.NoError(t, double.Run())
	assert.EqualValues(t, 108, result())
	require.NoError(t, d.Upload(b, []float32{7}))
	assert.EqualValues(t, 115, result())
}

// Of a folded normalisation too, whatever of it changes, and whether or not the op is run with others.
func TestFoldedWeightsAreCurrent(t *testing.T) {
	d, err := device.OpenCPU(device.Options{Workers: 1})
	require.NoError(t, err)
	defer d.Close()
	kept := func(name string, shape ...int) *kernels.Buffer { return kernels.Kept(name, kernels.Float32, shape...) }
	x, w, b, y := kept("x", 1, 2), kept("w", 2, 1), kept("b", 1), kept("y", 1, 1)
	mean, variance, gamma, beta := kept("mean", 1), kept("variance", 1), kept("gamma", 1), kept("beta", 1)
	scores := kernels.NewBuffer("scores", kernels.Float32, 1, 1)
	ops := []kernels.Op{
		kernels.DenseFprop{Dense: kernels.Dense{N: 1, C: 2, K: 1}, X: x, W: w, B: b, Y: scores},
		kernels.BatchNormFprop{BatchNorm: kernels.BatchNorm{N: 1, P: 1, C: 1}, Epsilon: 1, X: scores, Mean: mean, Variance: variance, Gamma: gamma, Beta: beta, Y: y},
	}
	program, err := d.Compile(ops, device.CompileOptions{})
	require.NoError(t, err)
	require.Len(t, program.Schedule().Ops, 1)
	set := func(b *kernels.Buffer, values ...float32) { require.NoError(t, d.Upload(b, values)) }
	result := func() float32 {
		require.NoError(t, program.Run())
		var got [1]float32
		require.NoError(t, d.Download(got[:], y))
		return got[0]
	}
	set(x, 1, 10)
	set(w, 2, 3)
	set(variance, 3)
	set(gamma, 4)
	assert.EqualValues(t, 64, result()) // 32 · 4/√(3 + 1)
	set(w, 3, 3)
	assert.EqualValues(t, 66, result())
	set(b, 5)
	assert.EqualValues(t, 76, result())
	set(mean, 8)
	assert.EqualValues(t, 60, result())
	set(variance, 63)
	assert.EqualValues(t, 15, result())
	set(gamma, 8)
	assert.EqualValues(t, 30, result())
	set(beta, 1)
	assert.EqualValues(t, 31, result())
	double, err := d.Compile([]kernels.Op{kernels.Add{A: mean, B: mean, Y: mean}}, device.CompileOptions{})
	require.NoError(t, err)
	require.NoError(t, double.Run())
	assert.EqualValues(t, 23, result())

	strict, err := d.Compile(ops, device.CompileOptions{Strict: true})
	require.NoError(t, err)
	assert.Len(t, strict.Schedule().Ops, 2)
}

// Weights that are computed within the program are derived from anew in each run, also where only some of them are.
func TestDerivedWeightsOfTheArena(t *testing.T) {
	d, err := device.OpenCPU(device.Options{Workers: 1})
	require.NoError(t, err)
	defer d.Close()
	kept := func(name string, shape ...int) *kernels.Buffer { return kernels.Kept(name, kernels.Float32, shape...) }
	x, w, b, y := kept("x", 1, 2), kept("w", 2, 1), kept("b", 1), kept("y", 1, 1)
	doubleW, doubleB := kernels.NewBuffer("2w", kernels.Float32, 2, 1), kernels.NewBuffer("2b", kernels.Float32, 1)
	double := []kernels.Op{kernels.Add{A: w, B: w, Y: doubleW}, kernels.Add{A: b, B: b, Y: doubleB}}
	for _, c := range []struct {
		name     string
		w, b     *kernels.Buffer
		ofW, ofB float32
	}{{"weights", doubleW, b, 2, 1}, {"bias", w, doubleB, 1, 2}, {"both", doubleW, doubleB, 2, 2}} {
		dense := kernels.DenseFprop{Dense: kernels.Dense{N: 1, C: 2, K: 1}, X: x, W: c.w, B: c.b, Y: y}
		p, err := d.Compile(append(double, dense), device.CompileOptions{})
		require.NoError(t, err)
		require.NoError(t, d.Upload(x, []float32{1, 10}))
		values := map[*kernels.Buffer][]float32{}
		for _, change := range []map[*kernels.Buffer][]float32{{w: {1, 2}, b: {3}}, {b: {4}}, {w: {5, 6}}} {
			for buffer, v := range change {
				values[buffer] = v
				require.NoError(t, d.Upload(buffer, v))
			}
			require.NoError(t, p.Run())
			var got [1]float32
			require.NoError(t, d.Download(got[:], y))
			assert.Equal(t, c.ofW*(values[w][0]+10*values[w][1])+c.ofB*values[b][0], got[0], "%s, changed to %v", c.name, slices.Collect(maps.Values(change)))
		}
	}
}

// Ops that run together are listed and timed one by one.
func TestDepthFirstProgram(t *testing.T) {
	const images, features = 16, 1 << 13
	d, err := device.OpenCPU(device.Options{Workers: 3})
	require.NoError(t, err)
	defer d.Close()
	x, y := kernels.Kept("x", kernels.Float32, images, features), kernels.Kept("y", kernels.Float32, images, features)
	a, b, c := kernels.NewBuffer("a", kernels.Float32, images, features), kernels.NewBuffer("b", kernels.Float32, images, features),
		kernels.NewBuffer("c", kernels.Float32, images, features)
	positive := func(x, y *kernels.Buffer) kernels.Op { // y = x where x > 0, else 0
		return kernels.ActivationDgrad{Activation: kernels.Activation{Function: kernels.ReLU}, V: x, DY: x, DX: y}
	}
	// Before and after the joined ops others use the arena, and so does a that outlives them.
	ops := []kernels.Op{
		kernels.Add{A: x, B: x, Y: a}, positive(a, b), positive(b, c), kernels.Add{A: c, B: a, Y: y},
	}
	p, err := d.Compile(ops, device.CompileOptions{})
	require.NoError(t, err)
	input, want := make([]float32, images*features), make([]float32, images*features)
	for i := range input {
		input[i] = float32(i%17 - 8)
		want[i] = 2*input[i] + 2*max(input[i], 0)
	}
	require.NoError(t, d.Upload(x, input))
	require.NoError(t, p.Run())
	got := make([]float32, len(want))
	require.NoError(t, d.Download(got, y))
	assert.Equal(t, want, got)

	times, err := p.Profile()
	require.NoError(t, err)
	assert.Len(t, times.Ops, len(ops), "a time for each op, joined or not")
	for i, op := range times.Ops {
		assert.Positive(t, op, i)
	}
}
