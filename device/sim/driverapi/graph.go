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

// graph is work with its order.
type graph struct {
	context *context
	nodes   []node
}

func (g *graph) owner() *context { return g.context }

type node struct {
	kind  kind
	do    action
	after []int
}

// graphExec is a graph that can be launched.
type graphExec struct{ *graph }

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

// ancestors marks the nodes that come before the tips, and the tips.
func (g *graph) ancestors(tips []int) []bool {
	marked := make([]bool, len(g.nodes))
	for _, t := range tips {
		marked[t] = true
	}
	for i := len(g.nodes) - 1; i >= 0; i-- {
		if marked[i] {
			for _, a := range g.nodes[i].after {
				marked[a] = true
			}
		}
	}
	return marked
}

//export simGraphInstantiate
func simGraphInstantiate(out *uintptr, h uintptr, flags uint64) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		g, ok := s.handles[h].(*graph)
		switch {
		case !ok:
			return driver.InvalidHandle
		case flags != 0:
			return driver.NotSupported
		}
		if *out = s.add(&graphExec{g}); *out == 0 {
			return driver.OutOfMemory
		}
		return driver.Success
	})
}

//export simGraphDestroy
func simGraphDestroy(h uintptr) int32 { return destroyHandle[*graph](h) }

//export simGraphExecDestroy
func simGraphExecDestroy(h uintptr) int32 { return destroyHandle[*graphExec](h) }

func destroyHandle[T any](h uintptr) int32 {
	return call(func(s *system) driver.Result {
		if _, ok := s.handles[h].(T); !ok {
			return driver.InvalidHandle
		}
		delete(s.handles, h)
		return driver.Success
	})
}

//export simGraphLaunch
func simGraphLaunch(h, on uintptr) int32 {
	return onStream(on, func(s *system, st *stream) driver.Result {
		s.calls.GraphLaunches++
		g, ok := s.handles[h].(*graphExec)
		switch {
		case !ok || g.context != st.context:
			return driver.InvalidHandle
		case st.capture != nil:
			s.explain("a graph in a graph is more than the simulated driver knows")
			st.capture.broken = true
			return driver.NotSupported
		}
		if r := s.enqueue(st, marker, nil); r != driver.Success { // what the graph comes after
			return r
		}
		begin := st.last
		all := make([]*work, len(g.nodes))
		for i, n := range g.nodes {
			all[i] = &work{context: g.context, kind: n.kind, do: n.do, after: []*work{begin}, node: true, since: begin.since}
			for _, a := range n.after {
				all[i].after = append(all[i].after, all[a])
			}
		}
		st.push(&work{context: g.context, kind: marker, after: append(all, begin)})
		return driver.Success
	})
}
