//go:build cuda && cgo

package driver

/*
#include <cuda.h>
#include <stdbool.h>

// What needs memory that holds addresses is done here, since Go's must not.
static CUresult launch(CUfunction f, CUlaunchConfig c, char *values, const size_t *offsets, int n, const unsigned *cluster,
	bool cooperative, bool overlap, int priority) {
	void *params[n + 1];
	for (int i = 0; i < n; i++) params[i] = values + offsets[i];
	CUlaunchAttribute attributes[4] = {{0}}, *next = attributes;
	if (cluster[0] | cluster[1] | cluster[2]) {
		next->value.clusterDim.x = cluster[0];
		next->value.clusterDim.y = cluster[1];
		next->value.clusterDim.z = cluster[2];
		next++->id = CU_LAUNCH_ATTRIBUTE_CLUSTER_DIMENSION;
	}
	if (cooperative) {
		next->value.cooperative = 1;
		next++->id = CU_LAUNCH_ATTRIBUTE_COOPERATIVE;
	}
	if (overlap) {
		next->value.programmaticStreamSerializationAllowed = 1;
		next++->id = CU_LAUNCH_ATTRIBUTE_PROGRAMMATIC_STREAM_SERIALIZATION;
	}
	if (priority) {
		next->value.priority = priority;
		next++->id = CU_LAUNCH_ATTRIBUTE_PRIORITY;
	}
	if (next == attributes) // drivers before CUDA 11.8 know only this
		return cuLaunchKernel(f, c.gridDimX, c.gridDimY, c.gridDimZ, c.blockDimX, c.blockDimY, c.blockDimZ, c.sharedMemBytes, c.hStream, params, NULL);
	c.attrs = attributes;
	c.numAttrs = next - attributes;
	return cuLaunchKernelEx(&c, f, params, NULL);
}

static CUresult load_module(CUmodule *m, const void *image, char *log, size_t size) {
	CUjit_option options[] = {CU_JIT_ERROR_LOG_BUFFER, CU_JIT_ERROR_LOG_BUFFER_SIZE_BYTES};
	void *values[] = {log, (void *)size};
	return cuModuleLoadDataEx(m, image, 2, options, values);
}
*/
import "C"
import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"unsafe"

	"gorgonia.org/cu"
)

// check names the call that failed.
func check(call string, r C.CUresult) error {
	if r == C.CUDA_SUCCESS {
		return nil
	}
	err := fmt.Errorf("driver: %s: %w", call, Result(r))
	if d := Detail(); d != "" {
		err = fmt.Errorf("%w: %s", err, d)
	}
	return err
}

// Explain adds to an error of cu, which is a bare word like OutOfMemory, the code's name and number, the driver's sentence and
// [Detail]. It leaves other errors, and those that have all this, alone.
func Explain(err error) error {
	r, ok := ResultOf(err)
	if !ok || errors.As(err, new(Result)) {
		return err
	}
	if d := Detail(); d != "" {
		return fmt.Errorf("%w: %w: %s", err, r, d)
	}
	return fmt.Errorf("%w: %w", err, r)
}

// ResultOf finds the driver's code in an error from this package or from cu; false if there is none.
func ResultOf(err error) (Result, bool) {
	var r Result
	if errors.As(err, &r) {
		return r, true
	}
	theirs := reflect.New(reflect.TypeOf(cu.OutOfMemory)) // cu does not export the type
	if errors.As(err, theirs.Interface()) {
		return Result(theirs.Elem().Int()), true
	}
	return 0, false
}

// driverName is the name that the driver has for a code; empty if it knows none.
func driverName(r Result) string {
	var s *C.char
	if C.cuGetErrorName(C.CUresult(r), &s) != C.CUDA_SUCCESS || s == nil {
		return ""
	}
	return C.GoString(s)
}

func resultText(r Result) string {
	var s *C.char
	if C.cuGetErrorString(C.CUresult(r), &s) != C.CUDA_SUCCESS || s == nil {
		return ""
	}
	return C.GoString(s)
}

func streamOf(s cu.Stream) C.CUstream { return C.CUstream(unsafe.Pointer(s.C())) }

