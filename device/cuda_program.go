//go:build cuda && cgo

package device

import (
	"errors"
	"fmt"
	"slices"

	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/cuda"
	"cnn-gpu/kernels/plan"
)

// gpuProgram is an op list as kernel launches with their arguments, and as one graph of them.
type gpuProgram struct {
	gpu      *gpu
	schedule Schedule
	edges    plan.Edges        // between ops
	own      []*kernels.Buffer // kept values of this program alone
	arena    *arena            // nil if it needs none
	launches []gpuLaunch
	derived  []derived
	written  []*kernels.Buffer     // kept values that it changes
	graph    *driver.Graph         // none with Options.Sync
	repeated map[int]*driver.Graph // graphs of so many copies of the launches; nil where there was no room for one
	call     call                  // the last one
}

type gpuLaunch struct {
	op       Op
	index    int // of the op
	function cu.Function
	launch   driver.Launch
	early    bool // in a graph it may begin before what it comes after has ended
}

// Compile places the values, compiles what has no machine code yet and makes the graph.
func (d *gpu) Compile(ops []kernels.Op, o CompileOptions) (Program, error) {
	s, err := newCUDASchedule(ops, o, d.capability)
	if err != nil {
		return nil, fmt.Errorf("device: %s: %w", d.name, err)
	}
	p := &gpuProgram{gpu: d, schedule: s.Schedule, edges: s.edges, own: s.own, written: writtenBy(s.Ops), repeated: map[int]*driver.Graph{}}
	return p, d.do(func() (err error) {
		missing := d.missing(s.Plan.Kept)
		d.programs[p] = true
		defer func() {
			if err != nil {
				known, _ := driver.ResultOf(err)
				err = errors.Join(err, unlike(known, append(p.release(), d.release(missing)...)))
			}
		}()
		if err := d.reserve(p); err != nil {
			return err
		}
		for i, op := range s.Ops {
			launches, err := p.launchesFor(op, s.launches[i])
			if err != nil {
				return fmt.Errorf("%s: %w", op.Name(), err)
			}
			for _, l := range launches {
				l.index = i
				l.launch.Params = p.withWorkspace(i, l.launch.Params)
				p.launches = append(p.launches, l)
			}
		}
		if err := p.derive(s.derived); err != nil {
			return err
		}
		if d.options.Sync || len(p.launches) == 0 {
			return nil
		}
		p.graph, err = p.graphOf(1)
		return err
	})
}

// reserve takes all the memory that a program needs and that is not there yet.
func (d *gpu) reserve(p *gpuProgram) error {
	free, _, err := cu.MemInfo()
	if err != nil {
		return err
	}
	need := 0
	if p.schedule.Plan.Arena > d.arena.size() {
		need = p.schedule.Plan.Arena
	}
	for _, b := range d.missing(p.schedule.Plan.Kept) {
		need += b.Bytes()
	}
	p.arena, err = d.share(p.schedule.Plan.Arena)
	for _, b := range p.schedule.Plan.Kept {
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

// launchesFor prepares the launches of an op but for its workspace.
func (p *gpuProgram) launchesFor(op Op, launches []cuda.Launch) (list []gpuLaunch, err error) {
	d := p.gpu
	var params []any
	for _, operand := range op.Operands() {
		at, err := p.address(operand.Buffer)
		if err != nil {
			return nil, err
		}
		params = append(params, at)
	}
	for _, l := range launches {
		function, err := d.code.function(l)
		if err != nil {
			return nil, err
		}
		launch := driver.Launch{Grid: dim(l.Grid), Block: dim(l.Block), SharedMemory: uint32(l.Shared), Params: params}
		list = append(list, gpuLaunch{op: op, function: function, launch: launch, early: l.Early && d.capability >= 90 && driver.HasEarlyNodes()})
	}
	return list, nil
}

// withWorkspace are the parameters of an op at index i, with its workspace behind them if it has one.
func (p *gpuProgram) withWorkspace(i int, params []any) []any {
	if workspace, ok := p.schedule.Plan.Workspaces[i]; ok {
		return append(slices.Clone(params), p.arena.start+cu.DevicePtr(workspace))
	}
	return params
}

// address is where a buffer lies; null if it is absent.
func (p *gpuProgram) address(b *kernels.Buffer) (cu.DevicePtr, error) {
	if b == nil {
		return 0, nil
	}
	root, offset := b.Root()
	switch {
	case root.Keep:
		return p.gpu.place(b)
	case p.arena == nil: // all its values are empty
		return 0, nil
	}
	return p.arena.start + cu.DevicePtr(p.schedule.Plan.Offsets[root]+offset*b.Type.Size()), nil
}

func dim(d [3]int) [3]uint32 { return [3]uint32{uint32(d[0]), uint32(d[1]), uint32(d[2])} }

func (p *gpuProgram) Schedule() Schedule { return p.schedule }

// graphOf makes a graph of so many runs of the list, one after the other. A launch waits for what it needs, of its own run and of the one
// before, and for no other. One that may begin early does so if it comes after a single launch.
func (p *gpuProgram) graphOf(runs int) (*driver.Graph, error) {
	var nodes []driver.Node
	var last, before []int // the nodes of the last launches of each op, in this run and in the one before
	for range runs {
		last, before = nil, last
		for _, l := range p.launches {
			n := driver.Node{Function: l.function, Launch: l.launch}
			if l.index < len(last) { // of an op that has begun
				n.After = []int{last[l.index]}
				last[l.index] = len(nodes)
			} else {
				for _, op := range p.edges.Within[l.index] {
					n.After = append(n.After, last[op])
				}
				for _, op := range p.edges.RunAgain[l.index] {
					if before != nil {
						n.After = append(n.After, before[op])
					}
				}
				last = append(last, len(nodes))
			}
			n.Overlap = l.early && len(n.After) == 1
			nodes = append(nodes, n)
		}
	}
	return driver.NewGraph(nodes)
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
