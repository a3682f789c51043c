//go:build cuda && cgo

package driverapi

// #cgo CFLAGS: -I${SRCDIR}/../../driver/include
// #include <cuda.h>
import "C"

import (
	"fmt"
	"unsafe"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
)

// cudaVersion is what the driver says that it knows: the newest major version, so that every NVRTC is welcome.
const cudaVersion = 13000

// deviceAttributes gives the attributes of a chip. What images and textures need is not there.
func deviceAttributes(c sim.Chip, ordinal int) map[int32]int {
	return map[int32]int{
		C.CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_BLOCK:                   1024,
		C.CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_X:                         1024,
		C.CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Y:                         1024,
		C.CU_DEVICE_ATTRIBUTE_MAX_BLOCK_DIM_Z:                         64,
		C.CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_X:                          1<<31 - 1,
		C.CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Y:                          65535,
		C.CU_DEVICE_ATTRIBUTE_MAX_GRID_DIM_Z:                          65535,
		C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK:             defaultShared,
		C.CU_DEVICE_ATTRIBUTE_TOTAL_CONSTANT_MEMORY:                   64 << 10,
		C.CU_DEVICE_ATTRIBUTE_WARP_SIZE:                               32,
		C.CU_DEVICE_ATTRIBUTE_MAX_PITCH:                               1<<31 - 1,
		C.CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_BLOCK:                 c.RegistersPerSM,
		C.CU_DEVICE_ATTRIBUTE_CLOCK_RATE:                              c.ClockMHz * 1000,
		C.CU_DEVICE_ATTRIBUTE_TEXTURE_ALIGNMENT:                       512,
		C.CU_DEVICE_ATTRIBUTE_GPU_OVERLAP:                             1,
		C.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT:                    c.SMs,
		C.CU_DEVICE_ATTRIBUTE_KERNEL_EXEC_TIMEOUT:                     0,
		C.CU_DEVICE_ATTRIBUTE_INTEGRATED:                              0,
		C.CU_DEVICE_ATTRIBUTE_CAN_MAP_HOST_MEMORY:                     0,
		C.CU_DEVICE_ATTRIBUTE_COMPUTE_MODE:                            0,
		C.CU_DEVICE_ATTRIBUTE_CONCURRENT_KERNELS:                      0,
		C.CU_DEVICE_ATTRIBUTE_ECC_ENABLED:                             0,
		C.CU_DEVICE_ATTRIBUTE_PCI_BUS_ID:                              ordinal + 1,
		C.CU_DEVICE_ATTRIBUTE_PCI_DEVICE_ID:                           0,
		C.CU_DEVICE_ATTRIBUTE_TCC_DRIVER:                              0,
		C.CU_DEVICE_ATTRIBUTE_MEMORY_CLOCK_RATE:                       c.MemoryMHz * 1000,
		C.CU_DEVICE_ATTRIBUTE_GLOBAL_MEMORY_BUS_WIDTH:                 c.BusBits,
		C.CU_DEVICE_ATTRIBUTE_L2_CACHE_SIZE:                           int(c.L2Bytes),
		C.CU_DEVICE_ATTRIBUTE_MAX_THREADS_PER_MULTIPROCESSOR:          32 * c.WarpsPerSM,
		C.CU_DEVICE_ATTRIBUTE_ASYNC_ENGINE_COUNT:                      2,
		C.CU_DEVICE_ATTRIBUTE_UNIFIED_ADDRESSING:                      1,
		C.CU_DEVICE_ATTRIBUTE_PCI_DOMAIN_ID:                           0,
		C.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR:                c.Major,
		C.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR:                c.Minor,
		C.CU_DEVICE_ATTRIBUTE_STREAM_PRIORITIES_SUPPORTED:             1,
		C.CU_DEVICE_ATTRIBUTE_GLOBAL_L1_CACHE_SUPPORTED:               1,
		C.CU_DEVICE_ATTRIBUTE_LOCAL_L1_CACHE_SUPPORTED:                1,
		C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_MULTIPROCESSOR:    int(c.SharedPerSM),
		C.CU_DEVICE_ATTRIBUTE_MAX_REGISTERS_PER_MULTIPROCESSOR:        c.RegistersPerSM,
		C.CU_DEVICE_ATTRIBUTE_MANAGED_MEMORY:                          0,
		C.CU_DEVICE_ATTRIBUTE_MULTI_GPU_BOARD:                         0,
		C.CU_DEVICE_ATTRIBUTE_MULTI_GPU_BOARD_GROUP_ID:                ordinal,
		C.CU_DEVICE_ATTRIBUTE_HOST_NATIVE_ATOMIC_SUPPORTED:            0,
		C.CU_DEVICE_ATTRIBUTE_SINGLE_TO_DOUBLE_PRECISION_PERF_RATIO:   int(c.Float32 / c.Float64),
		C.CU_DEVICE_ATTRIBUTE_PAGEABLE_MEMORY_ACCESS:                  0,
		C.CU_DEVICE_ATTRIBUTE_CONCURRENT_MANAGED_ACCESS:               0,
		C.CU_DEVICE_ATTRIBUTE_COMPUTE_PREEMPTION_SUPPORTED:            1,
		C.CU_DEVICE_ATTRIBUTE_CAN_USE_HOST_POINTER_FOR_REGISTERED_MEM: 0,
		C.CU_DEVICE_ATTRIBUTE_COOPERATIVE_LAUNCH:                      1,
		C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN:       int(c.SharedPerBlockOptin),
		C.CU_DEVICE_ATTRIBUTE_MAX_BLOCKS_PER_MULTIPROCESSOR:           c.BlocksPerSM,
		C.CU_DEVICE_ATTRIBUTE_MAX_PERSISTING_L2_CACHE_SIZE:            0,
		C.CU_DEVICE_ATTRIBUTE_RESERVED_SHARED_MEMORY_PER_BLOCK:        int(c.SharedReserved),
		C.CU_DEVICE_ATTRIBUTE_MEMORY_POOLS_SUPPORTED:                  0,
		C.CU_DEVICE_ATTRIBUTE_CLUSTER_LAUNCH:                          0,
	}
}

