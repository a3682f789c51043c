// Package inspect runs one kernel of a CUDA C++ or PTX file in the simulated GPU, with numbers and files as arguments, and tells
// what the checks found and what the counters counted: what compute-sanitizer and a profiler are on a machine with a GPU.
package inspect

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"sync"

	"github.com/google/renameio/v2"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim"
)

// Request says what to run.
type Request struct {
	File        string // ending in .ptx: PTX, else CUDA C++
	Kernel      string // as in the source, or the linker's name of a kernel that is not extern "C"
	Grid, Block [3]uint32
	SharedBytes uint32   // dynamic shared memory
	Args        []string // see ArgumentHelp
	Compiler    []string // more options for NVRTC: -DTILE=32, -Iinclude
	Chip        sim.Chip
	Options     sim.Options
}

// Result is what a run showed.
type Result struct {
	File        string         `json:"file"`
	Kernel      string         `json:"kernel"`
	Chip        string         `json:"chip"`
	Grid        [3]uint32      `json:"grid"`
	Block       [3]uint32      `json:"block"`
	SharedBytes uint32         `json:"shared_bytes"` // dynamic
	Attributes  sim.Attributes `json:"attributes"`
	Findings    []*sim.Report  `json:"findings"` // errors, then advice
	Fatal       bool           `json:"fatal"`    // a finding ended the launch
	Printed     string         `json:"printed"`  // by the kernel's printf
	Outputs     []Output       `json:"outputs"`
	Counters    *sim.Counters  `json:"counters"`
}

// Output is device memory after the run.
type Output struct {
	Argument string   `json:"argument"`
	Bytes    uint64   `json:"bytes"`
	File     string   `json:"file"`  // that it was written to, or empty
	First    []string `json:"first"` // the first numbers, where the argument has a type
	more     bool     // than those
}

// Count gives the findings of a severity.
func (r *Result) Count(s sim.Severity) int {
	n := 0
	for _, f := range r.Findings {
		if f.Severity == s {
			n++
		}
	}
	return n
}

// shown is the count of numbers of an output that are told.
const shown = 8

// Run compiles the file, runs the kernel and writes the output files. Findings of the checks are in the result; the error is for
// what kept the kernel from running. With findings no file is written.
func Run(r Request) (*Result, error) {
	arguments := make([]argument, len(r.Args))
	for i, text := range r.Args {
		var err error
		if arguments[i], err = parseArgument(text); err != nil {
			return nil, err
		}
	}
	text, err := r.ptx()
	if err != nil {
		return nil, err
	}
	var printed transcript
	r.Options.Print = printed.add
	device := sim.NewDevice(r.Chip, r.Options)
	module, err := device.Load(text)
	if err != nil {
		return nil, fmt.Errorf("inspect: %s: %w", r.File, err)
	}
	name, err := findKernel(module.KernelNames(), r.Kernel)
	if err != nil {
		return nil, fmt.Errorf("inspect: %s: %w", r.File, err)
	}
	kernel, err := module.Kernel(name)
	if err != nil {
		return nil, fmt.Errorf("inspect: %s: %w", r.File, err)
	}
	params, addresses, err := place(device, kernel, arguments)
	if err != nil {
		return nil, err
	}
	result := &Result{File: r.File, Kernel: name, Chip: r.Chip.Name, Grid: r.Grid, Block: r.Block, SharedBytes: r.SharedBytes,
		Attributes: kernel.Attributes()}
	result.Counters, err = device.Launch(kernel, r.Grid, r.Block, r.SharedBytes, params)
	result.Printed = printed.text.String()
	var findings *sim.Findings
	switch {
	case errors.As(err, &findings):
		result.Findings, result.Fatal = findings.Reports, findings.Fatal
	case err != nil:
		return nil, fmt.Errorf("inspect: %w", err)
	}
	result.Findings = append(result.Findings, result.Counters.Advice...)
	if findings != nil {
		return result, nil
	}
	for i, a := range arguments {
		if a.value != nil {
			continue
		}
		output, err := collect(device, addresses[i], a)
		if err != nil {
			return nil, err
		}
		result.Outputs = append(result.Outputs, output)
	}
	return result, nil
}

// maxPrinted is the size of the buffer that a GPU has for printf.
const maxPrinted = 1 << 20

// transcript collects what the threads print, up to maxPrinted bytes.
type transcript struct {
	mu   sync.Mutex
	text strings.Builder
}

