// Package device runs lists of ops: on the CPU here, on CUDA GPUs and on the simulated one in builds with CUDA.
package device

import (
	"errors"
	"fmt"
	"strings"

	"cnn-gpu/kernels"
)

// Device is where ops run. It is used by one goroutine at a time.
type Device interface {
	// Name is how the device is chosen, such as "cpu".
	Name() string
	// String describes the device to a person.
	String() string
	// Compile places the buffers of an op list and prepares it to run many times.
	Compile(ops []kernels.Op) (Program, error)
	// Upload copies a []float32 or []int32 of the buffer's size to the device.
	Upload(dst *kernels.Buffer, src any) error
	// Download copies a kept buffer back, after all that was run before has finished.
	Download(dst any, src *kernels.Buffer) error
	// Close frees everything that the device holds.
	Close() error
}

// Program is a compiled op list.
type Program interface {
	// Run runs the ops in order. It may return before they have finished; Download waits.
	Run() error
	// Plan is where the program's values lie.
	Plan() Plan
}

// Open opens a device by name: "auto", "cpu" or "cuda". Auto is the fastest device that there is.
func Open(name string) (Device, error) {
	switch kind, _, _ := strings.Cut(name, ":"); kind {
	case "auto", "cpu", "":
		return OpenCPU(CPUOptions{})
	case "cuda":
		return nil, errors.New("device: cuda: this build has no CUDA support; use --device cpu")
	default:
		return nil, fmt.Errorf("device: unknown device %q; choose auto, cpu, cuda or cuda:N", name)
	}
}

// checkCopy says what is wrong with copying between a host slice and a buffer.
func checkCopy(host any, b *kernels.Buffer) error {
	var t kernels.Type
	var elements int
	switch s := host.(type) {
	case []float32:
		t, elements = kernels.Float32, len(s)
	case []int32:
		t, elements = kernels.Int32, len(s)
	default:
		return fmt.Errorf("device: %s: cannot copy a %T; use []float32 or []int32", b.Name, host)
	}
	if root, _ := b.Root(); !root.Keep {
		return fmt.Errorf("device: %s does not outlive a run; make it a kept buffer", b.Name)
	}
	if t != b.Type || elements != b.Elements() {
		return fmt.Errorf("device: %s is %v%v, the host slice is %v[%d]", b.Name, b.Type, b.Shape, t, elements)
	}
	return nil
}