// cu.Function keeps its handle to itself: it is a structure of that one field.
func functionOf(f cu.Function) C.CUfunction { return *(*C.CUfunction)(unsafe.Pointer(&f)) }

// AllocPinned gives n bytes of page-locked host memory: copies between it and a device run beside the host, at the bus's full
// speed. It is outside Go's heap; [FreePinned] gives it back. n must be positive.
func AllocPinned(n int) ([]byte, error) {
	if n <= 0 {
		return nil, fmt.Errorf("driver: pinned memory of %d bytes: the size must be positive", n)
	}
	var p unsafe.Pointer
	if err := check("cuMemAllocHost", C.cuMemAllocHost(&p, C.size_t(n))); err != nil {
		return nil, fmt.Errorf("%w (%d bytes)", err, n)
	}
	return unsafe.Slice((*byte)(p), n), nil
}

// FreePinned gives back what [AllocPinned] gave: the slice must begin where that one began.
func FreePinned(b []byte) error {
	return check("cuMemFreeHost", C.cuMemFreeHost(unsafe.Pointer(unsafe.SliceData(b))))
}

// FunctionAttribute reads a property of a kernel.
func FunctionAttribute(f cu.Function, a Attribute) (int, error) {
	var v C.int
	err := check("cuFuncGetAttribute", C.cuFuncGetAttribute(&v, C.CUfunction_attribute(a), functionOf(f)))
	return int(v), err
}

// SetFunctionAttribute sets one. A kernel with more than 48 KiB of shared memory needs MaxDynamicSharedMemory set.
func SetFunctionAttribute(f cu.Function, a Attribute, value int) error {
	return check("cuFuncSetAttribute", C.cuFuncSetAttribute(functionOf(f), C.CUfunction_attribute(a), C.int(value)))
}

// LoadModule loads a cubin or PTX into the current context. cu's LoadData stops at the image's first zero byte, so that it takes
// PTX only, and keeps the compiler's messages from the caller; the error of LoadModule has them.
func LoadModule(image []byte) (cu.Module, error) {
	image = append(slices.Clip(image), 0) // PTX ends in a zero byte, and a cubin does not mind one
	log := make([]byte, 8<<10)
	var m cu.Module
	r := C.load_module((*C.CUmodule)(unsafe.Pointer(&m)), unsafe.Pointer(&image[0]), (*C.char)(unsafe.Pointer(&log[0])), C.size_t(len(log)))
	err := check("cuModuleLoadDataEx", r)
	if text, _, _ := bytes.Cut(log, []byte{0}); err != nil && len(text) > 0 {
		err = fmt.Errorf("%w\n%s", err, bytes.TrimSpace(text))
	}
	return m, err
}

// Function finds a kernel of a module and has the driver load it. One that loads lazily would do so at the first launch, which a
// capture refuses.
func Function(m cu.Module, name string) (cu.Function, error) {
	f, err := m.Function(name)
	if err != nil {
		return f, fmt.Errorf("%s: %w", name, err)
	}
	_, err = FunctionAttribute(f, MaxThreadsPerBlock)
	return f, err
}

// LaunchKernel queues a launch on the stream.
func LaunchKernel(f cu.Function, l Launch, s cu.Stream) error {
	values, offsets, err := encode(l.Params)
	if err != nil {
		return err
	}
	config := C.CUlaunchConfig{
		gridDimX: C.uint(l.Grid[0]), gridDimY: C.uint(l.Grid[1]), gridDimZ: C.uint(l.Grid[2]),
		blockDimX: C.uint(l.Block[0]), blockDimY: C.uint(l.Block[1]), blockDimZ: C.uint(l.Block[2]),
		sharedMemBytes: C.uint(l.SharedMemory), hStream: streamOf(s),
	}
	return check("launch", C.launch(functionOf(f), config, (*C.char)(unsafe.Pointer(&values[0])), (*C.size_t)(unsafe.Pointer(unsafe.SliceData(offsets))),
		C.int(len(offsets)), (*C.uint)(unsafe.Pointer(&l.Cluster[0])), C.bool(l.Cooperative), C.bool(l.Overlap), C.int(l.Priority)))
}