//export simDriverGetVersion
func simDriverGetVersion(out *int32) int32 {
	*out = int32(machine.Load().config.CUDA)
	return int32(driver.Success)
}

//export simDeviceGetCount
func simDeviceGetCount(out *int32) int32 {
	return call(func(s *system) driver.Result {
		*out = int32(len(s.devices))
		return driver.Success
	})
}

//export simDeviceGet
func simDeviceGet(out *int32, ordinal int32) int32 {
	return call(func(s *system) driver.Result {
		_, r := s.device(ordinal)
		*out = ordinal
		return r
	})
}

//export simDeviceGetName
func simDeviceGetName(out unsafe.Pointer, n, dev int32) int32 {
	return call(func(s *system) driver.Result {
		d, r := s.device(dev)
		if r != driver.Success {
			return r
		}
		if n <= 0 {
			return driver.InvalidValue
		}
		if d.Silent {
			return driver.DeviceUnavailable
		}
		b := hostBytes(out, uint64(n))
		b[copy(b[:n-1], d.Chip().Product+" (simulated)")] = 0
		return driver.Success
	})
}

//export simDeviceTotalMem
func simDeviceTotalMem(out *uint64, dev int32) int32 {
	return call(func(s *system) driver.Result {
		d, r := s.device(dev)
		if r == driver.Success {
			*out = d.Chip().MemoryBytes
		}
		return r
	})
}

//export simDeviceGetUuid
func simDeviceGetUuid(out unsafe.Pointer, dev int32) int32 {
	return call(func(s *system) driver.Result {
		_, r := s.device(dev)
		if r == driver.Success {
			copy(hostBytes(out, 16), fmt.Sprintf("simulated GPU %02d", dev))
		}
		return r
	})
}

// A slice has a name of its own, where simDeviceGetUuid gives its card's.
//
//export simDeviceGetUuidOfSlice
func simDeviceGetUuidOfSlice(out unsafe.Pointer, dev int32) int32 {
	return call(func(s *system) driver.Result {
		d, r := s.device(dev)
		switch {
		case r != driver.Success:
		case driver.IsSlice(d.Chip().Product):
			copy(hostBytes(out, 16), fmt.Sprintf("simulated MIG %02d", dev))
		default:
			copy(hostBytes(out, 16), fmt.Sprintf("simulated GPU %02d", dev))
		}
		return r
	})
}

//export simDeviceGetAttribute
func simDeviceGetAttribute(out *int32, attribute, dev int32) int32 {
	return call(func(s *system) driver.Result {
		d, r := s.device(dev)
		if r != driver.Success {
			return r
		}
		v, ok := d.Attributes[attribute]
		if !ok {
			if v, ok = deviceAttributes(d.Chip(), d.ordinal)[attribute]; !ok {
				return driver.InvalidValue
			}
		}
		*out = int32(v)
		return driver.Success
	})
}

// No simulated device reaches another one's memory.
//
//export simDeviceCanAccessPeer
func simDeviceCanAccessPeer(out *int32, dev, peer int32) int32 {
	return call(func(s *system) driver.Result {
		*out = 0
		if _, r := s.device(dev); r != driver.Success {
			return r
		}
		_, r := s.device(peer)
		return r
	})
}

//export simCtxEnablePeerAccess
func simCtxEnablePeerAccess(uintptr, uint32) int32 {
	return inContext(func(*system, *context) driver.Result { return driver.PeerAccessUnsupported })
}
