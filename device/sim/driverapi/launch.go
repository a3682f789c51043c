//go:build cuda && cgo

package driverapi

// #include <cuda.h>
import "C"

import (
	"errors"
	"math"
	"slices"
	"unsafe"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
)

// What a kernel may have of shared memory, static and dynamic together, before cuFuncSetAttribute raises it.
const defaultShared = 48 << 10

// faultResults gives the codes of what ends a launch on a real chip; what only the simulator's checks find is a failed launch.
var faultResults = map[sim.Kind]driver.Result{
	sim.OutOfBounds:  driver.IllegalAddress,
	sim.UseAfterFree: driver.IllegalAddress,
	sim.BadAddress:   driver.IllegalAddress,
	sim.Misaligned:   driver.MisalignedAddress,
	sim.EndlessLoop:  driver.LaunchTimeout,
	sim.Assertion:    driver.Assert,
	sim.Unsupported:  driver.IllegalInstruction,
}

// launchFailure gives the code for the error of a launch.
func launchFailure(err error) *failure {
	if err == nil {
		return nil
	}
	f := &failure{driver.LaunchFailed, err.Error()}
	var found *sim.Findings
	if errors.As(err, &found) {
		if r, ok := faultResults[found.Reports[len(found.Reports)-1].Kind]; ok {
			f.result = r
		}
	}
	return f
}

// launch checks a launch as libcuda does, copies its parameters and queues it.
func (s *system) launch(st *stream, h uintptr, grid, block [3]uint32, shared uint32, params, extra *unsafe.Pointer, cluster [3]uint32,
	cooperative bool) driver.Result {
	f, do, r := s.kernel(st.context, h, grid, block, shared, params, extra, cluster, cooperative)
	if r != driver.Success {
		return r
	}
	if r := s.resolve(st, f); r != driver.Success {
		return r
	}
	return s.enqueue(st, kernelWork, do)
}

// kernel checks a launch, and gives its function and what runs it.
func (s *system) kernel(c *context, h uintptr, grid, block [3]uint32, shared uint32, params, extra *unsafe.Pointer, cluster [3]uint32,
	cooperative bool) (*function, action, driver.Result) {
	f, ok := s.handles[h].(*function)
	if !ok || f.context != c {
		s.explain("the function belongs to another context or to a module that was unloaded")
		return nil, nil, driver.InvalidHandle
	}
	d, k := c.device, f.kernel
	name := k.Name()
	switch chip := d.Chip(); {
	case shared > uint32(f.dynamic):
		s.explain("%s: %d bytes of dynamic shared memory: the most are %d, until cuFuncSetAttribute raises them to what %s has, %d", name, shared, f.dynamic,
			chip.Product, chip.SharedPerBlockOptin-k.Attributes().SharedBytes)
		return nil, nil, driver.InvalidValue
	case cluster != [3]uint32{} && cluster != [3]uint32{1, 1, 1}:
		s.explain("%s: the simulated GPU has no clusters", name)
		return nil, nil, driver.NotSupported
	}
	values, r := s.params(k, params, extra)
	if r != driver.Success {
		return nil, nil, r
	}
	if err := d.CheckLaunch(k, grid, block, shared, values); errors.Is(err, sim.ErrResources) {
		return nil, nil, s.failed(driver.LaunchOutOfResources, err)
	} else if err != nil {
		return nil, nil, s.failed(driver.InvalidValue, err)
	}
	if cooperative {
		blocks, most := int64(grid[0])*int64(grid[1])*int64(grid[2]), d.BlocksAtOnce(k, int(block[0]*block[1]*block[2]), shared)
		if blocks > int64(most) {
			s.explain("%s: a cooperative launch of %d blocks: %s holds %d at once", name, blocks, d.Chip().Product, most)
			return nil, nil, driver.CooperativeLaunchTooLarge
		}
	}
	return f, func(n *sim.Node) (chipTime, *failure) {
		counters, err := d.LaunchNode(n, k, grid, block, shared, values)
		if err != nil {
			return chipTime{}, launchFailure(err)
		}
		if s.config.Launched != nil {
			s.config.Launched(Launch{Device: d.ordinal, Kernel: name, Grid: grid, Block: block, Shared: shared, Counters: counters})
		}
		return chipTimeOf(&counters.Estimate, d.Chip().SMs), nil
	}, driver.Success
}

