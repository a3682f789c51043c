package device

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// joined is a list of two ops on kept buffers with a value of that many elements between them.
func joined(elements int) (ops []kernels.Op, x, y *kernels.Buffer) {
	x, y = kernels.Kept("x", kernels.Float32, elements), kernels.Kept("y", kernels.Float32, elements)
	between := kernels.NewBuffer("between", kernels.Float32, elements)
	return []kernels.Op{
		kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.Tanh}, X: x, Y: between},
		kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.ReLU}, X: between, Y: y},
	}, x, y
}

// testRelease holds what a program and buffers give back; both devices pass it.
func testRelease(t *testing.T, d Device) {
	ops, x, y := joined(8)
	large, lx, _ := joined(10000)
	first, err := d.Compile(ops, CompileOptions{})
	require.NoError(t, err)
	second, err := d.Compile(large, CompileOptions{}) // which asks for a larger arena
	require.NoError(t, err)
	third, err := d.Compile(ops, CompileOptions{})
	require.NoError(t, err)

	run := func(p Program) []float32 {
		require.NoError(t, d.Upload(x, []float32{1, 2, 3, 4, 5, 6, 7, 8}))
		require.NoError(t, p.Run())
		got := make([]float32, 8)
		require.NoError(t, d.Download(got, y))
		return got
	}
	want := run(first)
	require.Positive(t, want[0])
	require.NoError(t, second.Close())
	require.NoError(t, second.Close(), "twice is once")
	require.NoError(t, d.Free(lx))
	assert.ErrorContains(t, second.Run(), "the program is closed")
	_, err = second.Profile()
	assert.ErrorContains(t, err, "the program is closed")
	assert.Equal(t, want, run(first))
	assert.Equal(t, want, run(third))

	assert.ErrorContains(t, d.Free(x.View("part", 2, 3)), "x cannot be freed: a program uses it; close that first")
	require.NoError(t, first.Close())
	assert.ErrorContains(t, d.Free(x), "close that first")
	assert.Equal(t, want, run(third))
	require.NoError(t, third.Close())
	require.NoError(t, d.Free(x, x.View("part", 2, 3), kernels.Kept("never used", kernels.Float32, 1)))
	got := make([]float32, 8)
	require.NoError(t, d.Download(got, x))
	assert.Equal(t, make([]float32, 8), got, "memory that is taken again is zeros")
	require.NoError(t, d.Download(got, y))
	assert.Equal(t, want, got, "nobody freed it")
	require.NoError(t, d.Free(x, y))
}

// testClosed closes a device before its program; both devices say so from then on.
func testClosed(t *testing.T, d Device) {
	ops, x, _ := joined(8)
	p, err := d.Compile(ops, CompileOptions{})
	require.NoError(t, err)
	require.NoError(t, d.Close())
	assert.NoError(t, d.Close(), "twice is once")
	closed := "device: " + d.Name() + " is closed"
	assert.EqualError(t, p.Run(), closed)
	_, err = p.Profile()
	assert.EqualError(t, err, closed)
	assert.NoError(t, p.Close(), "the device gave back all")
	assert.NoError(t, d.Free(x))
	_, err = d.Compile(ops, CompileOptions{})
	assert.EqualError(t, err, closed)
	assert.EqualError(t, d.Upload(x, make([]float32, 8)), closed)
	assert.EqualError(t, d.Download(make([]float32, 8), x), closed)
	_, err = d.Roofline()
	assert.EqualError(t, err, closed)
}

func TestCPURelease(t *testing.T) {
	d, err := OpenCPU(Options{Workers: 1})
	require.NoError(t, err)
	testRelease(t, d)
	assert.Len(t, d.(*cpuDevice).kept, 1, "large's y alone")
	assert.Empty(t, d.(*cpuDevice).programs)
	assert.Nil(t, d.(*cpuDevice).arena)
	testClosed(t, d)
}
