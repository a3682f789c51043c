package device

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
	"unsafe"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/cpu"
	"cnn-gpu/kernels/plan"
)

// CPUEnv names the environment variable that forces a variant of the CPU code, one of those that `cnn-gpu devices` lists.
const CPUEnv = "CNN_GPU_CPU"

// CPUCode names the CPU code that decides the bits of CPU devices: two of the same one give the same bits.
func CPUCode() string { return cpu.Rounding() }

type cpuDevice struct {
	noGPU   error // why it was chosen although a GPU was wanted
	workers *cpu.Workers
	kept    map[*kernels.Buffer]*keptValue
	// Programs share one arena: they run one at a time, and what is in it does not outlive a run.
	arena    []float32
	programs map[*cpuProgram]bool // that are not closed
	closed   bool
}

// keptValue is the memory of a kept value, and how often it has been written.
type keptValue struct {
	kernels.Mem
	version uint64
}

// OpenCPU opens the CPU device.
func OpenCPU(o Options) (Device, error) { return openCPU(o, nil) }

func openCPU(o Options, noGPU error) (Device, error) {
	if name := os.Getenv(CPUEnv); name != "" {
		if err := cpu.Select(name); err != nil {
			return nil, fmt.Errorf("device: cpu: %s: %w", CPUEnv, err)
		}
	}
	workers, err := workersOf(o)
	if err != nil {
		return nil, err
	}
	return &cpuDevice{
		noGPU:   noGPU,
		workers: cpu.NewWorkers(workers),
		kept:    map[*kernels.Buffer]*keptValue{}, programs: map[*cpuProgram]bool{},
	}, nil
}

// workersOf is the number of workers that options ask for.
func workersOf(o Options) (int, error) {
	if o.Workers < 0 {
		return 0, fmt.Errorf("device: cpu: %d workers; give at least 1", o.Workers)
	}
	return cmp.Or(o.Workers, runtime.GOMAXPROCS(0)), nil
}

func (d *cpuDevice) Name() string { return "cpu" }

func (d *cpuDevice) String() string {
	s := fmt.Sprintf("CPU, %d threads, %s", d.workers.Count(), cpu.Variant())
	if d.noGPU != nil {
		s += fmt.Sprintf(" (no GPU: %s; see cnn-gpu devices)", briefly(d.noGPU))
	}
	return s
}

func (d *cpuDevice) Precision(o CompileOptions) (kernels.Precision, error) {
	return precisionOf(d.Name(), o, false)
}

// briefly says in a clause why no GPU could be opened.
func briefly(noGPU error) string {
	switch {
	case !driver.Built:
		return "this program was built without CUDA"
	case errors.Is(noGPU, driver.ErrNoDriver):
		return "no CUDA driver is installed"
	case errors.As(noGPU, new(*nvrtc.NotFoundError)):
		return "there is no NVRTC to compile its kernels"
	}
	reason, _, _ := strings.Cut(noGPU.Error(), "\n")
	reason, _, _ = strings.Cut(reason, "; ") // the way out follows
	return strings.TrimPrefix(strings.TrimPrefix(reason, "device: "), "cuda: ")
}

func (d *cpuDevice) Close() error {
	if d.closed {
		return nil
	}
	d.workers.Close()
	d.kept, d.arena, d.programs, d.closed = nil, nil, nil, true
	return nil
}

// cpuProgram is an op list with its code.
type cpuProgram struct {
	device   *cpuDevice // nil once the program is closed
	schedule Schedule
	ops      []cpuOp
}

// cpuOp is an op with the memory of its operands.
type cpuOp struct {
	cpu.Routine
	mem     []kernels.Mem
	written []*keptValue // by the op
	weights []*keptValue // that its code derives something from; nil if one of them is no kept value
	derived uint64       // the sum of the weights' versions when that was done last, 0 if never
}

func (d *cpuDevice) Compile(ops []kernels.Op, o CompileOptions) (Program, error) {
	if d.closed {
		return nil, errClosed(d.Name())
	}
	s, err := newCPUSchedule(ops, o, d.workers.Count())
	if err != nil {
		return nil, fmt.Errorf("device: cpu: %w", err)
	}
	if err := CheckHostMemory(int64(d.need(s.Schedule))); err != nil {
		return nil, fmt.Errorf("device: %w", err)
	}
	p := &cpuProgram{device: d, schedule: s.Schedule}
	if need := s.Plan.Arena / kernels.Float32.Size(); need > len(d.arena) {
		d.arena = kernels.NewMem(kernels.Float32, need).F32
	}
	d.workers.Reserve(s.Scratch / kernels.Float32.Size())
	for i, op := range s.list {
		s.codes[i].Take()
		p.ops = append(p.ops, d.bind(op, s.codes[i], s.Plan))
	}
	d.programs[p] = true
	return p, nil
}

