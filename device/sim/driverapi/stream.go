//go:build cuda && cgo

package driverapi

// #include <cuda.h>
import "C"

import (
	"math/rand/v2"
	"slices"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
)

const (
	leastPriority, greatestPriority = 0, -5

	// What a stream holds before a call has to wait for room, about what libcuda's queues take.
	streamCapacity = 1024
)

// stream is a sequence of work.
type stream struct {
	context  *context
	handle   uintptr // 0 for the default stream
	flags    uint32
	priority int32
	gone     bool

	last    *work   // nil if nothing was ever queued
	waits   []*work // what the next piece of work waits for besides
	queue   []*work // what may still have to run, the oldest first
	capture *capture
	tips    []int // in a capture: the nodes that the next one comes after
}

func (st *stream) owner() *context { return st.context }

func (st *stream) blocking() bool { return st.flags&C.CU_STREAM_NON_BLOCKING == 0 }

// action does a piece of work; it runs without the system's lock, and gets the place in a graph whose nodes may run at the same time, or nil. It gives the time that it would take on the chip, and an error if it
// ends the context.
type action func(*sim.Node) (chipTime, *failure)

// chipTime is how long a piece of work takes: to begin, and then in itself, and which share of the chip it keeps busy meanwhile if it gets all
// that it asks for.
type chipTime struct {
	start, microseconds, share float64
	last                       float64 // the part of microseconds after which its last blocks begin
	prologue                   float64 // of microseconds, before it needs those before it
}

// failure is an error of running work.
type failure struct {
	result driver.Result
	detail string
}

// kind is what a piece of work is, for the faults.
type kind string

const (
	kernelWork kind = "launch"
	copyWork   kind = "copy" // between host and device
	memoryWork kind = "memory"
	marker     kind = "marker" // nothing to do
)

// work is a piece of work that was queued.
type work struct {
	context       *context
	kind          kind
	do            action
	after         []*work
	started, done bool
	graph         *graphRun // that it is a node of, or the end of
	since, end    float64   // simulated time in microseconds: until when the device was busy when it was queued, and when it has ended
}

// enqueue puts work on a stream, or into the graph that the stream's work is captured in.
func (s *system) enqueue(st *stream, k kind, do action) driver.Result {
	if st.capture != nil {
		return st.capture.add(st, k, do)
	}
	c := st.context
	w := &work{context: c, kind: k, do: do, after: st.waits}
	st.waits = nil
	if st.last != nil {
		w.after = append(w.after, st.last)
	}
	for _, other := range c.streams {
		// The default stream waits for the others, and they for it, but those which asked not to.
		if other == st || !other.blocking() || !st.blocking() || st != c.null && other != c.null {
			continue
		}
		if other.capture != nil {
			other.capture.broken = true
			s.explain("work on the default stream would wait for a stream whose work is captured")
			return driver.StreamCaptureImplicit
		}
		if other.last != nil {
			w.after = append(w.after, other.last)
		}
	}
	st.push(w)
	if len(st.queue) > streamCapacity {
		s.run(st.queue[0])
	}
	return driver.Success
}

func (st *stream) push(w *work) {
	w.since = st.context.device.timeline.end
	st.last = w
	for len(st.queue) > 0 && st.queue[0].done {
		st.queue = st.queue[1:]
	}
	st.queue = append(st.queue, w)
}

// run does a piece of work, after what it waits for.
func (s *system) run(w *work) {
	for w.started && !w.done { // in another thread
		s.idle.Wait()
	}
	if w.done {
		return
	}
	w.started = true
	begin := 0.0
	for _, a := range w.after {
		s.run(a)
		begin = max(begin, a.end)
	}
	w.end = begin
	if w.graph != nil && w.do == nil {
		w.end = w.graph.place(&w.context.device.timeline, w.since)
	}
	if c := w.context; w.do != nil && c.state() == driver.Success {
		if d := c.device; s.faults.hits("lost") {
			d.lost = true
			s.explain("fault lost@N of CNN_GPU_SIM_FAULT: device %d is gone", d.ordinal)
		} else {
			s.mu.Unlock()
			d.running.Lock()
			took, err := w.do(w.graph.node(w))
			d.running.Unlock()
			s.mu.Lock()
			switch {
			case w.graph != nil:
				w.graph.took(w, took)
			case w.kind == kernelWork:
				w.end = d.timeline.place(w.since, begin+took.start, took.microseconds, took.share)
			default:
				w.end = begin + took.microseconds
			}
			if err == nil && (w.kind == kernelWork || w.kind == copyWork) && s.faults.hits(string(w.kind)) {
				err = &failure{s.faults[string(w.kind)].result, "fault " + string(w.kind) + "@N of CNN_GPU_SIM_FAULT"}
			}
			if err != nil && c.failure == driver.Success {
				c.failure, c.detail = err.result, err.detail
				s.detail = c.detail
			}
		}
	}
	w.done, w.do, w.after = true, nil, nil
	s.idle.Broadcast()
}

