package device

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

const images, features = 16, 1 << 13

func relu(x, y *kernels.Buffer) kernels.Op {
	return kernels.ActivationFprop{Function: kernels.ReLU, X: x, Y: y}
}

func value(name string, shape ...int) *kernels.Buffer {
	return kernels.NewBuffer(name, kernels.Float32, shape...)
}

func TestDepthFirstJoins(t *testing.T) {
	x, y := kernels.Kept("x", kernels.Float32, images, features), kernels.Kept("y", kernels.Float32, images, features)
	a, b := value("a", images, features), value("b", images, features)
	joined := depthFirst([]kernels.Op{relu(x, a), relu(a, b), relu(b, y)})
	require.Len(t, joined, 1)
	assert.Equal(t, []*kernels.Buffer{a, b}, joined[0].(kernels.DepthFirst).Local)

	other := kernels.Zero{Y: kernels.Kept("other", kernels.Float32, 1)} // does not work on images
	joined = depthFirst([]kernels.Op{relu(x, a), relu(a, b), other, relu(b, y), relu(a, y)})
	require.Len(t, joined, 4)
	assert.Empty(t, joined[0].(kernels.DepthFirst).Local, "others use both")

	seen := a.View("seen", 0, images, features)
	joined = depthFirst([]kernels.Op{relu(x, a), relu(seen, b), relu(a, y)})
	require.Len(t, joined, 1)
	assert.Equal(t, []*kernels.Buffer{b}, joined[0].(kernels.DepthFirst).Local, "a has two names")

	joined = depthFirst([]kernels.Op{kernels.Add{A: x, B: x, Y: a}, relu(a, a), relu(a, y)})
	require.Len(t, joined, 2)
	assert.Empty(t, joined[1].(kernels.DepthFirst).Local, "a comes from outside")

	whole := value("whole", images, 2*features)
	second := whole.View("second half", images*features, images, features)
	joined = depthFirst([]kernels.Op{relu(value("x", images, 2*features), whole), relu(whole, whole), relu(second, y)})
	assert.Len(t, joined, 2, "the images of the second half are others")
}

func TestDepthFirstLeavesAlone(t *testing.T) {
	x, y := kernels.Kept("x", kernels.Float32, images, features), kernels.Kept("y", kernels.Float32, images, features)
	a := value("a", images, features)
	small := func(name string) *kernels.Buffer { return value(name, images, 8) }
	few := func(name string) *kernels.Buffer { return value(name, 7, features) }
	half := value("half", images/2, features)
	dense := kernels.DenseFprop{Dense: kernels.Dense{N: images, C: features, K: 8}, X: a, W: value("w", features, 8), Y: small("y")}
	conv := kernels.Conv2D{N: images, C: 64, K: 128, Window: kernels.Window{
		H: 8, W: 16, R: 3, S: 3, StrideH: 1, StrideW: 1, DilationH: 1, DilationW: 1, PadTop: 1, PadLeft: 1, P: 8, Q: 16,
	}}
	for name, ops := range map[string][]kernels.Op{
		"what is small":       {relu(small("x"), small("a")), relu(small("a"), small("y"))},
		"nothing handed on":   {relu(x, a), relu(x, y)},
		"few images":          {relu(few("x"), few("a")), relu(few("a"), few("y"))},
		"another batch":       {relu(x, a), relu(a.View("half", 0, images/2, features), half)},
		"other rows":          {relu(x, a), relu(a.View("halves", 0, 2*images, features/2), value("b", 2*images, features/2))},
		"not image by image":  {relu(x, a), dense},
		"much besides images": {relu(x, a), kernels.Conv2DFprop{Conv2D: conv, X: a, W: value("w", 3, 3, 64, 128), Y: value("y", images, 8, 16, 128)}},
	} {
		assert.Equal(t, ops, depthFirst(ops), name)
	}
}

func TestDepthFirstProgram(t *testing.T) {
	d, err := OpenCPU(Options{Workers: 3})
	require.NoError(t, err)
	defer d.Close()
	x, y := kernels.Kept("x", kernels.Float32, images, features), kernels.Kept("y", kernels.Float32, images, features)
	a, b, c := value("a", images, features), value("b", images, features), value("c", images, features)
	positive := func(x, y *kernels.Buffer) kernels.Op { // y = x where x > 0, else 0
		return kernels.ActivationDgrad{Function: kernels.ReLU, Y: x, DY: x, DX: y}
	}
	// Before and after the joined ops others use the arena, and so does a that outlives them.
	ops := []kernels.Op{
		kernels.Add{A: x, B: x, Y: a}, positive(a, b), positive(b, c), kernels.Add{A: c, B: a, Y: y},
	}
	p, err := d.Compile(ops)
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
