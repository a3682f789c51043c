package device

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/cpu"
	"cnn-gpu/kernels/cuda"
	"cnn-gpu/kernels/plan"
	"cnn-gpu/kernels/rewrite"
)

// Schedule is what a device makes of an op list: what really runs, and the memory that it takes.
type Schedule struct {
	Precision kernels.Precision // of the factors of products
	Ops       []Op              // in the order in which they run
	Passes    []rewrite.Applied // what was rewritten
	Plan      plan.Plan         // where the values lie
	// Scratch is the number of bytes that ops of a CPU work with besides, one after the other, those of all programs in the same memory;
	// Derived is that of what each keeps that it derives from the weights. The workspaces of a GPU's kernels are part of the plan, and what it
	// derives is among what is kept.
	Scratch, Derived int

	// Of a GPU: the launches of kernels, and the stages, which are the most of them of which each waits for the one before. Launches of one
	// stage run at the same time.
	Launches, Stages int
}

// Op is an op as a device runs it.
type Op struct {
	kernels.Op
	Parts     []int             // the ops of the list that it stands for, by their indices
	Algorithm string            // how it is computed, where there is a choice
	RoundsAs  []string          // for each part, the algorithm that computes it if that rounds otherwise than the sums as they stand
	Tensor    kernels.Precision // of what it multiplies on tensor cores; the default if nothing
	Group     int               // ops of the same group, counted from 1, take turns on a few images of the batch; 0 for one that runs by itself
	Launches  int               // of kernels, on a GPU, one after the other
	Stage     int               // that of its first launch, counted from 1
}

// Bytes is the memory of schedules that take turns on a device, in bytes: what they keep lies there once, and arena and scratch are as large
// as the largest needs them.
func Bytes(schedules ...Schedule) int {
	arena, scratch, total := 0, 0, 0
	kept := map[*kernels.Buffer]bool{}
	for _, s := range schedules {
		total += s.Derived
		arena, scratch = max(arena, s.Plan.Arena), max(scratch, s.Scratch)
		for _, b := range s.Plan.Kept {
			if !kept[b] {
				kept[b] = true
				total += b.Bytes()
			}
		}
	}
	return total + arena + scratch
}

// Algorithms names, for each op of the list, the algorithm that computes it if that rounds otherwise than the sums as they stand.
func (s Schedule) Algorithms(ops []kernels.Op) []string {
	names := make([]string, len(ops))
	for _, op := range s.Ops {
		for i, part := range op.Parts {
			names[part] = cmp.Or(op.RoundsAs[i], names[part])
		}
	}
	return names
}

// NewSchedule says what a device would make of an op list: its name is as for [Open]. None is opened, but for "auto", which only opening one
// decides. A CPU runs as many workers as o says.
func NewSchedule(name string, o Options, ops []kernels.Op, c CompileOptions) (Schedule, error) {
	switch kind, _, _ := strings.Cut(name, ":"); kind {
	case "", "auto":
		d, err := Open(name, o)
		if err != nil {
			return Schedule{}, err
		}
		s, err := NewSchedule(d.Name(), o, ops, c)
		return s, errors.Join(err, d.Close())
	case "cpu":
		workers, err := workersOf(o)
		if err != nil {
			return Schedule{}, err
		}
		s, err := newCPUSchedule(ops, c, workers)
		return s.Schedule, named(name, err)
	case "cuda", "sim":
		const recent = 90
		s, err := newCUDASchedule(ops, c, recent)
		return s.Schedule, named(name, err)
	}
	return Schedule{}, unknownDevice(name)
}

// named is an error of a device.
func named(device string, err error) error {
	if err != nil {
		return fmt.Errorf("device: %s: %w", device, err)
	}
	return nil
}

// rewritten runs passes over a list that is right, and holds the result to be right too.
func rewritten(ops []kernels.Op, c CompileOptions, passes []rewrite.Pass) ([]rewrite.Op, []rewrite.Applied, error) {
	if err := plan.Check(ops); err != nil {
		return nil, nil, err
	}
	list, report := rewrite.Apply(ops, append(rewrite.Common(), passes...), c.Strict)
	if err := plan.Check(rewrite.Plain(list)); err != nil {
		return nil, nil, fmt.Errorf("after the passes: %w", err)
	}
	return list, report, nil
}

