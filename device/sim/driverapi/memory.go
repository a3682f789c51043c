//go:build cuda && cgo

package driverapi

import "C"

import (
	"encoding/binary"
	"errors"
	"slices"
	"syscall"
	"unsafe"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
)

// pinnedMemory is page-locked host memory that the driver made. It goes with its context.
type pinnedMemory struct {
	context *context
	bytes   []byte
}

func (m pinnedMemory) address() uintptr { return uintptr(unsafe.Pointer(unsafe.SliceData(m.bytes))) }

// isPinned says whether all n bytes at p are page-locked.
func (s *system) isPinned(p unsafe.Pointer, n uint64) bool {
	return slices.ContainsFunc(s.pinned, func(m pinnedMemory) bool {
		off := uintptr(p) - m.address()
		return off < uintptr(len(m.bytes)) && n <= uint64(len(m.bytes))-uint64(off)
	})
}

// memoryOf finds the device that holds an address; nil if none does.
func (s *system) memoryOf(ptr uint64) *device {
	for _, d := range s.devices {
		if _, _, err := d.Extent(ptr); err == nil {
			return d
		}
	}
	return nil
}

// within finds the device that holds n bytes at an address.
func (s *system) within(ptr, n uint64) (*device, driver.Result) {
	d := s.memoryOf(ptr)
	if d == nil {
		s.explain("%#x is no address in device memory", ptr)
		return nil, driver.InvalidValue
	}
	if start, size, _ := d.Extent(ptr); n > start+size-ptr {
		s.explain("%d bytes at offset %d of an allocation of %d bytes", n, ptr-start, size)
		return nil, driver.InvalidValue
	}
	return d, driver.Success
}

// ended gives the result of running work that touches memory.
func ended(err error) *failure {
	if err == nil {
		return nil
	}
	return &failure{driver.IllegalAddress, err.Error()}
}

//export simMemAlloc
func simMemAlloc(out *uint64, bytes uint64) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		if out == nil || bytes == 0 {
			return driver.InvalidValue
		}
		if r := s.unsafe(c); r != driver.Success {
			return r
		}
		if s.faults.hits("oom") {
			s.explain("fault oom@N of CNN_GPU_SIM_FAULT")
			return driver.OutOfMemory
		}
		p, err := c.device.Alloc(bytes)
		if errors.Is(err, sim.ErrOutOfMemory) {
			return s.failed(driver.OutOfMemory, err)
		} else if err != nil {
			return s.failed(driver.Unknown, err)
		}
		c.memory[p] = true
		*out = p
		return driver.Success
	})
}

// Freeing memory waits for the device, as libcuda does.
//
//export simMemFree
func simMemFree(ptr uint64) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		if r := s.unsafe(c); r != driver.Success {
			return r
		}
		if !c.memory[ptr] {
			s.explain("%#x is no address that cuMemAlloc gave in this context, or was freed", ptr)
			return driver.InvalidValue
		}
		s.synchronize(c)
		delete(c.memory, ptr)
		if err := c.device.Free(ptr); err != nil {
			return s.failed(driver.InvalidValue, err)
		}
		return c.state()
	})
}

//export simMemAllocHost
func simMemAllocHost(out *unsafe.Pointer, bytes uint64) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		if out == nil || bytes == 0 || bytes > 1<<40 {
			return driver.InvalidValue
		}
		if r := s.unsafe(c); r != driver.Success {
			return r
		}
		if s.faults.hits("oom") {
			s.explain("fault oom@N of CNN_GPU_SIM_FAULT")
			return driver.OutOfMemory
		}
		b, err := syscall.Mmap(-1, 0, int(bytes), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE)
		if err != nil {
			return s.failed(driver.OutOfMemory, err)
		}
		s.pinned = append(s.pinned, pinnedMemory{c, b})
		*out = unsafe.Pointer(unsafe.SliceData(b))
		return driver.Success
	})
}

//export simMemFreeHost
func simMemFreeHost(p unsafe.Pointer) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		i := slices.IndexFunc(s.pinned, func(m pinnedMemory) bool { return m.address() == uintptr(p) })
		if i < 0 {
			s.explain("no page-locked memory begins at %p", p)
			return driver.InvalidValue
		}
		m := s.pinned[i]
		s.pinned = slices.Delete(s.pinned, i, i+1)
		for _, object := range s.handles {
			if other, ok := object.(*context); ok {
				s.synchronize(other)
			}
		}
		if err := syscall.Munmap(m.bytes); err != nil {
			return s.failed(driver.Unknown, err)
		}
		return c.state()
	})
}

//export simMemGetInfo
func simMemGetInfo(free, total *uint64) int32 {
	return inContext(func(_ *system, c *context) driver.Result {
		*total = c.device.Chip().MemoryBytes
		*free = c.device.free()
		return driver.Success
	})
}

//export simMemGetAddressRange
func simMemGetAddressRange(base, size *uint64, ptr uint64) int32 {
	return inContext(func(s *system, _ *context) driver.Result {
		d := s.memoryOf(ptr)
		if d == nil {
			return driver.NotFound
		}
		start, n, _ := d.Extent(ptr) // it is there
		if base != nil {
			*base = start
		}
		if size != nil {
			*size = n
		}
		return driver.Success
	})
}

// fill queues a fill of count elements of size bytes.
func fill(ptr uint64, value uint32, size int, count uint64, on uintptr) int32 {
	return onStream(on, func(s *system, st *stream) driver.Result {
		if ptr%uint64(size) != 0 {
			s.explain("a fill with elements of %d bytes at %#x, which is not a multiple", size, ptr)
			return driver.InvalidValue
		}
		d, r := s.within(ptr, count)
		if r != driver.Success {
			return r
		}
		bytes := count * uint64(size) // count is less than any memory
		_, r = s.within(ptr, bytes)
		if r != driver.Success || count == 0 {
			return r
		}
		pattern := binary.LittleEndian.AppendUint32(nil, value)[:size]
		return s.enqueue(st, memoryWork, func(*sim.Node) (chipTime, *failure) {
			return chipTime{microseconds: float64(bytes) / d.Chip().DRAM * 1e6}, ended(d.Fill(ptr, pattern, bytes))
		})
	})
}

//export simMemsetD8
func simMemsetD8(ptr uint64, value uint8, count uint64) int32 {
	return fill(ptr, uint32(value), 1, count, 0)
}

//export simMemsetD16
func simMemsetD16(ptr uint64, value uint16, count uint64) int32 {
	return fill(ptr, uint32(value), 2, count, 0)
}

//export simMemsetD32
func simMemsetD32(ptr uint64, value uint32, count uint64) int32 { return fill(ptr, value, 4, count, 0) }

//export simMemsetD8Async
func simMemsetD8Async(ptr uint64, value uint8, count uint64, on uintptr) int32 {
	return fill(ptr, uint32(value), 1, count, on)
}

//export simMemsetD16Async
func simMemsetD16Async(ptr uint64, value uint16, count uint64, on uintptr) int32 {
	return fill(ptr, uint32(value), 2, count, on)
}

//export simMemsetD32Async
func simMemsetD32Async(ptr uint64, value uint32, count uint64, on uintptr) int32 {
	return fill(ptr, value, 4, count, on)
}
