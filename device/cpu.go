package device

import (
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
)

// CPUEnv names the environment variable that forces a variant of the CPU code, one of those that `cnn-gpu devices` lists.
const CPUEnv = "CNN_GPU_CPU"

type cpu struct {
	noGPU   error // why it was chosen although a GPU was wanted
	workers *kernels.Workers
	kept    map[*kernels.Buffer]kernels.Mem
	// Programs share one arena: they run one at a time, and what is in it does not outlive a run.
	arena []float32
}

// OpenCPU opens the CPU device.
func OpenCPU(o Options) (Device, error) { return openCPU(o, nil) }

func openCPU(o Options, noGPU error) (Device, error) {
	if name := os.Getenv(CPUEnv); name != "" {
		if err := kernels.SelectCPU(name); err != nil {
			return nil, fmt.Errorf("device: cpu: %s: %w", CPUEnv, err)
		}
	}
	if o.Workers == 0 {
		o.Workers = runtime.GOMAXPROCS(0)
	}
	if o.Workers < 0 {
		return nil, fmt.Errorf("device: cpu: %d workers; give at least 1", o.Workers)
	}
	return &cpu{
		noGPU:   noGPU,
		workers: kernels.NewWorkers(o.Workers),
		kept:    map[*kernels.Buffer]kernels.Mem{},
	}, nil
}

func (d *cpu) Name() string { return "cpu" }

func (d *cpu) String() string {
	s := fmt.Sprintf("CPU, %d threads, %s", d.workers.Count(), kernels.CPU())
	if d.noGPU != nil {
		s += fmt.Sprintf(" (no GPU: %s; see cnn-gpu devices)", briefly(d.noGPU))
	}
	return s
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

func (d *cpu) Close() error {
	d.workers.Close()
	d.kept, d.arena = nil, nil
	return nil
}

// cpuProgram is an op list with the memory of each op's operands.
type cpuProgram struct {
	workers *kernels.Workers
	plan    Plan
	ops     []kernels.Op
	mem     [][]kernels.Mem
}

func (d *cpu) Compile(ops []kernels.Op) (Program, error) {
	for _, op := range ops {
		if err := kernels.CheckOperands(op); err != nil {
			return nil, fmt.Errorf("device: cpu: %w", err)
		}
	}
	p := &cpuProgram{workers: d.workers, plan: NewPlan(ops, nil), ops: ops}
	if need := p.plan.Arena / kernels.Float32.Size(); need > len(d.arena) {
		d.arena = make([]float32, need)
	}
	for _, op := range ops {
		if s, ok := op.(kernels.Scratcher); ok {
			d.workers.Reserve(s.HostScratch(d.workers.Count()))
		}
		var mem []kernels.Mem
		for _, operand := range op.Operands() {
			mem = append(mem, d.place(operand.Buffer, p.plan))
		}
		p.mem = append(p.mem, mem)
	}
	return p, nil
}

// place is the memory of a buffer; none if it is absent.
func (d *cpu) place(b *kernels.Buffer, plan Plan) kernels.Mem {
	if b == nil {
		return kernels.Mem{}
	}
	root, offset := b.Root()
	if root.Keep {
		return d.keep(root).Slice(offset, b.Elements())
	}
	at := plan.Offsets[root]/kernels.Float32.Size() + offset
	values := d.arena[at : at+b.Elements() : at+b.Elements()]
	if b.Type == kernels.Int32 {
		return kernels.Mem{I32: unsafe.Slice((*int32)(unsafe.Pointer(unsafe.SliceData(values))), len(values))}
	}
	return kernels.Mem{F32: values}
}

// keep is the memory of a kept value, made on first use.
func (d *cpu) keep(root *kernels.Buffer) kernels.Mem {
	m, ok := d.kept[root]
	if !ok {
		m = kernels.HostMem(root.Type, root.Elements())
		d.kept[root] = m
	}
	return m
}

func (d *cpu) Upload(dst *kernels.Buffer, src any) error {
	m, err := d.copyable(src, dst)
	if err != nil {
		return err
	}
	switch s := src.(type) {
	case []float32:
		copy(m.F32, s)
	case []int32:
		copy(m.I32, s)
	}
	return nil
}

func (d *cpu) Download(dst any, src *kernels.Buffer) error {
	m, err := d.copyable(dst, src)
	if err != nil {
		return err
	}
	switch s := dst.(type) {
	case []float32:
		copy(s, m.F32)
	case []int32:
		copy(s, m.I32)
	}
	return nil
}

// copyable is the memory of a kept buffer that a host slice may be copied to or from.
func (d *cpu) copyable(host any, b *kernels.Buffer) (kernels.Mem, error) {
	if err := checkCopy(host, b); err != nil {
		return kernels.Mem{}, err
	}
	root, offset := b.Root()
	return d.keep(root).Slice(offset, b.Elements()), nil
}

func (p *cpuProgram) Plan() Plan { return p.plan }

func (p *cpuProgram) Run() error {
	for i, op := range p.ops {
		op.Host(p.mem[i], p.workers)
	}
	return nil
}

func (p *cpuProgram) Profile() (Times, error) {
	times := Times{Ops: make([]time.Duration, len(p.ops))}
	for i, op := range p.ops {
		begun := time.Now()
		op.Host(p.mem[i], p.workers)
		times.Ops[i] = time.Since(begun)
	}
	return times, nil
}
