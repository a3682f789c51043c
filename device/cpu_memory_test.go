package device

import (
	"math"
	"runtime"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// leave sets GOMEMLIMIT to what is taken and so many bytes, and a part that is kept back.
func leave(t *testing.T, bytes int64) {
	was := debug.SetMemoryLimit(math.MaxInt64)
	t.Cleanup(func() { debug.SetMemoryLimit(was) })
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	debug.SetMemoryLimit(int64(m.Sys-m.HeapReleased) + bytes + bytes/8)
}

// What is derived from the weights is not taken before it is known to fit.
func TestDerivedWeightsFit(t *testing.T) {
	d, err := OpenCPU(Options{Workers: 1})
	require.NoError(t, err)
	defer d.Close()
	g := kernels.Dense{N: 1, C: 2000, K: 2000}
	kept := func(name string, shape ...int) *kernels.Buffer { return kernels.Kept(name, kernels.Float32, shape...) }
	ops := []kernels.Op{kernels.DenseFprop{Dense: g, X: kept("x", 1, g.C), W: kept("w", g.C, g.K), B: kept("b", g.K), Y: kept("y", 1, g.K)}}
	s, err := NewSchedule("cpu", Options{}, ops, CompileOptions{})
	require.NoError(t, err)
	require.GreaterOrEqual(t, s.Derived, 4*g.C*g.K)
	leave(t, int64(Bytes(s)))
	_, err = d.Compile(ops, CompileOptions{})
	assert.NoError(t, err)
}

// Programs share the memory that ops work with: a second one takes none, and the last one gives it back.
func TestScratchIsTakenOnce(t *testing.T) {
	d, err := OpenCPU(Options{Workers: 1})
	require.NoError(t, err)
	defer d.Close()
	window, err := kernels.NewWindow([2]int{8, 8}, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Same)
	require.NoError(t, err)
	g := kernels.Conv2D{N: 8, C: 256, K: 256, Window: window}
	kept := func(name string, shape ...int) *kernels.Buffer { return kernels.Kept(name, kernels.Float32, shape...) }
	ops := []kernels.Op{kernels.Conv2DWgrad{Conv2D: g, X: kept("x", g.N, g.H, g.W, g.C), DY: kept("dy", g.N, g.P, g.Q, g.K), DW: kept("dw", g.R, g.S, g.C, g.K)}}
	p, err := d.Compile(ops, CompileOptions{})
	require.NoError(t, err)
	leave(t, int64(p.Schedule().Scratch)/2)
	second, err := d.Compile(ops, CompileOptions{})
	require.NoError(t, err)
	require.NoError(t, p.Close())
	assert.NotEmpty(t, d.(*cpuDevice).workers.Scratch())
	require.NoError(t, second.Close())
	assert.Empty(t, d.(*cpuDevice).workers.Scratch())
}
