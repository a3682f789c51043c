//go:build cuda && cgo

package driverapi

import "C"

import (
	"slices"
	"unsafe"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
)

// Bytes a second between host and device, for the estimate of events' times: assumed, about what PCI Express 4.0 x16 reaches.
const hostBandwidth = 25e9

func hostTime(n uint64) float64 { return float64(n) / hostBandwidth * 1e6 }

// A copy is described as the documentation's "API synchronization behavior" does: what of it has happened when the call returns.

// upload queues a copy to a device. Pageable memory is read before the call returns, after the stream's earlier work where the
// call is a synchronous one; then only the copy's own end is left open. From pinned memory a synchronous copy ends first.
func (s *system) upload(st *stream, dst uint64, src unsafe.Pointer, n uint64, wait bool) driver.Result {
	d, r := s.within(dst, n)
	if r != driver.Success || n == 0 {
		return r
	}
	pinned := s.isPinned(src, n)
	if r := s.pageable(st, pinned); r != driver.Success {
		return r
	}
	from := hostBytes(src, n)
	if !pinned {
		if wait && st.last != nil {
			s.run(st.last)
		}
		from = slices.Clone(from)
	}
	r = s.enqueue(st, copyWork, func(*sim.Node) (chipTime, *failure) {
		return chipTime{microseconds: hostTime(n)}, ended(d.Write(dst, from))
	})
	if r != driver.Success || !wait || !pinned {
		return r
	}
	s.run(st.last)
	return st.context.state()
}

// download queues a copy from a device. Only one to pinned memory is asynchronous.
func (s *system) download(st *stream, dst unsafe.Pointer, src uint64, n uint64, wait bool) driver.Result {
	d, r := s.within(src, n)
	if r != driver.Success || n == 0 {
		return r
	}
	pinned := s.isPinned(dst, n)
	if r := s.pageable(st, pinned); r != driver.Success {
		return r
	}
	to := hostBytes(dst, n)
	r = s.enqueue(st, copyWork, func(*sim.Node) (chipTime, *failure) {
		return chipTime{microseconds: hostTime(n)}, ended(d.Read(src, to))
	})
	if r != driver.Success || !wait && pinned {
		return r
	}
	s.run(st.last)
	return st.context.state()
}

// pageable refuses to capture a copy of memory that is not pinned: it may have moved when the graph runs.
func (s *system) pageable(st *stream, pinned bool) driver.Result {
	if st.capture == nil || pinned {
		return driver.Success
	}
	st.capture.broken = true
	s.explain("a captured copy needs page-locked host memory")
	return driver.StreamCaptureUnsupported
}

// move queues a copy between places in device memory; no call waits for it.
func (s *system) move(st *stream, dst, src, n uint64) driver.Result {
	to, r := s.within(dst, n)
	if r != driver.Success {
		return r
	}
	from, r := s.within(src, n)
	if r != driver.Success || n == 0 {
		return r
	}
	return s.enqueue(st, memoryWork, func(*sim.Node) (chipTime, *failure) {
		if to == from {
			return chipTime{microseconds: 2 * float64(n) / to.Chip().DRAM * 1e6}, ended(to.Copy(dst, src, n))
		}
		buffer := make([]byte, n)
		if err := from.Read(src, buffer); err != nil {
			return chipTime{}, ended(err)
		}
		return chipTime{microseconds: hostTime(n)}, ended(to.Write(dst, buffer))
	})
}

// unified copies between addresses that say themselves where they are.
func unified(dst, src, n uint64, on uintptr, wait bool) int32 {
	return onStream(on, func(s *system, st *stream) driver.Result {
		toDevice, fromDevice := s.memoryOf(dst) != nil, s.memoryOf(src) != nil
		switch {
		case toDevice && fromDevice:
			return s.move(st, dst, src, n)
		case toDevice:
			return s.upload(st, dst, address(src), n, wait)
		case fromDevice:
			return s.download(st, address(dst), src, n, wait)
		}
		s.explain("neither %#x nor %#x is an address in device memory", dst, src)
		return driver.InvalidValue
	})
}

// hostBytes is memory of the caller.
func hostBytes(p unsafe.Pointer, n uint64) []byte { return unsafe.Slice((*byte)(p), n) }

// address makes a pointer of a host address that came as a CUdeviceptr.
func address(a uint64) unsafe.Pointer { return *(*unsafe.Pointer)(unsafe.Pointer(&a)) }

//export simMemcpy
func simMemcpy(dst, src, n uint64) int32 { return unified(dst, src, n, 0, true) }

//export simMemcpyAsync
func simMemcpyAsync(dst, src, n uint64, on uintptr) int32 {
	return unified(dst, src, n, on, false)
}

//export simMemcpyHtoD
func simMemcpyHtoD(dst uint64, src unsafe.Pointer, n uint64) int32 {
	return onStream(0, func(s *system, st *stream) driver.Result { return s.upload(st, dst, src, n, true) })
}

//export simMemcpyHtoDAsync
func simMemcpyHtoDAsync(dst uint64, src unsafe.Pointer, n uint64, on uintptr) int32 {
	return onStream(on, func(s *system, st *stream) driver.Result { return s.upload(st, dst, src, n, false) })
}

//export simMemcpyDtoH
func simMemcpyDtoH(dst unsafe.Pointer, src, n uint64) int32 {
	return onStream(0, func(s *system, st *stream) driver.Result { return s.download(st, dst, src, n, true) })
}

//export simMemcpyDtoHAsync
func simMemcpyDtoHAsync(dst unsafe.Pointer, src, n uint64, on uintptr) int32 {
	return onStream(on, func(s *system, st *stream) driver.Result { return s.download(st, dst, src, n, false) })
}

//export simMemcpyDtoD
func simMemcpyDtoD(dst, src, n uint64) int32 {
	return onStream(0, func(s *system, st *stream) driver.Result { return s.move(st, dst, src, n) })
}

//export simMemcpyDtoDAsync
func simMemcpyDtoDAsync(dst, src, n uint64, on uintptr) int32 {
	return onStream(on, func(s *system, st *stream) driver.Result { return s.move(st, dst, src, n) })
}

//export simMemcpyPeer
func simMemcpyPeer(dst uint64, to uintptr, src uint64, from uintptr, n uint64) int32 {
	return simMemcpyDtoD(dst, src, n)
}

//export simMemcpyPeerAsync
func simMemcpyPeerAsync(dst uint64, to uintptr, src uint64, from uintptr, n uint64, on uintptr) int32 {
	return simMemcpyDtoDAsync(dst, src, n, on)
}
