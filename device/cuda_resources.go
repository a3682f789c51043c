//go:build cuda && cgo

package device

import (
	"fmt"
	"regexp"
	"strconv"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/kernels"
)

// KernelResources is what a kernel takes on GPUs of an architecture, as the assembler reports it.
type KernelResources struct {
	Kernel    string
	Registers int // of each thread
	Stack     int // bytes of each thread's stack
	Spills    int // bytes of registers that did not fit, written to memory by each thread
}

var resourceReport = regexp.MustCompile(`Compiling entry function '(\w+)'[^\n]*\n(?:[^\n]*Function properties[^\n]*\n)?[^\n]*?(\d+) bytes stack frame, (\d+) bytes spill stores[^\n]*\n[^\n]*Used (\d+) registers`)

// Resources compiles what an op list runs for an architecture such as "sm_90", with no GPU, and reports what each kernel takes. Equal
// kernels are listed once.
func Resources(ops []kernels.Op, o CompileOptions, arch string) ([]KernelResources, error) {
	library, err := nvrtc.Open()
	if err != nil {
		return nil, fmt.Errorf("device: %w", err)
	}
	s, err := newCUDASchedule(ops, o, capabilityOf(arch))
	if err != nil {
		return nil, fmt.Errorf("device: %s: %w", arch, err)
	}
	sources, err := sourcesOf(s.launches, arch)
	if err != nil {
		return nil, fmt.Errorf("device: %w", err)
	}
	var list []KernelResources
	for _, p := range sources {
		source := nvrtc.Source{Name: p.name, Text: p.text, Headers: p.headers}
		code, err := library.Compile(source, append(p.options, "-Xptxas=-v")...)
		if err != nil {
			return nil, fmt.Errorf("device: %w", err)
		}
		reports := resourceReport.FindAllStringSubmatch(code.Log, -1)
		if len(reports) == 0 {
			return nil, fmt.Errorf("device: NVRTC %s reports no registers for %s:\n%s", versionOf(library), p.name, code.Log)
		}
		for _, r := range reports {
			k := KernelResources{Kernel: r[1]}
			k.Stack, _ = strconv.Atoi(r[2]) // digits by the pattern
			k.Spills, _ = strconv.Atoi(r[3])
			k.Registers, _ = strconv.Atoi(r[4])
			list = append(list, k)
		}
	}
	return list, nil
}