// chipTimeOf is the time of a kernel by its estimate. Its share of the chip is that of the multiprocessors, or of L2 or DRAM if it takes more of
// those.
func chipTimeOf(e *sim.Estimate, multiprocessors int) chipTime {
	seconds := e.Seconds - e.LaunchSeconds
	share := float64(e.SMs) / float64(multiprocessors)
	for _, p := range e.Pipes {
		if p.Name == "L2" || p.Name == "DRAM" {
			share = max(share, min(1, p.Seconds/seconds))
		}
	}
	return chipTime{
		start: e.LaunchSeconds * 1e6, microseconds: seconds * 1e6, share: share,
		last: 1 - 1/max(1, math.Ceil(e.Waves)), prologue: e.Prologue * 1e6,
	}
}

// The markers in the extra parameters: CU_LAUNCH_PARAM_END and what follows it.
const (
	paramEnd, paramBuffer, paramSize = 0, 1, 2
)

// params copies the kernel's parameters, which the caller gave one by one or as a buffer.
func (s *system) params(k *sim.Kernel, params, extra *unsafe.Pointer) ([]byte, driver.Result) {
	declared := k.Params()
	total := uint64(0)
	for _, p := range declared {
		total = max(total, p.Offset+p.Size)
	}
	values := make([]byte, total)
	switch {
	case params != nil:
		for i, p := range unsafe.Slice(params, len(declared)) {
			if p == nil {
				s.explain("%s: parameter %d of %d has no address", k.Name(), i, len(declared))
				return nil, driver.InvalidValue
			}
			copy(values[declared[i].Offset:], hostBytes(p, declared[i].Size))
		}
	case extra != nil:
		var buffer unsafe.Pointer
		size := uint64(0)
		for i := 0; ; i += 2 {
			pair := unsafe.Slice((*unsafe.Pointer)(unsafe.Add(unsafe.Pointer(extra), 8*i)), 2)
			mark := uintptr(pair[0])
			if mark == paramEnd {
				break
			}
			switch mark {
			case paramBuffer:
				buffer = pair[1]
			case paramSize:
				size = *(*uint64)(pair[1])
			default:
				return nil, driver.InvalidValue
			}
		}
		if size != total || buffer == nil {
			s.explain("%s: a buffer of %d bytes for parameters of %d", k.Name(), size, total)
			return nil, driver.InvalidValue
		}
		copy(values, hostBytes(buffer, size))
	case total > 0:
		s.explain("%s: no parameters are given, it has %d", k.Name(), len(declared))
		return nil, driver.InvalidValue
	}
	return values, driver.Success
}

//export simLaunchKernel
func simLaunchKernel(f uintptr, gx, gy, gz, bx, by, bz, shared uint32, on uintptr, params, extra *unsafe.Pointer) int32 {
	return onStream(on, func(s *system, st *stream) driver.Result {
		return s.launch(st, f, [3]uint32{gx, gy, gz}, [3]uint32{bx, by, bz}, shared, params, extra, [3]uint32{}, false)
	})
}

// launchConfig is CUlaunchConfig, and launchAttribute CUlaunchAttribute with its value's first words.
type launchConfig struct {
	grid, block [3]uint32
	shared      uint32
	stream      uintptr
	attributes  *launchAttribute
	n           uint32
}

type launchAttribute struct {
	id    uint32
	_     uint32
	value [16]uint32
}

// plainAttributes change nothing here: ignored ones, overlap with the kernel before, and priority, since kernels run one after the other.
var plainAttributes = []uint32{C.CU_LAUNCH_ATTRIBUTE_IGNORE, C.CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION, C.CU_LAUNCH_ATTRIBUTE_PRIORITY}

