//go:build cuda && cgo

package driverapi

// #include <cuda.h>
import "C"

import (
	"errors"
	"fmt"
	"os"
	"regexp"
	"strconv"
	"unsafe"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
)

// module is PTX on a device.
type module struct {
	context *context
	*sim.Module
	functions map[string]uintptr
}

func (m *module) owner() *context { return m.context }

// Unload waits for the piece of work that runs.
func (m *module) Unload() {
	m.context.device.running.Lock()
	defer m.context.device.running.Unlock()
	m.Module.Unload()
}

// function is a kernel with what cuFuncSetAttribute set.
type function struct {
	context  *context
	module   uintptr
	kernel   *sim.Kernel
	loaded   bool  // lazily, as in libcuda: see resolve
	dynamic  int32 // most bytes of dynamic shared memory
	carveout int32
}

func (f *function) owner() *context { return f.context }

// resolve loads a function, as libcuda may do no sooner than when it is launched or asked for an attribute. A capture refuses that.
func (s *system) resolve(st *stream, f *function) driver.Result {
	if !f.loaded && st.capture != nil {
		st.capture.broken = true
		s.explain("%s would be loaded by its first launch, which a capture refuses: ask it for an attribute before (cuFuncGetAttribute)", f.kernel.Name())
		return driver.StreamCaptureUnsupported
	}
	f.loaded = true
	return driver.Success
}

// The first bytes of what else cuModuleLoadData takes.
const (
	elfMagic       = "\x7fELF"
	fatbinaryMagic = "\x50\xed\x55\xba"
)

// load makes a module of an image that ends in a zero byte.
func (s *system) load(c *context, out *uintptr, image string) driver.Result {
	if out == nil {
		return driver.InvalidValue
	}
	if len(image) >= 4 && (image[:4] == elfMagic || image[:4] == fatbinaryMagic) {
		s.explain("the simulated GPU runs PTX, not machine code: compile for compute_%d%d", c.device.Chip().Major, c.device.Chip().Minor)
		return driver.NoBinaryForGpu
	}
	if s.faults.hits("load") {
		s.explain("fault load@N of CNN_GPU_SIM_FAULT")
		return s.faults["load"].result
	}
	if major, minor := driver.NewestPTX(s.config.CUDA); ptxIsNewer(image, major, minor) {
		s.explain("the PTX is of a newer version than %d.%d, the last that a driver of CUDA %d.%d knows", major, minor, s.config.CUDA/1000, s.config.CUDA%1000/10)
		return driver.UnsupportedPtxVersion
	}
	m, err := c.device.Load([]byte(image))
	if err == nil {
		if err = m.Unreadable(); err != nil {
			m.Unload()
		}
	}
	switch {
	case errors.Is(err, sim.ErrPTX):
		return s.failed(driver.InvalidPtx, err)
	case errors.Is(err, sim.ErrOutOfMemory):
		return s.failed(driver.OutOfMemory, err)
	case err != nil:
		return s.failed(driver.Unknown, err)
	}
	if *out = s.add(&module{context: c, Module: m, functions: map[string]uintptr{}}); *out == 0 {
		return driver.OutOfMemory
	}
	return driver.Success
}

var ptxVersion = regexp.MustCompile(`(?m)^\s*\.version\s+(\d+)\.(\d+)`)

// ptxIsNewer says whether PTX declares a version above one.
func ptxIsNewer(image string, major, minor int) bool {
	m := ptxVersion.FindStringSubmatch(image)
	if m == nil {
		return false
	}
	itsMajor, _ := strconv.Atoi(m[1]) // digits by the pattern
	itsMinor, _ := strconv.Atoi(m[2])
	return itsMajor > major || itsMajor == major && itsMinor > minor
}

// imageAt reads the image at an address: machine code is told by its first bytes, PTX ends in a zero byte.
func imageAt(p unsafe.Pointer) string {
	n := 0
	for *(*byte)(unsafe.Add(p, n)) != 0 {
		n++
	}
	return string(hostBytes(p, uint64(n)))
}

//export simModuleLoad
func simModuleLoad(out *uintptr, file unsafe.Pointer) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		b, err := os.ReadFile(imageAt(file))
		if err != nil {
			return s.failed(driver.FileNotFound, err)
		}
		return s.load(c, out, string(b))
	})
}

//export simModuleLoadData
func simModuleLoadData(out *uintptr, image unsafe.Pointer) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		if image == nil {
			return driver.InvalidValue
		}
		return s.load(c, out, imageAt(image))
	})
}

//export simModuleLoadDataEx
func simModuleLoadDataEx(out *uintptr, image unsafe.Pointer, n uint32, options *int32, values *uintptr) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		if image == nil || n > 0 && (options == nil || values == nil) {
			return driver.InvalidValue
		}
		r := s.load(c, out, imageAt(image))
		var log unsafe.Pointer
		var size uint64
		for i, o := range unsafe.Slice(options, n) {
			switch v := unsafe.Slice(values, n)[i]; o {
			case C.CU_JIT_ERROR_LOG_BUFFER:
				log = address(uint64(v))
			case C.CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES:
				size = uint64(v)
			}
		}
		if r != driver.Success && log != nil && size > 0 {
			b := hostBytes(log, size)
			b[copy(b[:size-1], s.detail)] = 0
			s.detail = "" // the log has it
		}
		return r
	})
}

//export simModuleUnload
func simModuleUnload(h uintptr) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		m, ok := s.handles[h].(*module)
		if !ok {
			return driver.InvalidHandle
		}
		s.synchronize(c)
		m.Unload()
		for _, f := range m.functions {
			delete(s.handles, f)
		}
		delete(s.handles, h)
		return c.state()
	})
}

//export simModuleGetFunction
func simModuleGetFunction(out *uintptr, h uintptr, name unsafe.Pointer) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		m, ok := s.handles[h].(*module)
		switch {
		case !ok || m.context != c:
			return driver.InvalidHandle
		case out == nil || name == nil:
			return driver.InvalidValue
		}
		if s.faults.hits("function") {
			s.explain("fault function@N of CNN_GPU_SIM_FAULT")
			return s.faults["function"].result
		}
		symbol := imageAt(name)
		if *out = m.functions[symbol]; *out != 0 {
			return driver.Success
		}
		k, err := m.Kernel(symbol)
		switch {
		case errors.Is(err, sim.ErrNotFound):
			return s.failed(driver.NotFound, fmt.Errorf("%w; the module has %q", err, m.KernelNames()))
		case err != nil:
			return s.failed(driver.InvalidPtx, err)
		}
		f := &function{context: c, module: h, kernel: k, carveout: -1}
		f.dynamic = max(0, defaultShared-int32(k.Attributes().SharedBytes))
		if *out = s.add(f); *out == 0 {
			return driver.OutOfMemory
		}
		m.functions[symbol] = *out
		return driver.Success
	})
}

//export simModuleGetGlobal
func simModuleGetGlobal(ptr, size *uint64, h uintptr, name unsafe.Pointer) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		m, ok := s.handles[h].(*module)
		if !ok || m.context != c {
			return driver.InvalidHandle
		}
		p, n, err := m.Global(imageAt(name))
		if err != nil {
			return s.failed(driver.NotFound, err)
		}
		if ptr != nil {
			*ptr = p
		}
		if size != nil {
			*size = n
		}
		return driver.Success
	})
}
