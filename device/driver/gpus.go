//go:build cuda && cgo

package driver

// #include <cuda.h>
import "C"
import (
	"fmt"
	"unsafe"
)

// version is CUDA's version that the driver knows: 12040 is 12.4.
func version() int {
	var v C.int
	C.cuDriverGetVersion(&v)
	return int(v)
}

// gpus lists the driver's devices. One that it does not describe is no reason to leave out the others.
func gpus() ([]GPU, error) {
	var n C.int
	if err := check("cuDeviceGetCount", C.cuDeviceGetCount(&n)); err != nil {
		return nil, err
	}
	list := make([]GPU, n)
	for i := range list {
		g := &list[i]
		g.Ordinal = i
		if err := describe(g); err != nil {
			g.Problem = err.Error()
		}
	}
	return list, nil
}

func describe(g *GPU) error {
	var d C.CUdevice
	if err := check("cuDeviceGet", C.cuDeviceGet(&d, C.int(g.Ordinal))); err != nil {
		return err
	}
	var name [256]C.char
	if err := check("cuDeviceGetName", C.cuDeviceGetName(&name[0], C.int(len(name)), d)); err != nil {
		return err
	}
	g.Name = C.GoString(&name[0])
	var total C.size_t
	if err := check("cuDeviceTotalMem", C.cuDeviceTotalMem(&total, d)); err != nil {
		return err
	}
	g.Memory = uint64(total)
	g.UUID = uuid(d, g.IsSlice())
	var kHz int
	for _, a := range []struct {
		attribute C.CUdevice_attribute
		value     *int
	}{
		{C.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, &g.Major},
		{C.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, &g.Minor},
		{C.CU_DEVICE_ATTRIBUTE_MULTIPROCESSOR_COUNT, &g.SMs},
		{C.CU_DEVICE_ATTRIBUTE_CLOCK_RATE, &kHz},
		{C.CU_DEVICE_ATTRIBUTE_MAX_SHARED_MEMORY_PER_BLOCK_OPTIN, &g.SharedMemory},
	} {
		var v C.int
		if C.cuDeviceGetAttribute(&v, a.attribute, d) == C.CUDA_SUCCESS { // a driver of another age may lack one
			*a.value = int(v)
		}
	}
	if IsClock(kHz) {
		g.ClockMHz = kHz / 1000
	}
	return nil
}

// uuid is how nvidia-smi and CUDA_VISIBLE_DEVICES name a device; empty if the driver does not tell.
func uuid(d C.CUdevice, isSlice bool) string {
	var id C.CUuuid
	kind := "GPU"
	if isSlice {
		kind = "MIG"
	}
	if C.cuDeviceGetUuid_v2(&id, d) != C.CUDA_SUCCESS && (isSlice || C.cuDeviceGetUuid(&id, d) != C.CUDA_SUCCESS) {
		return ""
	}
	b := C.GoBytes(unsafe.Pointer(&id), C.int(unsafe.Sizeof(id)))
	return fmt.Sprintf("%s-%x-%x-%x-%x-%x", kind, b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}
