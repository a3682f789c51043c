// Package inspect runs kernels of a CUDA C++ or PTX file in the simulated GPU, with numbers and files as arguments, and tells
// what the checks found and what the counters counted: what compute-sanitizer and a profiler are on a machine with a GPU.
package inspect

import (
	"debug/dwarf"
	"errors"
	"fmt"
	"sync"

	"go.yaml.in/yaml/v3"

	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/inspect/cufile"
)

// Result is what a run showed.
type Result struct {
	Chip     string        `json:"chip"`
	Launches []*Launch     `json:"launches"`
	Findings []*sim.Report `json:"findings"`
	Fatal    bool          `json:"fatal"`   // a finding ended the run
	Printed  string        `json:"printed"` // by the kernels' printf
	Outputs  []Output      `json:"outputs"`
	Compared []Comparison  `json:"compared"` // with what was expected
}

// Launch is a launch of the script, which loops may have run several times.
type Launch struct {
	Kernel      Kernel         `json:"kernel"`
	Grid        [3]uint32      `json:"grid"`
	Block       [3]uint32      `json:"block"`
	SharedBytes uint32         `json:"shared_bytes"` // dynamic
	Attributes  sim.Attributes `json:"attributes"`
	Runs        int            `json:"runs"`
	Counters    *sim.Counters  `json:"counters"` // of the first run
}

