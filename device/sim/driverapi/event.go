//go:build cuda && cgo

package driverapi

// #include <cuda.h>
import "C"

import "cnn-gpu/device/driver"

// event is a point in a stream.
type event struct {
	context *context
	flags   uint32
	work    *work    // nil if it was not recorded yet
	capture *capture // it was recorded in a capture, at tips
	tips    []int
}

func (e *event) owner() *context { return e.context }

// onEvent runs a call on an event, from any context.
func onEvent(h uintptr, f func(s *system, c *context, e *event) driver.Result) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		e, ok := s.handles[h].(*event)
		if !ok {
			return driver.InvalidHandle
		}
		return f(s, c, e)
	})
}

//export simEventCreate
func simEventCreate(out *uintptr, flags uint32) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		if out == nil || flags&^7 != 0 || flags&(C.CU_EVENT_INTERPROCESS|C.CU_EVENT_DISABLE_TIMING) == C.CU_EVENT_INTERPROCESS {
			return driver.InvalidValue
		}
		if *out = s.add(&event{context: c, flags: flags}); *out == 0 {
			return driver.OutOfMemory
		}
		return driver.Success
	})
}

//export simEventDestroy
func simEventDestroy(h uintptr) int32 {
	return onEvent(h, func(s *system, _ *context, _ *event) driver.Result {
		delete(s.handles, h)
		return driver.Success
	})
}

//export simEventRecord
func simEventRecord(h, stream uintptr) int32 {
	return onEvent(h, func(s *system, c *context, e *event) driver.Result {
		st, r := s.stream(c, stream)
		switch {
		case r != driver.Success:
			return r
		case e.context != c:
			return driver.InvalidHandle
		case st.capture != nil:
			e.work, e.capture, e.tips = nil, st.capture, st.tips
			return driver.Success
		}
		if r := s.enqueue(st, marker, nil); r != driver.Success {
			return r
		}
		e.work, e.capture = st.last, nil
		return driver.Success
	})
}

//export simEventQuery
func simEventQuery(h uintptr) int32 {
	return onEvent(h, func(s *system, c *context, e *event) driver.Result {
		if e.capture != nil {
			return driver.CapturedEvent
		}
		done := s.step(e.work)
		if r := c.state(); r != driver.Success {
			return r
		}
		if !done {
			return driver.NotReady
		}
		return driver.Success
	})
}

//export simEventSynchronize
func simEventSynchronize(h uintptr) int32 {
	return onEvent(h, func(s *system, c *context, e *event) driver.Result {
		if e.capture != nil {
			return driver.CapturedEvent
		}
		if e.work != nil {
			s.run(e.work)
		}
		return c.state()
	})
}

//export simEventElapsedTime
func simEventElapsedTime(milliseconds *float32, start, end uintptr) int32 {
	return onEvent(start, func(s *system, c *context, a *event) driver.Result {
		b, ok := s.handles[end].(*event)
		switch {
		case !ok || (a.flags|b.flags)&C.CU_EVENT_DISABLE_TIMING != 0 || a.context != b.context || a.work == nil || b.work == nil:
			return driver.InvalidHandle
		case !a.work.done || !b.work.done:
			return driver.NotReady
		}
		*milliseconds = float32((b.work.end - a.work.end) / 1000)
		return driver.Success
	})
}

//export simStreamWaitEvent
func simStreamWaitEvent(stream, h uintptr, flags uint32) int32 {
	return onEvent(h, func(s *system, c *context, e *event) driver.Result {
		st, r := s.stream(c, stream)
		switch {
		case r != driver.Success:
			return r
		case flags != 0:
			return driver.InvalidValue
		case e.capture != nil:
			return e.capture.join(s, st, e.tips)
		case st.capture != nil:
			st.capture.broken = true
			s.explain("a stream whose work is captured waits for an event from outside of the capture")
			return driver.StreamCaptureIsolation
		case e.work != nil && st.handle == 0:
			// The default stream's waiting is an action: streams that follow it wait as well.
			st.waits = append(st.waits, e.work)
			return s.enqueue(st, marker, nil)
		case e.work != nil:
			st.waits = append(st.waits, e.work)
		}
		return driver.Success
	})
}
