package kerneltest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/kernels"
)

// The buffer's name goes before the operand's; integers are whole; what is only written holds NaN.
func TestBuffersAreFilledByName(t *testing.T) {
	x, y, step := float("first", 2), float("y", 2), integer("step", 1)
	c := newCase("a", kernels.Dropout{X: x, Step: step, Y: y}, map[string]contents{
		"first": constant(1), "x": constant(2), "step": constant(3.7), "y": constant(4),
	})
	mem := c.Memory()
	assert.Equal(t, []float32{1, 1}, mem[x].F32)
	assert.Equal(t, []int32{3}, mem[step].I32)
	assert.Equal(t, []float64{3}, c.before()[step])
	assert.True(t, math.IsNaN(float64(mem[y].F32[0])))

	// A value that is read, then written, is filled; one that is written, then read, is not.
	c = newListCase("b", []kernels.Op{
		kernels.Add{A: x, B: x, Y: y}, kernels.Add{A: y, B: y, Y: x},
	}, map[string]contents{"a": constant(2), "y": constant(4)})
	mem = c.Memory()
	assert.Equal(t, []float32{2, 2}, mem[x].F32)
	assert.True(t, math.IsNaN(float64(mem[y].F32[0])))
}

// A view is a part of its root's memory, which alone outlives the run.
func TestViewsShareMemory(t *testing.T) {
	root := float("root", 5)
	a, b := root.View("a", 0, 2), root.View("b", 2, 2)
	op := kernels.ActivationFprop{X: a, Y: b}
	c := newCase("", op, map[string]contents{"root": func(_ *rand.Rand, i int) float64 { return float64(i) }})
	wants, err := c.wants([]string{""})
	assert.NoError(t, err)
	assert.Equal(t, memory[Value]{root: exacts([]float64{0, 1, 0, 1, 4})}, wants)

	var o Oracle
	o.Set(root, []float32{0, 1, 2, 3, 4})
	assert.NoError(t, o.Run([]kernels.Op{op}))
	assert.Equal(t, []float64{0, 1, 0, 1, 4}, o.Of(root))
	assert.Equal(t, []float64{0, 1}, o.Of(b))
}
