package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

const images, features = 16, 1 << 13

// joinDepthFirst is what the pass makes of a list.
func joinDepthFirst(ops []kernels.Op) []kernels.Op {
	list, _ := rewrite.Apply(ops, []rewrite.Pass{depthFirstWithin(usualLimits)}, false)
	return rewrite.Plain(list)
}

func reluOp(x, y *kernels.Buffer) kernels.Op {
	return kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.ReLU}, X: x, Y: y}
}

func value(name string, shape ...int) *kernels.Buffer {
	return kernels.NewBuffer(name, kernels.Float32, shape...)
}

func TestDepthFirstJoins(t *testing.T) {
	x, y := kernels.Kept("x", kernels.Float32, images, features), kernels.Kept("y", kernels.Float32, images, features)
	a, b := value("a", images, features), value("b", images, features)
	joined := joinDepthFirst([]kernels.Op{reluOp(x, a), reluOp(a, b), reluOp(b, y)})
	require.Len(t, joined, 1)
	assert.Equal(t, []*kernels.Buffer{a, b}, joined[0].(depthFirst).Local)

	other := kernels.Zero{Y: kernels.Kept("other", kernels.Float32, 1)} // does not work on images
	joined = joinDepthFirst([]kernels.Op{reluOp(x, a), reluOp(a, b), other, reluOp(b, y), reluOp(a, y)})
	require.Len(t, joined, 4)
	assert.Empty(t, joined[0].(depthFirst).Local, "others use both")

	seen := a.View("seen", 0, images, features)
	joined = joinDepthFirst([]kernels.Op{reluOp(x, a), reluOp(seen, b), reluOp(a, y)})
	require.Len(t, joined, 1)
	assert.Equal(t, []*kernels.Buffer{b}, joined[0].(depthFirst).Local, "a has two names")

	joined = joinDepthFirst([]kernels.Op{kernels.Add{A: x, B: x, Y: a}, reluOp(a, a), reluOp(a, y)})
	require.Len(t, joined, 2)
	assert.Empty(t, joined[1].(depthFirst).Local, "a comes from outside")

	more := func(name string) *kernels.Buffer { return kernels.Kept(name, kernels.Float32, 2*images, features) }
	joined = joinDepthFirst([]kernels.Op{reluOp(x, a), reluOp(a, y), reluOp(more("other x"), more("other y"))})
	require.Len(t, joined, 2, "the last op is of another batch")
	assert.Len(t, joined[0].(depthFirst).Ops, 2)

	whole := value("whole", images, 2*features)
	second := whole.View("second half", images*features, images, features)
	joined = joinDepthFirst([]kernels.Op{reluOp(value("x", images, 2*features), whole), reluOp(whole, whole), reluOp(second, y)})
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
		"what is small":       {reluOp(small("x"), small("a")), reluOp(small("a"), small("y"))},
		"nothing handed on":   {reluOp(x, a), reluOp(x, y)},
		"few images":          {reluOp(few("x"), few("a")), reluOp(few("a"), few("y"))},
		"another batch":       {reluOp(x, a), reluOp(a.View("half", 0, images/2, features), half)},
		"other rows":          {reluOp(x, a), reluOp(a.View("halves", 0, 2*images, features/2), value("b", 2*images, features/2))},
		"not image by image":  {reluOp(x, a), dense},
		"much besides images": {reluOp(x, a), kernels.Conv2DFprop{Conv2D: conv, X: a, W: value("w", 3, 3, 64, 128), Y: value("y", images, 8, 16, 128)}},
	} {
		assert.Equal(t, ops, joinDepthFirst(ops), name)
	}
}

func TestDepthFirstKeepsBatchesApart(t *testing.T) {
	x, y := kernels.Kept("x", kernels.Float32, images, features), kernels.Kept("y", kernels.Float32, images, features)
	a, p, q := value("a", images, features), value("p", 2*images, features), kernels.Kept("q", kernels.Float32, 2*images, features)
	joined := joinDepthFirst([]kernels.Op{reluOp(x, a), reluOp(a, y), reluOp(p, q)})
	require.Len(t, joined, 2)
	assert.Len(t, joined[0].(depthFirst).Ops, 2, "the third op has twice as many images")
}