// step runs one piece of what w waits for, or w, and says whether w was done before.
func (s *system) step(w *work) (done bool) {
	if w == nil || w.done {
		return true
	}
	for first := w; ; {
		i := slices.IndexFunc(first.after, func(a *work) bool { return !a.done })
		if i < 0 {
			s.run(first)
			return false
		}
		first = first.after[i]
	}
}

// synchronize runs all work of a context.
func (s *system) synchronize(c *context) {
	order := slices.Clone(c.streams)
	switch o := s.config.Options; o.Order {
	case sim.Reverse:
		slices.Reverse(order)
	case sim.Random:
		rand.New(rand.NewPCG(o.Seed, uint64(len(order)))).Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
	}
	for _, st := range order {
		if st.last != nil {
			s.run(st.last)
		}
	}
	c.streams = slices.DeleteFunc(c.streams, func(st *stream) bool { return st.gone && (st.last == nil || st.last.done) })
}

// stream finds a stream of the context by its handle; 0 is the default stream, as are CU_STREAM_LEGACY and what stands for one
// default stream for each thread, which cu does not use.
func (s *system) stream(c *context, h uintptr) (*stream, driver.Result) {
	if h <= 2 {
		return c.null, driver.Success
	}
	if st, ok := s.handles[h].(*stream); ok && st.context == c {
		return st, driver.Success
	}
	return nil, driver.InvalidHandle
}

// onStream runs a call on a stream of the current context.
func onStream(h uintptr, f func(s *system, st *stream) driver.Result) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		st, r := s.stream(c, h)
		if r != driver.Success {
			return r
		}
		return f(s, st)
	})
}

//export simStreamCreate
func simStreamCreate(out *uintptr, flags uint32) int32 {
	return simStreamCreateWithPriority(out, flags, 0)
}

//export simStreamCreateWithPriority
func simStreamCreateWithPriority(out *uintptr, flags uint32, priority int32) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		if out == nil || flags&^C.CU_STREAM_NON_BLOCKING != 0 {
			return driver.InvalidValue
		}
		st := &stream{context: c, flags: flags, priority: max(min(priority, leastPriority), greatestPriority)}
		if st.handle = s.add(st); st.handle == 0 {
			return driver.OutOfMemory
		}
		c.streams = append(c.streams, st)
		*out = st.handle
		return driver.Success
	})
}

//export simStreamDestroy
func simStreamDestroy(h uintptr) int32 {
	return onStream(h, func(s *system, st *stream) driver.Result {
		if st.handle == 0 {
			return driver.InvalidHandle
		}
		if st.capture != nil {
			st.capture.broken = true
		}
		st.gone = true // its work goes on
		delete(s.handles, h)
		return driver.Success
	})
}

//export simStreamSynchronize
func simStreamSynchronize(h uintptr) int32 {
	return onStream(h, func(s *system, st *stream) driver.Result {
		if r := s.forbidden(st.context, st); r != driver.Success {
			return r
		}
		if st.handle == 0 {
			if r := s.enqueue(st, marker, nil); r != driver.Success {
				return r
			}
		}
		if st.last != nil {
			s.run(st.last)
		}
		return st.context.state()
	})
}

//export simStreamQuery
func simStreamQuery(h uintptr) int32 {
	return onStream(h, func(s *system, st *stream) driver.Result {
		if r := s.forbidden(st.context, st); r != driver.Success {
			return r
		}
		if !s.step(st.last) {
			if r := st.context.state(); r != driver.Success {
				return r
			}
			return driver.NotReady
		}
		return st.context.state()
	})
}

//export simStreamGetFlags
func simStreamGetFlags(h uintptr, out *uint32) int32 {
	return onStream(h, func(_ *system, st *stream) driver.Result {
		*out = st.flags
		return driver.Success
	})
}

//export simStreamGetPriority
func simStreamGetPriority(h uintptr, out *int32) int32 {
	return onStream(h, func(_ *system, st *stream) driver.Result {
		*out = st.priority
		return driver.Success
	})
}
