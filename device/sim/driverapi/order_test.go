//go:build cuda && cgo

package driverapi_test

import (
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/driverapi"
)

// Work runs when somebody waits for it.
func TestWorkRunsLate(t *testing.T) {
	install(t, driverapi.Config{})
	inContext(t, 0)
	scale := kernels(t)("scale")
	x := memory(t, 4, 1)
	s := stream(t, cu.NonBlocking)
	increment(t, scale, x, 4, s)
	require.NoError(t, cu.MemsetD32Async(x+4, 9, 1, s))
	assert.Equal(t, uint32(1), peek(t, x))
	assert.Equal(t, uint32(1), peek(t, x+4))
	assert.Equal(t, uint32(1), word(t, x), "the default stream does not wait for a stream that asked not to")
	require.NoError(t, s.Synchronize())
	assert.Equal(t, uint32(2), peek(t, x))
	assert.Equal(t, uint32(9), peek(t, x+4))

	// Asking runs one piece after the other.
	increment(t, scale, x, 4, s)
	increment(t, scale, x, 4, s)
	assert.Equal(t, driver.NotReady, code(t, s.Query()))
	assert.Equal(t, uint32(3), peek(t, x))
	assert.Equal(t, driver.NotReady, code(t, s.Query()))
	assert.Equal(t, uint32(4), peek(t, x))
	assert.NoError(t, s.Query())

	// The work of a destroyed stream goes on.
	increment(t, scale, x, 4, s)
	require.NoError(t, s.Destroy())
	assert.Equal(t, uint32(4), peek(t, x))
	require.NoError(t, cu.Synchronize())
	assert.Equal(t, uint32(5), peek(t, x))
}

func TestEventsOrderStreams(t *testing.T) {
	install(t, driverapi.Config{})
	inContext(t, 0)
	scale := kernels(t)("scale")
	x, y := memory(t, 4, 1), memory(t, 4, 1)
	a, b := stream(t, cu.NonBlocking), stream(t, cu.NonBlocking)
	e := event(t)

	increment(t, scale, x, 4, a)
	require.NoError(t, e.Record(a))
	increment(t, scale, x, 4, a) // after the event
	require.NoError(t, b.Wait(e, 0))
	increment(t, scale, y, 4, b)
	require.NoError(t, b.Synchronize())
	assert.Equal(t, uint32(2), peek(t, y))
	assert.Equal(t, uint32(2), peek(t, x), "only what comes before the event")
	require.NoError(t, e.Synchronize())
	assert.Equal(t, uint32(2), peek(t, x))
	require.NoError(t, a.Synchronize())
	assert.Equal(t, uint32(3), peek(t, x))

	_, err := event(t).Elapsed(e)
	assert.Equal(t, driver.InvalidHandle, code(t, err), "never recorded")
	end := event(t)
	increment(t, scale, x, 4, a)
	require.NoError(t, end.Record(a))
	_, err = e.Elapsed(end)
	assert.Equal(t, driver.NotReady, code(t, err))
	require.NoError(t, end.Synchronize())
	ms, err := e.Elapsed(end)
	require.NoError(t, err)
	assert.Greater(t, ms, 0.0)
}

// The time between events is the estimate of what ran between them. Small kernels that do not wait for each other overlap.
func TestTimeBetweenEvents(t *testing.T) {
	var seconds float64
	install(t, driverapi.Config{Launched: func(l driverapi.Launch) { seconds = max(seconds, l.Counters.Estimate.Seconds) }})
	inContext(t, 0)
	scale := kernels(t)("scale")
	x, y := memory(t, 64, 1), memory(t, 64, 1)
	a, b := stream(t, cu.NonBlocking), stream(t, cu.NonBlocking)
	begin, end := event(t), event(t)
	require.NoError(t, begin.Record(a))
	increment(t, scale, x, 64, a)
	increment(t, scale, y, 64, b)
	require.NoError(t, a.Synchronize())
	require.NoError(t, end.Record(b))
	require.NoError(t, end.Synchronize())
	ms, err := begin.Elapsed(end)
	require.NoError(t, err)
	assert.InDelta(t, 1000*seconds, ms, 1e-6)
}

// The default stream and the streams that do not opt out wait for each other.
func TestDefaultStream(t *testing.T) {
	install(t, driverapi.Config{})
	inContext(t, 0)
	scale := kernels(t)("scale")
	x := memory(t, 4, 1)
	s := stream(t, cu.DefaultStream)
	increment(t, scale, x, 4, s)
	assert.Equal(t, uint32(2), word(t, x))
	increment(t, scale, x, 4, cu.NoStream)
	assert.Equal(t, uint32(2), peek(t, x))
	e := event(t)
	require.NoError(t, e.Record(s))
	require.NoError(t, s.Synchronize())
	assert.Equal(t, uint32(3), peek(t, x), "the stream's event comes after the default stream's work")
}

