package sim_test

import (
	_ "embed"
	"errors"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// NVRTC 12.9 made it with --gpu-architecture=compute_80 --std=c++17 -lineinfo.
//
//go:embed testdata/calls.ptx
var callsPTX string

// TestCallsThatAreNotInlined runs recursions, tables of functions and virtual functions, in every order of the warps.
func TestCallsThatAreNotInlined(t *testing.T) {
	const n = 96
	fibonacci := []int32{0, 1}
	for i := 2; i < 16; i++ {
		fibonacci = append(fibonacci, fibonacci[i-1]+fibonacci[i-2])
	}
	numbers, which := make([]int32, n), make([]int32, n)
	x, y := make([]float32, n), make([]float32, n)
	for i := range numbers {
		numbers[i], which[i], x[i], y[i] = int32(i*7%13), int32(i*5%3), float32(i%9), float32(i%4)
	}
	for _, opts := range schedules() {
		d := sim.NewDevice(hopper(t), opts)
		run := func(kernel string, out any, args ...any) {
			_, err := d.Launch(kernelOf(t, d, callsPTX, kernel), linear(1), linear(n), 0, pack(args...))
			require.NoError(t, err, "%s %+v", kernel, opts)
			download(t, d, args[len(args)-1].(uint64), out)
		}
		in, out := upload(t, d, numbers), alloc(t, d, 4*n)
		got, floats := make([]int32, n), make([]float32, n)
		run("recursion", got, in, out)
		for i, v := range numbers {
			require.Equal(t, fibonacci[v], got[i], "%d %+v", v, opts)
		}
		run("mutual", got, in, out)
		for i, v := range numbers {
			require.Equal(t, 2-v%2, got[i], "%d %+v", v, opts)
		}
		run("arrays", got, in, out)
		for i, v := range numbers {
			require.Equal(t, v*(v+1)*(2*v+1)/6, got[i], "%d %+v", v, opts)
		}
		run("dispatch", floats, upload(t, d, which), upload(t, d, x), upload(t, d, y), out)
		for i := range floats {
			want := []float32{x[i] + y[i], x[i] * y[i], float32(math.Pow(float64(x[i]), float64(y[i])))}[which[i]]
			require.Equal(t, want, floats[i], "%d %+v", i, opts)
		}
		run("virtuals", floats, upload(t, d, which), upload(t, d, x), out)
		for i := range floats {
			require.Equal(t, x[i]*x[i]*choose[float32](which[i] == 0, 1, 0.5), floats[i], "%d %+v", i, opts)
		}
	}
}

// TestDeviceHeap holds that lists of nodes from new work, and that the counters tell what is left.
func TestDeviceHeap(t *testing.T) {
	for leak := range int32(2) {
		d := checked(t)
		out := alloc(t, d, 4*4*64)
		k := kernelOf(t, d, callsPTX, "lists")
		before := d.MemoryInUse()
		c, err := d.Launch(k, linear(4), linear(64), 0, pack(int32(5), leak, out))
		require.NoError(t, err)
		got := make([]int32, 4*64)
		download(t, d, out, got)
		for i, v := range got {
			require.EqualValues(t, (0+1+2+3+4)*(i%64+1), v)
		}
		assert.EqualValues(t, 5*4*64, c.Memory.HeapAllocations)
		assert.EqualValues(t, (5-leak)*4*64, c.Memory.HeapFrees)
		assert.EqualValues(t, uint64(leak)*4*64*16, d.MemoryInUse()-before)
		assert.Contains(t, c.String(), []string{"1280 freed, 0 left", "1024 freed, 256 left"}[leak])
	}
}

// TestDeviceHeapInOrders holds that each order of a launch finds the heap as it was, and that the first one's is left.
func TestDeviceHeapInOrders(t *testing.T) {
	const program = `.version 8.8
.target sm_90a
.address_size 64
.extern .func (.param .b64 result) malloc(.param .b64 bytes);
.extern .func free(.param .b64 pointer);
.visible .entry keep(.param .u64 out)
{
	.reg .b64 %d<2>;
	.param .b64 bytes;
	.param .b64 pointer;
	ld.param.u64 %d0, [out];
	st.param.b64 [bytes], 3145728;
	call.uni (pointer), malloc, (bytes);
	ld.param.b64 %d1, [pointer];
	st.u32 [%d1], 7;
	st.u64 [%d0], %d1;
	ret;
}
.visible .entry release(.param .u64 out)
{
	.reg .b32 %r<1>;
	.reg .b64 %d<2>;
	.param .b64 pointer;
	ld.param.u64 %d0, [out];
	ld.u64 %d1, [%d0];
	ld.u32 %r0, [%d1];
	st.u32 [%d0], %r0;
	st.param.b64 [pointer], %d1;
	call.uni free, (pointer);
	ret;
}`
	d := sim.NewDevice(hopper(t), sim.Options{Checks: sim.AllChecks, Orders: 4})
	out := upload(t, d, make([]uint64, 1))
	before := d.MemoryInUse()
	for range 4 { // more than the heap has, if any of it stayed
		c, err := d.Launch(kernelOf(t, d, program, "keep"), linear(1), linear(1), 0, pack(out))
		require.NoError(t, err)
		require.Empty(t, c.Advice)
		require.EqualValues(t, 3<<20, d.MemoryInUse()-before)
		c, err = d.Launch(kernelOf(t, d, program, "release"), linear(1), linear(1), 0, pack(out))
		require.NoError(t, err)
		require.Empty(t, c.Advice)
		require.Equal(t, before, d.MemoryInUse())
		var got uint32
		download(t, d, out, &got)
		require.EqualValues(t, 7, got)
	}
}

// TestWrongCalls holds what is found: kind and part of the message.
func TestWrongCalls(t *testing.T) {
	for which, want := range []struct {
		kind sim.Kind
		text string
	}{
		{sim.UseAfterReturn, "local array of a function that has returned"},
		{sim.BadFree, "was freed before"},
		{sim.UseAfterFree, "was freed"},
		{sim.UninitializedGlobal, "never written"},
		{sim.OutOfBounds, "offset 32 of an allocation of 32 bytes"},
		{sim.BadFree, "does not come from malloc"},
		{sim.StackOverflow, "endless is called "},
		{sim.BadCall, "is not that of a function"},
		{sim.UseAfterReturn, "local array of a function that has returned"},
	} {
		d := checked(t)
		out := alloc(t, d, 64)
		_, err := d.Launch(kernelOf(t, d, callsPTX, "wrong"), linear(1), linear(1), 0, pack(int32(which), out))
		var findings *sim.Findings
		if assert.True(t, errors.As(err, &findings), "%d: %v", which, err) {
			assert.True(t, findings.Has(want.kind), "%d: %v", which, err)
			assert.Contains(t, err.Error(), want.text)
			assert.Contains(t, err.Error(), "calls.cu:")
			assert.Equal(t, want.kind == sim.StackOverflow, len(findings.Reports[0].Callers) == 8, "the calls that lead there")
		}
	}
	for which, refused := range map[int32]int64{9: 13, 10: 0} { // of 20 times 1 MB, with 32 bytes that are taken, and where each is freed
		d := checked(t)
		out := alloc(t, d, 64)
		c, err := d.Launch(kernelOf(t, d, callsPTX, "wrong"), linear(1), linear(1), 0, pack(which, out))
		require.NoError(t, err)
		got := make([]int32, 1)
		download(t, d, out, got)
		require.EqualValues(t, refused, got[0])
		require.Equal(t, refused, c.Memory.HeapRefused)
	}
}