func (p *transcript) add(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.text.Len()+len(text) <= maxPrinted {
		p.text.WriteString(text)
	}
}

// ptx reads the file and compiles it, unless it is PTX.
func (r Request) ptx() ([]byte, error) {
	source, err := readFile(r.File)
	if err != nil {
		return nil, err
	}
	if filepath.Ext(r.File) == ".ptx" {
		return source, nil
	}
	library, err := nvrtc.Open()
	if err != nil {
		return nil, fmt.Errorf("inspect: %s has to be compiled (a .ptx file would not): %w", r.File, err)
	}
	options := append([]string{
		fmt.Sprintf("--gpu-architecture=compute_%d%d", r.Chip.Major, r.Chip.Minor), "-lineinfo", "-I" + filepath.Dir(r.File),
	}, r.Compiler...)
	code, err := library.Compile(nvrtc.Source{Name: filepath.Base(r.File), Text: string(source)}, options...)
	if err != nil {
		return nil, fmt.Errorf("inspect: %w", err)
	}
	return code.Image, nil
}

// findKernel finds a kernel by its linker name, or by the name in the source where that is enough.
func findKernel(names []string, wanted string) (string, error) {
	var found []string
	for _, name := range names {
		if name == wanted || wanted == "" && len(names) == 1 {
			return name, nil
		}
		if strings.HasPrefix(name, fmt.Sprintf("_Z%d%s", len(wanted), wanted)) {
			found = append(found, name)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", fmt.Errorf("several kernels are called %s; name one of %s", wanted, strings.Join(found, ", "))
	case len(names) == 0:
		return "", errors.New("there is no kernel (__global__ function) in it; a template has to be instantiated")
	case wanted == "":
		return "", fmt.Errorf("name one of its kernels: %s", strings.Join(names, ", "))
	}
	return "", fmt.Errorf("no kernel %q; its kernels are %s", wanted, strings.Join(names, ", "))
}

// place brings the arguments to the device and lays out the kernel's parameters.
func place(device *sim.Device, kernel *sim.Kernel, arguments []argument) (params []byte, addresses []uint64, err error) {
	wanted := kernel.Params()
	if len(wanted) != len(arguments) {
		return nil, nil, fmt.Errorf("inspect: kernel %s takes %d arguments (of %s bytes), %d were given", kernel.Name(), len(wanted), sizes(wanted), len(arguments))
	}
	addresses = make([]uint64, len(arguments))
	for i, a := range arguments {
		value := a.value
		if value == nil {
			if addresses[i], err = upload(device, a); err != nil {
				return nil, nil, fmt.Errorf("inspect: argument %q: %w", a.text, err)
			}
			value = appendBytes(nil, addresses[i], 8)
		}
		if uint64(len(value)) != wanted[i].Size {
			return nil, nil, fmt.Errorf("inspect: argument %d, %q, has %d bytes, the parameter of kernel %s has %d", i+1, a.text, len(value), kernel.Name(), wanted[i].Size)
		}
		params = append(params, make([]byte, wanted[i].Offset-uint64(len(params)))...)
		params = append(params, value...)
	}
	return params, addresses, nil
}

func sizes(params []sim.Param) string {
	var list []string
	for _, p := range params {
		list = append(list, fmt.Sprint(p.Size))
	}
	return strings.Join(list, ", ")
}

func upload(device *sim.Device, a argument) (uint64, error) {
	address, err := device.Alloc(a.bytes)
	if err != nil || a.content == nil {
		return address, err
	}
	return address, device.Write(address, a.content)
}

// collect reads memory back and writes the file that it is for.
func collect(device *sim.Device, address uint64, a argument) (Output, error) {
	o := Output{Argument: a.text, Bytes: a.bytes, File: a.save}
	content := make([]byte, a.bytes)
	if err := device.Read(address, content); err != nil {
		return o, fmt.Errorf("inspect: argument %q: %w", a.text, err)
	}
	if size := a.element.bytes; size > 0 {
		for i := 0; i+size <= len(content) && i < shown*size; i += size {
			o.First = append(o.First, a.element.get(content[i:]))
		}
		o.more = len(content) > shown*size
	}
	if a.save == "" {
		return o, nil
	}
	if err := renameio.WriteFile(a.save, content, 0o644); err != nil {
		return o, fmt.Errorf("inspect: writing %s (%d bytes): %w", a.save, len(content), err)
	}
	return o, nil
}
