// Package driver reaches the CUDA driver without a CUDA toolkit: libcuda is opened when it is first used, never linked, so
// that a program built with the `cuda` tag starts on a machine that has no driver and can say what is missing.
//
// gorgonia.org/cu calls the driver's C functions by name. This package defines each of these names as a trampoline that jumps
// through a table, which the first call fills from libcuda, and [Install] from elsewhere: the simulated GPU puts its own
// functions there. Every program that imports cu must therefore import this package. cu compiles against include/cuda.h,
// this project's own; the Makefile passes the folder as CGO_CFLAGS.
//
// Beside the loader there are the calls that cu lacks (pinned memory, function attributes, launches with attributes, capture
// and graphs), and [Probe], which describes what was found and how to mend what was not.
//
// CNN_GPU_LIBCUDA names another libcuda than the one that the system's loader finds.
package driver

import (
	"errors"
	"fmt"
	"strings"
	"unsafe"
)

//go:generate go run gen.go

// ErrNoDriver is the part of an error of [Open] that says that libcuda was not found or is none.
var ErrNoDriver = errors.New("no CUDA driver")

// Result is an error code of the driver, CUresult in the CUDA driver API. cu's own error type holds the same numbers but
// hides them; [ResultOf] recovers them.
type Result int

// Name is the code's name in the CUDA driver API, like CUDA_ERROR_OUT_OF_MEMORY.
func (r Result) Name() string {
	if name, ok := resultNames[r]; ok {
		return name
	}
	if name := driverName(r); name != "" { // a driver that is newer than cuda.h
		return name
	}
	return fmt.Sprintf("CUDA error %d", int(r))
}

// Known says whether cuda.h has the code.
func (r Result) Known() bool { return resultNames[r] != "" }

// Error gives the code's name and number, and the driver's sentence for it where a driver is there.
func (r Result) Error() string {
	s := fmt.Sprintf("%s (%d)", r.Name(), int(r))
	if text := resultText(r); text != "" {
		s += ": " + text
	}
	return s
}

// Implementation is a driver other than libcuda.
type Implementation struct {
	Name      string
	Functions map[string]unsafe.Pointer // C functions by the names that libcuda exports, like cuMemAlloc_v2
	Detail    func() string             // see [Detail]
}

// GPU is one device of the driver.
type GPU struct {
	Ordinal      int    `json:"ordinal"`
	Name         string `json:"name"`
	UUID         string `json:"uuid,omitempty"` // as nvidia-smi -L shows it: GPU-... or, of a slice, MIG-...
	Memory       uint64 `json:"memory_bytes"`
	Major        int    `json:"compute_major"` // compute capability
	Minor        int    `json:"compute_minor"`
	SMs          int    `json:"multiprocessors"`
	ClockMHz     int    `json:"clock_mhz,omitempty"` // 0 where the driver tells none that can be
	SharedMemory int    `json:"shared_memory_bytes"` // the most that one block can have
	Problem      string `json:"problem,omitempty"`   // why the driver does not describe it
}

// IsSlice says whether it is a part of a card that was divided (MIG). Its name tells, and all other figures are the slice's own.
func (g GPU) IsSlice() bool { return IsSlice(g.Name) }

// IsSlice says whether a GPU's name is that of a MIG slice, such as "NVIDIA H200 MIG 1g.18gb".
func IsSlice(name string) bool { return strings.Contains(name, " MIG ") }

// Attribute is a property of a kernel, CUfunction_attribute.
type Attribute int

const (
	MaxThreadsPerBlock     Attribute = 0
	StaticSharedMemory     Attribute = 1 // bytes
	ConstantMemory         Attribute = 2 // bytes
	LocalMemory            Attribute = 3 // bytes for each thread: spilled registers and local arrays
	Registers              Attribute = 4 // for each thread
	PTXVersion             Attribute = 5 // 80 is sm_80
	BinaryVersion          Attribute = 6
	MaxDynamicSharedMemory Attribute = 8 // bytes; settable
	SharedMemoryCarveout   Attribute = 9 // percent of the SM's unified cache; settable
)

// Launch is one kernel launch with what cu's cannot say.
type Launch struct {
	Grid, Block  [3]uint32
	SharedMemory uint32 // dynamic, in bytes
	Params       []any  // in the kernel's order: cu.DevicePtr, int32, uint32, int64, uint64, float32, float64; []byte for a structure

	Cluster     [3]uint32 // blocks in a cluster; zero for none. Compute capability 9.0 and later
	Cooperative bool      // all blocks resident at once, so that they may wait for each other
	Overlap     bool      // may begin before the previous kernel of the stream ended: programmatic dependent launch
	Priority    int       // of the stream's blocks against others'; 0 is the default
}