// bind gives an op its memory.
func (d *cpuDevice) bind(op kernels.Op, code cpu.Routine, plan plan.Plan) cpuOp {
	bound := cpuOp{Routine: code}
	operands := op.Operands()
	for _, o := range operands {
		bound.mem = append(bound.mem, d.place(o.Buffer, plan))
		if o.Buffer != nil && o.Access != kernels.Read {
			if root, _ := o.Buffer.Root(); root.Keep {
				bound.written = append(bound.written, d.keep(root))
			}
		}
	}
	for _, i := range code.Weights {
		if operands[i].Buffer == nil {
			continue
		}
		root, _ := operands[i].Buffer.Root()
		if !root.Keep {
			bound.weights = nil
			break
		}
		bound.weights = append(bound.weights, d.keep(root))
	}
	return bound
}

// run runs the op, after deriving what it needs of the weights if they have changed, and calls it done.
func (op *cpuOp) run(w *cpu.Workers, run func(mem []kernels.Mem, w *cpu.Workers)) {
	if op.Derive != nil {
		versions := uint64(0)
		for _, v := range op.weights {
			versions += v.version
		}
		if op.weights == nil || op.derived != versions {
			op.Derive(op.mem, w)
			op.derived = versions
		}
	}
	run(op.mem, w)
	for _, v := range op.written {
		v.version++
	}
}

// profile runs the op and returns its time, or those of the ops that it joins.
func (op *cpuOp) profile(w *cpu.Workers) []time.Duration {
	shares := []float64{1}
	begun := time.Now()
	op.run(w, func(mem []kernels.Mem, w *cpu.Workers) {
		if op.Profile != nil {
			shares = op.Profile(mem, w)
		} else {
			op.Run(mem, w)
		}
	})
	spent := time.Since(begun)
	var times []time.Duration
	for _, share := range shares {
		times = append(times, time.Duration(share*float64(spent)))
	}
	return times
}

// place is the memory of a buffer; none if it is absent.
func (d *cpuDevice) place(b *kernels.Buffer, plan plan.Plan) kernels.Mem {
	if b == nil {
		return kernels.Mem{}
	}
	root, offset := b.Root()
	if root.Keep {
		return d.keep(root).Slice(offset, b.Elements())
	}
	if b.Elements() == 0 {
		return kernels.NewMem(b.Type, 0)
	}
	at := plan.Offsets[root]/kernels.Float32.Size() + offset*b.Type.Size()/kernels.Float32.Size()
	start := unsafe.Pointer(unsafe.SliceData(d.arena[at:]))
	switch b.Type {
	case kernels.Int32:
		return kernels.Mem{I32: unsafe.Slice((*int32)(start), b.Elements())}
	case kernels.Uint8:
		return kernels.Mem{U8: unsafe.Slice((*uint8)(start), b.Elements())}
	}
	return kernels.Mem{F32: d.arena[at : at+b.Elements() : at+b.Elements()]}
}

// keep is the memory of a kept value, made on first use.
func (d *cpuDevice) keep(root *kernels.Buffer) *keptValue {
	v := d.kept[root]
	if v == nil {
		v = &keptValue{Mem: kernels.NewMem(root.Type, root.Elements()), version: 1}
		d.kept[root] = v
	}
	return v
}

func (d *cpuDevice) Upload(dst *kernels.Buffer, src any) error {
	m, err := d.copyable(src, dst)
	if err != nil {
		return err
	}
	root, _ := dst.Root()
	d.keep(root).version++
	switch s := src.(type) {
	case []float32:
		copy(m.F32, s)
	case []int32:
		copy(m.I32, s)
	case []uint8:
		copy(m.U8, s)
	}
	return nil
}

func (d *cpuDevice) Download(dst any, src *kernels.Buffer) error {
	m, err := d.copyable(dst, src)
	if err != nil {
		return err
	}
	switch s := dst.(type) {
	case []float32:
		copy(s, m.F32)
	case []int32:
		copy(s, m.I32)
	case []uint8:
		copy(s, m.U8)
	}
	return nil
}

// copyable is the memory of a kept buffer that a host slice may be copied to or from.
func (d *cpuDevice) copyable(host any, b *kernels.Buffer) (kernels.Mem, error) {
	if d.closed {
		return kernels.Mem{}, errClosed(d.Name())
	}
	if err := checkCopy(host, b); err != nil {
		return kernels.Mem{}, err
	}
	root, offset := b.Root()
	if d.kept[root] == nil {
		if err := CheckHostMemory(int64(root.Bytes())); err != nil {
			return kernels.Mem{}, fmt.Errorf("device: %s: %w", root.Name, err)
		}
	}
	return d.keep(root).Slice(offset, b.Elements()), nil
}

// check says why a program cannot run any more.
func (p *cpuProgram) check() error {
	switch {
	case p.device == nil:
		return errProgramClosed
	case p.device.closed:
		return errClosed(p.device.Name())
	}
	return nil
}

func (p *cpuProgram) Schedule() Schedule { return p.schedule }

func (p *cpuProgram) Run() error {
	if err := p.check(); err != nil {
		return err
	}
	for i := range p.ops {
		p.ops[i].run(p.device.workers, p.ops[i].Run)
	}
	return nil
}

func (p *cpuProgram) Profile() (times Times, err error) {
	if err := p.check(); err != nil {
		return Times{}, err
	}
	for i := range p.ops {
		times.Ops = append(times.Ops, p.ops[i].profile(p.device.workers)...)
	}
	return times, nil
}