// roundsAs names the algorithms that compute the parts of an op.
func roundsAs(op rewrite.Op, ops []kernels.Op, name func(op, plain kernels.Op) string) (names []string) {
	for _, part := range op.Parts {
		names = append(names, name(op.Op, ops[part]))
	}
	return names
}

// cpuSchedule is a schedule with the code of its ops; those that run together have one.
type cpuSchedule struct {
	Schedule
	list  []kernels.Op
	codes []cpu.Routine
}

func newCPUSchedule(ops []kernels.Op, c CompileOptions, workers int) (s cpuSchedule, err error) {
	if c, err = c.on(false); err != nil {
		return s, err
	}
	s.Precision = c.Precision
	list, report, err := rewritten(ops, c, cpu.Passes())
	if err != nil {
		return s, err
	}
	s.list, s.Passes = rewrite.Plain(list), report
	s.Plan = plan.New(s.list, nil, nil)
	groups := 0
	var first, last []int // of the ops that each of the list runs
	for _, op := range list {
		code, err := cpu.Prepare(op.Op, workers)
		if err != nil {
			return s, err
		}
		s.codes = append(s.codes, code)
		s.Scratch = max(s.Scratch, code.Scratch*kernels.Float32.Size())
		s.Derived += code.Derived * kernels.Float32.Size()
		together, group := cpu.Together(op), 0
		if len(together) > 1 {
			groups++
			group = groups
		}
		first, last = append(first, len(s.Ops)), append(last, len(s.Ops)+len(together)-1)
		for _, member := range together {
			s.Ops = append(s.Ops, Op{
				Op: member.Op, Parts: member.Parts, Algorithm: cpu.Algorithm(member.Op), RoundsAs: roundsAs(member, ops, cpu.RoundsAs), Group: group,
			})
		}
	}
	for i := range s.Plan.Values {
		v := &s.Plan.Values[i]
		v.First, v.Last = first[v.First], last[v.Last]
	}
	return s, nil
}

// cudaSchedule is a schedule with the launches of its ops, in the order of their stages, and what each op waits for.
type cudaSchedule struct {
	Schedule
	launches [][]cuda.Launch
	edges    plan.Edges
	own      []*kernels.Buffer // kept values that the passes made, which are of one program alone
	derived  []kernels.Op      // what makes some of those, where what it reads has changed otherwise than by the list
}

// newCUDASchedule is the schedule on GPUs of a compute capability.
func newCUDASchedule(ops []kernels.Op, c CompileOptions, capability int) (s cudaSchedule, err error) {
	if c, err = c.on(multipliesInAny(capability)); err != nil {
		return s, err
	}
	s.Precision = c.Precision
	rewrittenOps, report, err := rewritten(ops, c, cuda.Passes(c.Precision))
	if err != nil {
		return s, err
	}
	s.Passes = report
	rewrittenOps = slices.DeleteFunc(rewrittenOps, func(op rewrite.Op) bool {
		if cuda.IsDerived(op.Op) {
			s.derived = append(s.derived, op.Op)
		}
		return cuda.IsDerived(op.Op)
	})
	launches, counts := make([][]cuda.Launch, len(rewrittenOps)), make([]int, len(rewrittenOps))
	for i, op := range rewrittenOps {
		if launches[i], err = cuda.Launches(op.Op); err != nil {
			return s, err
		}
		counts[i] = len(launches[i])
	}
	order, spans := plan.Stages(rewrite.Plain(rewrittenOps), counts)
	var list []kernels.Op
	var workspaces []int
	for at, i := range order {
		op := rewrittenOps[i]
		list, workspaces = append(list, op.Op), append(workspaces, cuda.Workspace(launches[i]))
		s.launches = append(s.launches, launches[i])
		s.Ops = append(s.Ops, Op{
			Op: op.Op, Parts: op.Parts, Algorithm: cuda.Algorithm(op.Op), RoundsAs: roundsAs(op, ops, cuda.RoundsAs), Tensor: cuda.TensorPrecision(op.Op),
			Launches: counts[i], Stage: spans[at].First + 1,
		})
		s.Launches += counts[i]
		s.Stages = max(s.Stages, spans[at].Last+1)
	}
	s.Plan = plan.New(list, workspaces, spans)
	s.edges = s.Plan.Edges(list, workspaces)
	given := plan.New(ops, nil, nil).Kept
	for _, b := range s.Plan.Kept {
		if !slices.Contains(given, b) {
			s.own = append(s.own, b)
		}
	}
	return s, nil
}
