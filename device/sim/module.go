package sim

import (
	"fmt"
	"sync"

	"cnn-gpu/device/sim/ptx"
	"cnn-gpu/device/sim/sass"
)

// Module is a PTX module on a device, with the memory of its global and constant variables.
type Module struct {
	device  *Device
	ast     *ptx.Module
	machine map[string]*sass.Function // machine code by kernel, where the text carried it
	globals map[*ptx.Variable]*allocation
	byName  map[string]*allocation
	broken  map[*ptx.Variable]error // variables that no kernel can use

	mu      sync.Mutex
	kernels map[string]*Kernel
	opcodes map[*ptx.Opcode]opcode
}

// Load parses a module and gives its variables memory. Kernels are decoded when they are first asked for, so that an instruction, a function
// or a variable that the simulator does not know spoils the kernels that use it and not the module.
func (d *Device) Load(text []byte) (*Module, error) {
	for len(text) > 0 && text[len(text)-1] == 0 { // NVRTC's PTX ends in a zero byte
		text = text[:len(text)-1]
	}
	text, machine, err := detachMachineCode(text)
	if err != nil {
		return nil, fmt.Errorf("sim: %w: %w", ErrPTX, err)
	}
	ast, err := ptx.Parse(text)
	if err != nil {
		return nil, fmt.Errorf("sim: %w: %w", ErrPTX, err)
	}
	m := &Module{device: d, ast: ast, globals: map[*ptx.Variable]*allocation{}, byName: map[string]*allocation{}, broken: map[*ptx.Variable]error{},
		kernels: map[string]*Kernel{}, opcodes: map[*ptx.Opcode]opcode{}}
	d.busy.Lock()
	defer d.busy.Unlock()
	m.machine = machine
	for _, v := range ast.Variables {
		if v.Space != ptx.GlobalSpace && v.Space != ptx.ConstSpace || v.Err != nil {
			continue
		}
		a, err := d.mem.add(v.Name, max(v.Size, uint64(len(v.Init)), 1))
		if err != nil {
			m.broken[v] = fmt.Errorf("line %d: %w", v.Line, err)
			continue
		}
		a.constant = v.Space == ptx.ConstSpace
		a.zero = true
		if len(v.Init) > 0 {
			copy(a.data(), v.Init)
		}
		m.globals[v], m.byName[v.Name] = a, a
	}
	for v, a := range m.globals {
		for _, r := range v.Relocations {
			target, address := m.byName[r.Symbol], m.functionAddress(r.Symbol)
			if target != nil {
				address = target.addr
			}
			if address == 0 || r.Bytes != 8 || r.Offset+8 > a.size {
				m.broken[v] = fmt.Errorf("line %d: its initialiser names %s, which is no variable in global memory and no function", v.Line, r.Symbol)
				continue
			}
			le.PutUint64(a.data()[r.Offset:], address+uint64(r.Addend))
		}
	}
	return m, nil
}

// Unreadable gives the first error of a function or a variable that could not be read; nil if all could. A driver refuses the whole module then.
func (m *Module) Unreadable() error {
	for _, f := range m.ast.Functions {
		if f.Err != nil {
			return fmt.Errorf("sim: %w: %w", ErrPTX, f.Err)
		}
	}
	for _, v := range m.ast.Variables {
		if v.Err != nil {
			return fmt.Errorf("sim: %w: %w", ErrPTX, v.Err)
		}
	}
	return nil
}

// problem says why a variable cannot be used, or nil.
func (m *Module) problem(v *ptx.Variable) error {
	if v.Err != nil {
		return v.Err
	}
	return m.broken[v]
}

// Unload releases the memory of the module's variables.
func (m *Module) Unload() {
	m.device.busy.Lock()
	defer m.device.busy.Unlock()
	for _, a := range m.globals {
		if !a.freed {
			m.device.mem.drop(a)
		}
	}
}

