//go:build cuda && cgo

package driver

// #include <cuda.h>
import "C"

// version is CUDA's version that the driver knows: 12040 is 12.4.
func version() int {
	var v C.int
	C.cuDriverGetVersion(&v)
	return int(v)
}

// gpus lists the driver's devices.
func gpus() ([]GPU, error) {
	var n C.int
	if err := check("cuDeviceGetCount", C.cuDeviceGetCount(&n)); err != nil {
		return nil, err
	}
	list := make([]GPU, n)
	for i := range list {
		if err := describe(&list[i], i); err != nil {
			return list[:i], err
		}
	}
	return list, nil
}

func describe(g *GPU, ordinal int) error {
	var d C.CUdevice
	if err := check("cuDeviceGet", C.cuDeviceGet(&d, C.int(ordinal))); err != nil {
		return err
	}
	g.Ordinal = ordinal
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
		if err := check("cuDeviceGetAttribute", C.cuDeviceGetAttribute(&v, a.attribute, d)); err != nil {
			return err
		}
		*a.value = int(v)
	}
	g.ClockMHz = kHz / 1000
	return nil
}