//export simLaunchKernelEx
func simLaunchKernelEx(config unsafe.Pointer, f uintptr, params, extra *unsafe.Pointer) int32 {
	l := (*launchConfig)(config)
	return onStream(l.stream, func(s *system, st *stream) driver.Result {
		var cluster [3]uint32
		cooperative := false
		for _, a := range unsafe.Slice(l.attributes, l.n) {
			switch {
			case a.id == C.CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION:
				cluster = [3]uint32(a.value[:3])
			case a.id == C.CU_LAUNCH_ATTRIBUTE_COOPERATIVE:
				cooperative = a.value[0] != 0
			case !slices.Contains(plainAttributes, a.id):
				s.explain("launch attribute %d is not simulated", a.id)
				return driver.NotSupported
			}
		}
		return s.launch(st, f, l.grid, l.block, l.shared, params, extra, cluster, cooperative)
	})
}

//export simFuncGetAttribute
func simFuncGetAttribute(out *int32, attribute int32, h uintptr) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		f, ok := s.handles[h].(*function)
		if !ok {
			return driver.InvalidHandle
		}
		f.loaded = true
		a := f.kernel.Attributes()
		chip := c.device.Chip()
		values := map[int32]int32{
			C.CU_FUNC_ATTRIBUTE_MAX_THREADS_PER_BLOCK:             int32(a.MaxThreads),
			C.CU_FUNC_ATTRIBUTE_SHARED_SIZE_BYTES:                 int32(a.SharedBytes),
			C.CU_FUNC_ATTRIBUTE_CONST_SIZE_BYTES:                  int32(a.ConstBytes),
			C.CU_FUNC_ATTRIBUTE_LOCAL_SIZE_BYTES:                  int32(a.LocalBytes),
			C.CU_FUNC_ATTRIBUTE_NUM_REGS:                          int32(a.Registers),
			C.CU_FUNC_ATTRIBUTE_PTX_VERSION:                       int32(10*a.Major + a.Minor),
			C.CU_FUNC_ATTRIBUTE_BINARY_VERSION:                    int32(10*chip.Major + chip.Minor),
			C.CU_FUNC_ATTRIBUTE_CACHE_MODE_CA:                     0,
			C.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:     f.dynamic,
			C.CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:  f.carveout,
			C.CU_FUNC_ATTRIBUTE_NON_PORTABLE_CLUSTER_SIZE_ALLOWED: 0,
		}
		v, ok := values[attribute]
		if !ok {
			return driver.NotSupported
		}
		*out = v
		return driver.Success
	})
}

//export simFuncSetAttribute
func simFuncSetAttribute(h uintptr, attribute, value int32) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		f, ok := s.handles[h].(*function)
		if !ok {
			return driver.InvalidHandle
		}
		switch attribute {
		case C.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES:
			if most := int32(c.device.Chip().SharedPerBlockOptin - f.kernel.Attributes().SharedBytes); value < 0 || value > most {
				s.explain("%s: %d bytes of dynamic shared memory: %s has %d for it", f.kernel.Name(), value, c.device.Chip().Product, most)
				return driver.InvalidValue
			}
			f.dynamic = value
		case C.CU_FUNC_ATTRIBUTE_PREFERRED_SHARED_MEMORY_CARVEOUT:
			if value < -1 || value > 100 {
				return driver.InvalidValue
			}
			f.carveout = value
		default:
			return driver.InvalidValue
		}
		return driver.Success
	})
}

// Preferences of caches change nothing.
//
//export simFuncSetCacheConfig
func simFuncSetCacheConfig(uintptr, int32) int32 {
	return inContext(func(*system, *context) driver.Result { return driver.Success })
}

//export simOccupancyMaxActiveBlocks
func simOccupancyMaxActiveBlocks(out *int32, h uintptr, threads int32, shared uint64) int32 {
	return inContext(func(s *system, c *context) driver.Result {
		f, ok := s.handles[h].(*function)
		switch {
		case !ok:
			return driver.InvalidHandle
		case out == nil || threads <= 0:
			return driver.InvalidValue
		}
		*out = int32(c.device.Occupancy(f.kernel, int(threads), uint32(shared)).BlocksPerSM)
		return driver.Success
	})
}