// Output is device memory after the run.
type Output struct {
	Name  string   `json:"name"`
	Form  string   `json:"form"` // as it was given
	Bytes uint64   `json:"bytes"`
	File  string   `json:"file"`  // that it was written to, or empty
	First []string `json:"first"` // the first numbers, where the memory has a type
	more  bool     // than those

	Unwritten []sim.Range `json:"unwritten"` // bytes that nobody has written, known with the check of what is uninitialised
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

// Clean says that no error was found and that all is as expected.
func (r *Result) Clean() bool { return r.Count(sim.Error) == 0 && r.Missed() == 0 }

// Missed counts the expectations that were not met.
func (r *Result) Missed() int {
	n := 0
	for _, c := range r.Compared {
		if !c.Met {
			n++
		}
	}
	return n
}

// runner is a script under way.
type runner struct {
	script   *Script
	program  *program
	device   *sim.Device
	buffers  []*buffer
	names    map[string]*buffer     // what names stand for now: swaps change it
	made     map[*yaml.Node]*buffer // of what places in the script make
	launches map[*Step]*Launch
	seen     map[finding]bool
	result   *Result
}

// finding is what makes findings of several launches one: the line of the source, or of the PTX where that is not known.
type finding struct {
	kernel, file string
	kind         sim.Kind
	line         int
}

// program is a file on the device.
type program struct {
	file      string
	module    *sim.Module
	kernels   []Kernel
	templates []string
	broken    []cufile.Broken
	instances map[string]string
	info      *debugInfo
}

// Run runs a script. Findings of the checks and missed expectations are in the result; the error is for what kept it from running.
// Memory is saved to its files whatever was found.
func Run(s *Script) (*Result, error) {
	var printed transcript
	s.Options.Print = printed.add
	r := newRunner(s)
	var err error
	if r.program, err = loadProgram(r.device, s); err != nil {
		return nil, err
	}
	for _, prepare := range []func() error{r.prepareBuffers, r.prepareVariables} {
		if err := prepare(); err != nil {
			return nil, err
		}
	}
	err = r.steps(s.Launches)
	r.result.Printed = string(printed.text)
	if err != nil {
		return nil, err
	}
	if err := r.collect(); err != nil {
		return nil, err
	}
	return r.result, nil
}

func newRunner(s *Script) *runner {
	return &runner{script: s, device: sim.NewDevice(s.Chip, s.Options), names: map[string]*buffer{}, made: map[*yaml.Node]*buffer{},
		launches: map[*Step]*Launch{}, seen: map[finding]bool{}, result: &Result{Chip: s.Chip.Name}}
}

// List lists the kernels of a script's file, its templates of kernels, and its variables.
func List(s *Script) (*Contents, error) {
	r := newRunner(s)
	var err error
	if r.program, err = loadProgram(r.device, s); err != nil {
		return nil, err
	}
	c := &Contents{Kernels: r.program.kernels, Templates: r.program.templates}
	for _, name := range r.program.module.GlobalNames() {
		v, err := r.variable(name)
		if err != nil {
			return nil, err
		}
		if q, ok := v.kind.(*dwarf.QualType); ok && q.Qual == "const" {
			continue // its value is in the code already
		}
		c.Variables = append(c.Variables, Parameter{Name: demangled(name), Type: typeName(v.kind), Bytes: v.size})
	}
	return c, nil
}

// loadProgram compiles a script's file and brings it to the device.
func loadProgram(device *sim.Device, s *Script) (*program, error) {
	c, err := compiled(s.File, kernelsOf(s.Launches), s.Compiler, s.Chip)
	if err != nil {
		return nil, err
	}
	module, err := device.Load(c.PTX)
	if errors.Is(err, sim.ErrPTX) {
		return nil, notUnderstood("%s: %w", s.File, err)
	}
	if err != nil {
		return nil, err
	}
	p := &program{file: s.File, module: module, templates: c.Templates, broken: c.Broken, instances: c.Kernels, info: readDebugInfo(c.Debug)}
	for _, name := range module.KernelNames() {
		params, err := module.Params(name)
		if err != nil {
			return nil, err
		}
		p.kernels = append(p.kernels, newKernel(name, params, p.info))
	}
	return p, nil
}

// steps runs the steps one after the other, until a finding ends the run.
func (r *runner) steps(steps []Step) error {
	for i := range steps {
		step := &steps[i]
		for range max(step.Repeat, 1) {
			var err error
			switch {
			case r.result.Fatal:
				return nil
			case len(step.Swap) > 0:
				err = r.swap(step.Swap[0], step.Swap[1])
			case len(step.Launches) > 0:
				err = r.steps(step.Launches)
			default:
				err = r.launch(step)
			}
			if err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *runner) swap(a, b string) error {
	for _, name := range []string{a, b} {
		if r.names[name] == nil {
			return notUnderstood("swap: no buffer %q; %s", name, r.known())
		}
	}
	r.names[a], r.names[b] = r.names[b], r.names[a]
	return nil
}

func (r *runner) launch(step *Step) error {
	k, err := r.program.findKernel(step.Kernel)
	if err != nil {
		return err
	}
	kernel, err := r.program.module.Kernel(k.LinkerName)
	if err != nil {
		return fmt.Errorf("%s: %w", r.script.File, err)
	}
	params, err := r.params(k, step)
	if err != nil {
		return err
	}
	launch := r.launches[step]
	grid, block := step.Grid.or1(), step.Block.or1()
	counters, err := r.device.Launch(kernel, grid, block, step.SharedBytes, params)
	var findings *sim.Findings
	switch {
	case errors.Is(err, sim.ErrConfiguration), errors.Is(err, sim.ErrResources):
		return notUnderstood("%w", err)
	case err != nil && !errors.As(err, &findings):
		return err
	}
	if launch == nil {
		launch = &Launch{Kernel: k, Grid: grid, Block: block, SharedBytes: step.SharedBytes, Attributes: kernel.Attributes(), Counters: counters}
		r.launches[step] = launch
		r.result.Launches = append(r.result.Launches, launch)
	}
	launch.Runs++
	if findings != nil {
		r.found(findings.Reports)
		r.result.Fatal = findings.Fatal
	}
	r.found(counters.Advice)
	return nil
}

// found keeps what no launch before had.
func (r *runner) found(reports []*sim.Report) {
	for _, f := range reports {
		key := finding{f.Kernel, f.Source.File, f.Kind, f.Source.Line}
		if key.line == 0 {
			key.line = f.PTXLine
		}
		if !r.seen[key] {
			r.seen[key] = true
			r.result.Findings = append(r.result.Findings, f)
		}
	}
}

// maxPrinted is the size of the buffer that a GPU has for printf.
const maxPrinted = 1 << 20

// transcript collects what the threads print, up to maxPrinted bytes.
type transcript struct {
	mu   sync.Mutex
	text []byte
}

func (p *transcript) add(text string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.text)+len(text) <= maxPrinted {
		p.text = append(p.text, text...)
	}
}

// collect reads memory back, compares it with what is expected and writes the files that it is for.
func (r *runner) collect() error {
	for _, b := range r.buffers {
		o, err := r.output(b)
		if err != nil {
			return err
		}
		r.result.Outputs = append(r.result.Outputs, o)
	}
	for _, e := range r.script.Expect {
		content, n, err := r.contentOf(e.Name)
		if err != nil {
			return err
		}
		c, err := e.compare(content, n, r.script.folder)
		if err != nil {
			return err
		}
		r.result.Compared = append(r.result.Compared, c)
	}
	return nil
}

func (r *runner) output(b *buffer) (Output, error) {
	o := Output{Name: b.name, Form: b.form, Bytes: b.bytes, File: b.save}
	content := make([]byte, b.bytes)
	err := r.device.Read(b.address, content)
	if err == nil && r.device.Options().Checks&sim.Uninitialized != 0 {
		o.Unwritten, err = r.device.Unwritten(b.address)
	}
	if err != nil {
		return o, fmt.Errorf("%s: %w", b.name, err)
	}
	if size := b.element.bytes; size > 0 {
		for i := 0; i+size <= len(content) && i < shown*size; i += size {
			o.First = append(o.First, b.element.get(content[i:]))
		}
		o.more = len(content) > shown*size
	}
	if b.save == "" {
		return o, nil
	}
	return o, writeNumbers(b.save, b.element, content)
}

// contentOf gives the bytes of a buffer or a variable, and their type where it is known.
func (r *runner) contentOf(name string) ([]byte, numberType, error) {
	if b := r.names[name]; b != nil {
		content := make([]byte, b.bytes)
		return content, b.element, r.device.Read(b.address, content)
	}
	if v, err := r.variable(name); err == nil {
		content := make([]byte, v.size)
		n, _ := numberFor(element(v.kind))
		return content, n, r.device.Read(v.address, content)
	}
	return nil, numberType{}, notUnderstood("expectation of %s: there is no such buffer or variable; %s", name, r.known())
}
