//go:build cuda && cgo

package device

import (
	"errors"
	"fmt"

	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/kernels"
)

// gpuProgram is an op list as kernel launches with their arguments, recorded as one graph.
type gpuProgram struct {
	gpu      *gpu
	ops      []kernels.Op
	plan     Plan
	launches []gpuLaunch
	graph    *driver.Graph // none with Options.Sync
}

type gpuLaunch struct {
	number   int // of the op
	op       kernels.Op
	function cu.Function
	launch   driver.Launch
}

// Compile places the values, compiles what has no machine code yet and records the graph. Fused ops run as their parts.
func (d *gpu) Compile(ops []kernels.Op) (Program, error) {
	var parts []kernels.Op
	var numbers []int // of the op that each part belongs to
	for i, op := range ops {
		for _, part := range kernels.Expand([]kernels.Op{op}) {
			parts, numbers = append(parts, part), append(numbers, i)
		}
	}
	p := &gpuProgram{gpu: d, ops: ops, plan: NewPlan(parts, Workspace)}
	for _, op := range parts {
		if err := errors.Join(kernels.CheckOperands(op), checkIndexable(op)); err != nil {
			return nil, fmt.Errorf("device: %s: %w", d.name, err)
		}
	}
	return p, d.do(func() error {
		if err := d.reserve(p.plan); err != nil {
			return err
		}
		for i, op := range parts {
			if err := p.add(i, numbers[i], op); err != nil {
				return fmt.Errorf("%s: %w", op.Name(), err)
			}
		}
		if d.options.Sync || len(p.launches) == 0 {
			return nil
		}
		var err error
		if p.graph, err = driver.Capture(d.stream, p.launchAll); err != nil {
			return err
		}
		d.graphs = append(d.graphs, p.graph)
		return nil
	})
}

// checkIndexable refuses values whose elements the kernels' 32-bit indices cannot tell apart.
func checkIndexable(op kernels.Op) error {
	for _, o := range op.Operands() {
		if o.Buffer != nil && o.Buffer.Elements() > 1<<31-1 {
			return fmt.Errorf("%s: %s%v has more than 2^31-1 elements; use a smaller batch", op.Name(), o.Buffer.Name, o.Buffer.Shape)
		}
	}
	return nil
}

// reserve takes all the memory that a program needs and that is not there yet.
func (d *gpu) reserve(plan Plan) error {
	free, _, err := cu.MemInfo()
	if err != nil {
		return err
	}
	need := 0
	if plan.Arena > d.arena.bytes {
		need = plan.Arena
	}
	for _, b := range plan.Kept {
		if _, taken := d.kept[b]; !taken {
			need += b.Bytes()
		}
	}
	err = d.grow(plan.Arena)
	for _, b := range plan.Kept {
		if err == nil {
			_, err = d.keep(b)
		}
	}
	var outOfMemory *OutOfMemoryError
	if errors.As(err, &outOfMemory) {
		return d.outOfMemory(need, free)
	}
	return err
}

// grow makes the arena large enough. Programs that were compiled before stay where they are.
func (d *gpu) grow(bytes int) error {
	if bytes <= d.arena.bytes {
		return nil
	}
	start, err := d.alloc(bytes)
	if err != nil {
		return err
	}
	if d.arena.bytes > 0 {
		d.freed = append(d.freed, d.arena.start)
	}
	d.arena = region{start, bytes}
	return nil
}

// add prepares the launches of part i, which belongs to op number.
func (p *gpuProgram) add(i, number int, op kernels.Op) error {
	d := p.gpu
	var params []any
	for _, operand := range op.Operands() {
		at, err := p.address(operand.Buffer)
		if err != nil {
			return err
		}
		params = append(params, at)
	}
	if workspace, ok := p.plan.Workspaces[i]; ok {
		params = append(params, d.arena.start+cu.DevicePtr(workspace))
	}
	for _, l := range op.Launches() {
		function, err := d.code.function(l)
		if err != nil {
			return err
		}
		p.launches = append(p.launches, gpuLaunch{number, op, function, driver.Launch{Grid: dim(l.Grid), Block: dim(l.Block), Params: params}})
	}
	return nil
}

// address is where a buffer lies; null if it is absent.
func (p *gpuProgram) address(b *kernels.Buffer) (cu.DevicePtr, error) {
	if b == nil {
		return 0, nil
	}
	root, offset := b.Root()
	if root.Keep {
		return p.gpu.place(b)
	}
	return p.gpu.arena.start + cu.DevicePtr(p.plan.Offsets[root]+offset*b.Type.Size()), nil
}

func dim(d [3]int) [3]uint32 { return [3]uint32{uint32(d[0]), uint32(d[1]), uint32(d[2])} }

func (p *gpuProgram) Plan() Plan { return p.plan }

func (p *gpuProgram) Run() error {
	return p.gpu.do(func() error {
		if p.graph != nil {
			return p.graph.Launch(p.gpu.stream)
		}
		return p.launchAll()
	})
}

// launchAll queues every launch.
func (p *gpuProgram) launchAll() error {
	for _, l := range p.launches {
		if err := p.launch(l); err != nil {
			return err
		}
	}
	return nil
}

// launch queues a launch. With Options.Sync it waits for the end, so that an error names its op.
func (p *gpuProgram) launch(l gpuLaunch) error {
	err := driver.LaunchKernel(l.function, l.launch, p.gpu.stream)
	if err == nil && p.gpu.options.Sync {
		err = driver.Explain(p.gpu.stream.Synchronize())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", describe(l.op), err)
	}
	return nil
}

// describe names an op and what it makes.
func describe(op kernels.Op) string {
	for _, o := range op.Operands() {
		if o.Buffer != nil && o.Access != kernels.Read {
			return fmt.Sprintf("%s to %q %v", op.Name(), o.Buffer.Name, o.Buffer.Shape)
		}
	}
	return op.Name()
}