// Global returns the address and the size of a variable in global or constant memory.
func (m *Module) Global(name string) (ptr, size uint64, err error) {
	a := m.byName[name]
	if a == nil {
		return 0, 0, fmt.Errorf("sim: variable %q: %w", name, ErrNotFound)
	}
	return a.addr, a.size, nil
}

// GlobalNames lists the variables in global and constant memory in the order of the text.
func (m *Module) GlobalNames() []string {
	var names []string
	for _, v := range m.ast.Variables {
		if m.globals[v] != nil {
			names = append(names, v.Name)
		}
	}
	return names
}

// KernelNames lists the module's kernels in the order of the text.
func (m *Module) KernelNames() []string {
	var names []string
	for _, f := range m.ast.Functions {
		if f.Kernel {
			names = append(names, f.Name)
		}
	}
	return names
}

// Kernel decodes a kernel.
func (m *Module) Kernel(name string) (*Kernel, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if k := m.kernels[name]; k != nil {
		return k, nil
	}
	f := m.ast.Function(name)
	if f == nil || !f.Kernel {
		return nil, fmt.Errorf("sim: kernel %q: %w", name, ErrNotFound)
	}
	k, err := decode(m, f)
	if err != nil {
		return nil, err
	}
	if k.machine = m.machine[name]; k.machine != nil && k.machine.Registers > 0 {
		k.registers, k.registersKnown = k.machine.Registers, true
	}
	m.kernels[name] = k
	return k, nil
}

// Param is a kernel's parameter: its offset in the buffer of parameters. Structs are bytes to PTX, pointers integers of 64 bits.
type Param struct {
	Name         string
	Type         ptx.Type // of an element
	Offset, Size uint64
}

// Params lists the kernel's parameters.
func (k *Kernel) Params() []Param { return paramsOf(k.fn) }

// Params lists the parameters of a kernel, which need not be one that the simulator can run.
func (m *Module) Params(kernel string) ([]Param, error) {
	f := m.ast.Function(kernel)
	if f == nil || !f.Kernel {
		return nil, fmt.Errorf("sim: kernel %q: %w", kernel, ErrNotFound)
	}
	return paramsOf(f), nil
}

func paramsOf(f *ptx.Function) []Param {
	var all []Param
	for _, p := range f.Params {
		all = append(all, Param{p.Name, p.Type, p.Offset, p.Size})
	}
	return all
}

// Name returns the kernel's name as it stands in the PTX.
func (k *Kernel) Name() string { return k.fn.Name }

// Attributes are what the driver tells of a function.
type Attributes struct {
	SharedBytes uint32 `json:"shared_bytes"` // static
	LocalBytes  uint32 `json:"local_bytes"`  // of a thread
	ConstBytes  uint64 `json:"const_bytes"`
	Registers   int    `json:"registers"`   // of a thread: those of the machine code, or without it an estimate from the PTX, which refuses no launch
	MaxThreads  int    `json:"max_threads"` // of a block
	Major       int    `json:"major"`       // of the PTX's target
	Minor       int    `json:"minor"`
}

// Attributes returns the kernel's attributes.
func (k *Kernel) Attributes() Attributes {
	a := Attributes{SharedBytes: uint32(k.staticShared), LocalBytes: uint32(k.localBytes - k.stackBytes), Registers: k.registers, MaxThreads: k.maxThreads()}
	for v := range k.constants {
		a.ConstBytes += v.Size
	}
	var target int
	if _, err := fmt.Sscanf(k.module.ast.Target, "sm_%d", &target); err == nil {
		a.Major, a.Minor = target/10, target%10
	}
	return a
}

func (k *Kernel) maxThreads() int {
	n := maxBlockThreads
	for _, limit := range [][3]uint32{k.fn.MaxThreads, k.fn.RequiredThreads} {
		if limit[0] > 0 {
			n = min(n, int(limit[0]*limit[1]*limit[2]))
		}
	}
	if k.registersKnown {
		n = min(n, 32*k.warpsByRegisters())
	}
	return n
}
