//go:build cuda && cgo

package driverapi

/*
#include <cuda.h>
#include "thread.h"
*/
import "C"

import (
	"slices"
	"syscall"

	"cnn-gpu/device/driver"
)

// context is a CUDA context.
type context struct {
	handle  uintptr
	device  *device
	flags   uint32
	null    *stream   // the legacy default stream
	streams []*stream // in the order of their making, the default one and destroyed ones with work included
	memory  map[uint64]bool
	limits  map[int32]uint64
	failure driver.Result // sticky
	detail  string        // of the failure
	retains int           // of the primary context
}

// state is the error that every call in the context answers.
func (c *context) state() driver.Result {
	if c.failure == driver.Success && c.device.lost {
		return driver.DeviceUnavailable
	}
	return c.failure
}

// newContext makes a context; nil when there are no handles any more.
func (s *system) newContext(d *device, flags uint32) *context {
	c := &context{device: d, flags: flags, memory: map[uint64]bool{}, limits: map[int32]uint64{}}
	if c.handle = s.add(c); c.handle == 0 {
		return nil
	}
	c.null = &stream{context: c}
	c.streams = []*stream{c.null}
	return c
}

// destroy ends the context and everything in it, after its work.
func (s *system) destroy(c *context) {
	s.synchronize(c)
	for p := range c.memory {
		_ = c.device.Free(p) // it is there: cuMemFree would have taken it from the list
	}
	s.pinned = slices.DeleteFunc(s.pinned, func(m pinnedMemory) bool { return m.context == c && syscall.Munmap(m.bytes) == nil })
	for h, object := range s.handles {
		if o, ok := object.(interface{ owner() *context }); ok && o.owner() == c {
			if m, ok := object.(*module); ok {
				m.Unload()
			}
			delete(s.handles, h)
		}
	}
	delete(s.handles, c.handle)
	if c.device.primary == c {
		c.device.primary = nil
	}
}

// device finds a device by its ordinal, which is its handle too.
func (s *system) device(ordinal int32) (*device, driver.Result) {
	if ordinal < 0 || int(ordinal) >= len(s.devices) {
		return nil, driver.InvalidDevice
	}
	return s.devices[ordinal], driver.Success
}

// context finds a context by its handle.
func (s *system) context(h uintptr) (*context, driver.Result) {
	if c, ok := s.handles[h].(*context); ok {
		return c, driver.Success
	}
	return nil, driver.InvalidContext
}

//export simCtxCreate
func simCtxCreate(out *uintptr, flags uint32, dev int32) int32 {
	return call(func(s *system) driver.Result {
		d, r := s.device(dev)
		switch {
		case r != driver.Success:
			return r
		case out == nil || flags&^C.CU_CTX_FLAGS_MASK != 0:
			return driver.InvalidValue
		case d.lost || d.InUse:
			return driver.DeviceUnavailable
		}
		c := s.newContext(d, flags)
		if c == nil {
			return driver.OutOfMemory
		}
		if C.thread_push(C.uintptr_t(c.handle)) == 0 {
			s.destroy(c)
			s.explain("the calling thread has too many contexts on its stack")
			return driver.OutOfMemory
		}
		*out = c.handle
		return driver.Success
	})
}

//export simCtxDestroy
func simCtxDestroy(h uintptr) int32 {
	return call(func(s *system) driver.Result {
		c, r := s.context(h)
		if r != driver.Success {
			return r
		}
		if c.device.primary == c {
			s.explain("a primary context is released (cuDevicePrimaryCtxRelease), not destroyed")
			return driver.InvalidContext
		}
		s.destroy(c)
		if uintptr(C.thread_current()) == h {
			C.thread_pop()
		}
		return driver.Success
	})
}

//export simCtxGetCurrent
func simCtxGetCurrent(out *uintptr) int32 {
	return call(func(*system) driver.Result {
		*out = uintptr(C.thread_current())
		return driver.Success
	})
}

//export simCtxSetCurrent
func simCtxSetCurrent(h uintptr) int32 {
	return call(func(s *system) driver.Result {
		if h != 0 {
			if _, r := s.context(h); r != driver.Success {
				return r
			}
		}
		C.thread_pop()
		if h != 0 {
			C.thread_push(C.uintptr_t(h))
		}
		return driver.Success
	})
}

//export simCtxPushCurrent
func simCtxPushCurrent(h uintptr) int32 {
	return call(func(s *system) driver.Result {
		if _, r := s.context(h); r != driver.Success {
			return r
		}
		if C.thread_push(C.uintptr_t(h)) == 0 {
			return driver.OutOfMemory
		}
		return driver.Success
	})
}

//export simCtxPopCurrent
func simCtxPopCurrent(out *uintptr) int32 {
	return call(func(s *system) driver.Result {
		h := uintptr(C.thread_pop())
		if h == 0 {
			return driver.InvalidContext
		}
		if out != nil {
			*out = h
		}
		return driver.Success
	})
}

//export simCtxSynchronize
func simCtxSynchronize() int32 {
	return inContext(func(s *system, c *context) driver.Result {
		if r := s.forbidden(c, nil); r != driver.Success {
			return r
		}
		s.synchronize(c)
		return c.state()
	})
}

//export simCtxGetDevice
func simCtxGetDevice(out *int32) int32 {
	return call(func(s *system) driver.Result {
		c, r := s.current()
		if r == driver.Success {
			*out = int32(c.device.ordinal)
		}
		return r
	})
}

//export simCtxGetFlags
func simCtxGetFlags(out *uint32) int32 {
	return call(func(s *system) driver.Result {
		c, r := s.current()
		if r == driver.Success {
			*out = c.flags
		}
		return r
	})
}

//export simCtxGetApiVersion
func simCtxGetApiVersion(h uintptr, out *uint32) int32 {
	return call(func(s *system) driver.Result {
		r := driver.Success
		if h != 0 {
			_, r = s.context(h)
		}
		*out = 3020 // of cuCtxCreate_v2
		return r
	})
}

var defaultLimits = map[int32]uint64{C.CU_LIMIT_STACK_SIZE: 1 << 10, C.CU_LIMIT_PRINTF_FIFO_SIZE: 1 << 20, C.CU_LIMIT_MALLOC_HEAP_SIZE: 8 << 20}

//export simCtxGetLimit
func simCtxGetLimit(out *uint64, limit int32) int32 {
	return inContext(func(_ *system, c *context) driver.Result {
		v, ok := c.limits[limit]
		if !ok {
			if v, ok = defaultLimits[limit]; !ok {
				return driver.UnsupportedLimit
			}
		}
		*out = v
		return driver.Success
	})
}

//export simCtxSetLimit
func simCtxSetLimit(limit int32, value uint64) int32 {
	return inContext(func(_ *system, c *context) driver.Result {
		if _, ok := defaultLimits[limit]; !ok {
			return driver.UnsupportedLimit
		}
		c.limits[limit] = value
		return driver.Success
	})
}

//export simCtxGetStreamPriorityRange
func simCtxGetStreamPriorityRange(least, greatest *int32) int32 {
	return inContext(func(*system, *context) driver.Result {
		if least != nil {
			*least = leastPriority
		}
		if greatest != nil {
			*greatest = greatestPriority
		}
		return driver.Success
	})
}
