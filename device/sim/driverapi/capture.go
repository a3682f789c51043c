//go:build cuda && cgo

package driverapi

/*
#include <cuda.h>
#include "thread.h"
*/
import "C"
import (
	"slices"

	"cnn-gpu/device/driver"
)

// capture records the work of a stream, and of those that come to wait for it, in a graph.
type capture struct {
	origin *stream
	mode   int32 // whose calls that could disturb it are refused, CUstreamCaptureMode
	thread uintptr
	graph  *graph
	broken bool
}

// add appends work to the graph.
func (c *capture) add(st *stream, k kind, do action) driver.Result {
	if c.broken {
		return driver.StreamCaptureInvalidated
	}
	if k == marker {
		return driver.Success
	}
	c.graph.nodes = append(c.graph.nodes, node{kind: k, do: do, after: st.tips})
	st.tips = []int{len(c.graph.nodes) - 1}
	return driver.Success
}

// join makes a stream wait for a point in the capture, which it belongs to from then on.
func (c *capture) join(s *system, st *stream, tips []int) driver.Result {
	switch {
	case st.capture != nil && st.capture != c:
		c.broken, st.capture.broken = true, true
		return driver.StreamCaptureMerge
	case c.origin.capture != c: // the capture has ended
		return driver.CapturedEvent
	case st.handle == 0:
		c.broken = true
		s.explain("the default stream can't be captured")
		return driver.StreamCaptureImplicit
	}
	st.capture = c
	for _, t := range tips {
		if !slices.Contains(st.tips, t) {
			st.tips = append(slices.Clip(st.tips), t)
		}
	}
	return driver.Success
}

// forbidden refuses a call that a capture forbids, and breaks the capture: waiting for a stream that is captured, or, where st
// is nil, what concerns the whole context.
func (s *system) forbidden(c *context, st *stream) driver.Result {
	for _, other := range c.streams {
		if other.capture == nil || st != nil && other != st {
			continue
		}
		other.capture.broken = true
		s.explain("work that is being captured does not run: nothing can wait for it, and memory must not change hands")
		return driver.StreamCaptureUnsupported
	}
	return driver.Success
}

// unsafe refuses a call that could disturb a capture, like allocation, where the capture's mode says so.
func (s *system) unsafe(c *context) driver.Result {
	for _, st := range c.streams {
		if k := st.capture; k != nil && (k.mode == C.CU_STREAM_CAPTURE_MODE_GLOBAL || k.mode == C.CU_STREAM_CAPTURE_MODE_THREAD_LOCAL && k.thread == uintptr(C.thread_id())) {
			return s.forbidden(c, st)
		}
	}
	return driver.Success
}

//export simStreamBeginCapture
func simStreamBeginCapture(h uintptr, mode int32) int32 {
	return onStream(h, func(s *system, st *stream) driver.Result {
		switch {
		case st.handle == 0:
			s.explain("the default stream can't be captured")
			return driver.StreamCaptureUnsupported
		case st.capture != nil:
			return driver.IllegalState
		case mode < C.CU_STREAM_CAPTURE_MODE_GLOBAL || mode > C.CU_STREAM_CAPTURE_MODE_RELAXED:
			return driver.InvalidValue
		}
		st.capture = &capture{origin: st, mode: mode, thread: uintptr(C.thread_id()), graph: &graph{context: st.context}}
		st.tips = nil
		return driver.Success
	})
}

//export simStreamEndCapture
func simStreamEndCapture(h uintptr, out *uintptr) int32 {
	return onStream(h, func(s *system, st *stream) driver.Result {
		*out = 0
		k := st.capture
		switch {
		case k == nil:
			return driver.IllegalState
		case k.origin != st:
			k.broken = true
			return driver.StreamCaptureUnmatched
		case k.mode != C.CU_STREAM_CAPTURE_MODE_RELAXED && k.thread != uintptr(C.thread_id()):
			s.explain("a capture ends in the thread in which it began")
			return driver.StreamCaptureWrongThread
		}
		r := driver.Success
		if k.broken {
			r = driver.StreamCaptureInvalidated
		}
		joined := k.graph.ancestors(st.tips)
		for _, other := range st.context.streams {
			if other.capture != k {
				continue
			}
			if r == driver.Success && slices.ContainsFunc(other.tips, func(t int) bool { return !joined[t] }) {
				r = driver.StreamCaptureUnjoined
				s.explain("work of another stream belongs to the capture, and the first stream does not wait for its end")
			}
			other.capture, other.tips = nil, nil
		}
		if r != driver.Success {
			return r
		}
		if *out = s.add(k.graph); *out == 0 {
			return driver.OutOfMemory
		}
		return driver.Success
	})
}