// Copies of pageable memory, of pinned memory, and the host's part in them.
func TestCopies(t *testing.T) {
	install(t, driverapi.Config{})
	inContext(t, 0)
	x := memory(t, 4, 1)
	s := stream(t, cu.NonBlocking)

	host := []uint32{5}
	require.NoError(t, cu.MemcpyHtoDAsync(x, unsafe.Pointer(&host[0]), 4, s))
	host[0] = 6
	require.NoError(t, s.Synchronize())
	assert.Equal(t, uint32(5), peek(t, x), "pageable memory is read at once")

	p := pinned(t, 2)
	p[0] = 7
	require.NoError(t, cu.MemcpyHtoDAsync(x, unsafe.Pointer(&p[0]), 4, s))
	p[0] = 8
	require.NoError(t, s.Synchronize())
	assert.Equal(t, uint32(8), peek(t, x), "pinned memory is read when the copy runs")

	p[1] = 0
	require.NoError(t, cu.MemcpyDtoHAsync(unsafe.Pointer(&p[1]), x, 4, s))
	assert.Equal(t, uint32(0), p[1], "a copy to pinned memory shows after a wait")
	require.NoError(t, s.Synchronize())
	assert.Equal(t, uint32(8), p[1])

	// A synchronous copy from pageable memory may return before the device has the bytes; one from pinned memory may not.
	require.NoError(t, cu.MemcpyHtoD(x, unsafe.Pointer(&host[0]), 4))
	assert.Equal(t, uint32(8), peek(t, x))
	assert.Equal(t, uint32(6), word(t, x))
	p[0] = 10
	require.NoError(t, cu.MemcpyHtoD(x, unsafe.Pointer(&p[0]), 4))
	assert.Equal(t, uint32(10), peek(t, x))

	// Copies within the device and fills do not wait.
	y := memory(t, 4, 2)
	require.NoError(t, cu.MemcpyDtoD(y, x, 4))
	assert.Equal(t, uint32(2), peek(t, y))
	assert.Equal(t, uint32(10), word(t, y))

	require.NoError(t, cu.MemsetD32(x, 3, 4))
	other := memory(t, 1, 0) // memory synchronises
	require.NoError(t, cu.MemsetD32(x, 4, 4))
	assert.Equal(t, uint32(3), peek(t, x))
	require.NoError(t, cu.MemFree(other))
	assert.Equal(t, uint32(4), peek(t, x), "freeing memory waits for the device")
	require.NoError(t, cu.MemFreeHost(unsafe.Pointer(&p[0])))
}

// A stream takes so much work and no more.
func TestStreamsAreFinite(t *testing.T) {
	install(t, driverapi.Config{})
	inContext(t, 0)
	scale := kernels(t)("scale")
	x := memory(t, 1, 0)
	s := stream(t, cu.NonBlocking)
	for range 1030 {
		increment(t, scale, x, 1, s)
	}
	assert.Equal(t, uint32(6), peek(t, x))
	require.NoError(t, s.Synchronize())
	assert.Equal(t, uint32(1030), peek(t, x))
}

// Streams that forgot to wait for each other: what comes out depends on the order, which the options choose.
func TestOrderOfStreams(t *testing.T) {
	results := map[uint32]bool{}
	for name, o := range map[string]sim.Options{"forward": {Order: sim.Forward}, "reverse": {Order: sim.Reverse},
		"random 1": {Order: sim.Random, Seed: 1}, "random 2": {Order: sim.Random, Seed: 2}, "random 3": {Order: sim.Random, Seed: 3}} {
		t.Run(name, func(t *testing.T) {
			install(t, driverapi.Config{Options: o})
			inContext(t, 0)
			x := memory(t, 1, 0)
			for i := range uint(5) {
				require.NoError(t, cu.MemsetD32Async(x, i, 1, stream(t, cu.NonBlocking)))
			}
			require.NoError(t, cu.Synchronize())
			v := word(t, x)
			switch o.Order {
			case sim.Forward:
				assert.Equal(t, uint32(4), v)
			case sim.Reverse:
				assert.Equal(t, uint32(0), v)
			}
			results[v] = true
		})
	}
	assert.Greater(t, len(results), 2)
}
