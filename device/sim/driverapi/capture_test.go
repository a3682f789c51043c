//go:build cuda && cgo

package driverapi_test

import (
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim/driverapi"
)

// What a capture forbids, the code of the call, and of the capture's end.
func TestCaptureForbids(t *testing.T) {
	var (
		scale, lazy       cu.Function
		x                 cu.DevicePtr
		outside, recorded cu.Event
		other             cu.Stream
		v                 uint32
	)
	for name, c := range map[string]struct {
		call      func(s cu.Stream) error
		code, end driver.Result
	}{
		"waiting for the stream":  {func(s cu.Stream) error { return s.Synchronize() }, driver.StreamCaptureUnsupported, driver.StreamCaptureInvalidated},
		"asking it":               {func(s cu.Stream) error { return s.Query() }, driver.StreamCaptureUnsupported, driver.StreamCaptureInvalidated},
		"waiting for the context": {func(s cu.Stream) error { return cu.Synchronize() }, driver.StreamCaptureUnsupported, driver.StreamCaptureInvalidated},
		"allocating":              {func(s cu.Stream) error { _, err := cu.MemAlloc(4); return err }, driver.StreamCaptureUnsupported, driver.StreamCaptureInvalidated},
		"freeing":                 {func(s cu.Stream) error { return cu.MemFree(x) }, driver.StreamCaptureUnsupported, driver.StreamCaptureInvalidated},
		"the default stream":      {func(s cu.Stream) error { return cu.MemsetD32(x, 0, 1) }, driver.StreamCaptureImplicit, driver.StreamCaptureInvalidated},
		"pageable memory": {func(s cu.Stream) error { return cu.MemcpyHtoDAsync(x, unsafe.Pointer(&v), 4, s) }, driver.StreamCaptureUnsupported,
			driver.StreamCaptureInvalidated},
		"an event from outside": {func(s cu.Stream) error { return s.Wait(outside, 0) }, driver.StreamCaptureIsolation, driver.StreamCaptureInvalidated},
		"a function's first launch": {func(s cu.Stream) error {
			return driver.LaunchKernel(lazy, driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{1, 1, 1}, Params: []any{x, uint32(1), uint32(1), uint32(1)}}, s)
		}, driver.StreamCaptureUnsupported, driver.StreamCaptureInvalidated},
		"waiting for its event": {func(s cu.Stream) error {
			require.NoError(t, recorded.Record(s))
			return recorded.Synchronize()
		}, driver.CapturedEvent, driver.Success},
		"beginning twice": {func(s cu.Stream) error {
			_, err := driver.Capture(s, nil)
			return err
		}, driver.IllegalState, driver.Success},
		"a stream that does not come back": {func(s cu.Stream) error {
			require.NoError(t, recorded.Record(s))
			require.NoError(t, other.Wait(recorded, 0))
			increment(t, scale, x, 4, other)
			return nil
		}, driver.Success, driver.StreamCaptureUnjoined},
		"two captures in one": {func(s cu.Stream) error {
			_, err := driver.Capture(other, func() error {
				require.NoError(t, recorded.Record(s))
				return other.Wait(recorded, 0)
			})
			return err
		}, driver.StreamCaptureMerge, driver.StreamCaptureInvalidated},
		"another stream's work": {func(s cu.Stream) error { increment(t, scale, x, 4, other); return other.Synchronize() }, driver.Success, driver.Success},
	} {
		t.Run(name, func(t *testing.T) {
			install(t, driverapi.Config{})
			inContext(t, 0)
			scale = kernels(t)("scale")
			var err error
			lazy, err = loadKernels(t).Function("scale")
			require.NoError(t, err)
			x = memory(t, 4, 0)
			outside, recorded, other = event(t), event(t), stream(t, cu.NonBlocking)
			require.NoError(t, outside.Record(cu.NoStream))
			s := stream(t, cu.DefaultStream)
			g, err := driver.Capture(s, func() error {
				increment(t, scale, x, 4, s)
				if err := c.call(s); c.code == driver.Success {
					assert.NoError(t, err)
				} else if assert.Error(t, err) {
					assert.Equal(t, c.code, code(t, err))
				}
				return nil
			})
			if c.end == driver.Success {
				require.NoError(t, err)
				require.NoError(t, g.Close())
			} else if assert.Error(t, err) {
				assert.Equal(t, c.end, code(t, err))
			}
			require.NoError(t, s.Destroy())
			require.NoError(t, cu.Synchronize(), "the context is not harmed")
		})
	}
}

// Another thread may allocate while a capture of this one is under way, and can't end it.
func TestCaptureInAnotherThread(t *testing.T) {
	install(t, driverapi.Config{})
	ctx := inContext(t, 0)
	s := stream(t, cu.NonBlocking)
	_, err := driver.Capture(s, func() error {
		done := make(chan error)
		go func() {
			runtime.LockOSThread()
			if err := cu.SetCurrentContext(ctx); err != nil {
				done <- err
				return
			}
			_, err := cu.MemAlloc(4)
			done <- err
		}()
		return <-done
	})
	require.NoError(t, err)
}

// An event of a capture means nothing when that has ended.
func TestEventOfAnEndedCapture(t *testing.T) {
	install(t, driverapi.Config{})
	inContext(t, 0)
	s, e := stream(t, cu.NonBlocking), event(t)
	_, err := driver.Capture(s, func() error { return e.Record(s) })
	require.NoError(t, err)
	assert.Equal(t, driver.CapturedEvent, code(t, s.Wait(e, 0)))
	require.NoError(t, e.Record(s))
	require.NoError(t, s.Wait(e, 0))
}

// A graph runs as late as other work, again and again, with what pinned memory holds then.
func TestGraphRunsLate(t *testing.T) {
	install(t, driverapi.Config{})
	inContext(t, 0)
	scale := kernels(t)("scale")
	x := memory(t, 1, 0)
	p := pinned(t, 1)
	s := stream(t, cu.NonBlocking)
	g, err := driver.Capture(s, func() error {
		require.NoError(t, cu.MemcpyHtoDAsync(x, unsafe.Pointer(&p[0]), 4, s))
		increment(t, scale, x, 1, s)
		return nil
	})
	require.NoError(t, err)
	require.NoError(t, s.Synchronize())
	assert.Equal(t, uint32(0), peek(t, x), "capturing does not run")
	p[0] = 10
	require.NoError(t, cu.MemsetD32Async(x, 100, 1, s))
	require.NoError(t, g.Launch(s))
	assert.Equal(t, uint32(0), peek(t, x))
	p[0] = 20
	require.NoError(t, s.Synchronize())
	assert.Equal(t, uint32(21), peek(t, x), "after the stream's earlier work")
	require.NoError(t, g.Launch(s))
	require.NoError(t, g.Close())
	p[0] = 30
	require.NoError(t, s.Synchronize())
	assert.Equal(t, uint32(31), peek(t, x), "launched before it was closed")
	assert.Equal(t, driver.InvalidHandle, code(t, g.Launch(s)))
}
