package sim

import (
	"slices"

	"cnn-gpu/device/sim/sass"
	"cnn-gpu/device/sim/sm"
)

// ptxProgram makes what the model of a multiprocessor runs from the PTX, where there is no machine code. Each instruction waits for the
// registers that it reads; the order within a block is that of a list scheduler, since the compiler to machine code has one, too.
func (v *wave) ptxProgram() *sm.Program {
	k := v.kernel
	f := k.flow()
	p := &sm.Program{}
	for b := range f.successors {
		first, last := int(f.start[b]), int(f.start[b+1])
		block := sm.Block{Times: v.executed[first] / v.launched}
		var ops []scheduled
		for pc := first; pc < last; pc++ {
			if o, kept := v.ptxOp(pc); kept {
				ops = append(ops, scheduled{Op: o, fence: k.isFence(pc)})
			}
		}
		block.Ops = listSchedule(ops)
		p.Blocks = append(p.Blocks, block)
		for _, s := range f.successors[b] {
			if int(s) <= b {
				p.Loops = append(p.Loops, sm.Loop{First: int(s), Last: b})
			}
		}
	}
	p.Loops = nestLoops(p.Loops)
	return p
}

// Cycles until the result of an arithmetic instruction can be used: Jia et al. 2018, "Dissecting the NVIDIA Volta GPU Architecture via
// Microbenchmarking", table 4.1, and the same since.
const arithmeticLatency = 4

// classUnits tells the units of the classes that have one for all their instructions.
var classUnits = map[Class]sass.Unit{
	Float32: sass.Float32, FMA32: sass.Float32, Float64: sass.Float64, Half: sass.Half, SpecialFunction: sass.SpecialFunction,
	Conversion: sass.Conversion, Integer: sass.Integer, Predicate: sass.Integer,
}

// ptxOp says what an instruction asks of the multiprocessor; nothing, if it has no counterpart in machine code.
func (v *wave) ptxOp(pc int) (o sm.Op, kept bool) {
	k, in := v.kernel, &v.kernel.code[pc]
	t := timings{&v.chip}
	o = sm.Op{Stall: 1, Write: sm.None, Read: sm.None, Tag: pc, Latency: 1, Result: sm.FixedLatency}
	for _, r := range k.refs[pc].reads {
		o.Uses = append(o.Uses, k.index(r))
	}
	for _, r := range k.refs[pc].writes {
		o.Defines = append(o.Defines, k.index(r))
	}
	a := &v.access[pc]
	switch in.class {
	case ParameterLoad, Move:
		o.Latency = 0 // operands of other instructions
		return o, len(o.Defines) > 0
	case TensorCore:
		o.Pipe, o.Busy, o.Latency = t.matrix(float64(in.mma.flops()), t.tensorRate(in.mma.count()))
	case BarrierClass:
		if in.kind == blockBarrier {
			o.Kind = sm.Barrier
		}
	case SharedLoad, SharedStore, MatrixMove, Shuffle:
		o.Pipe, o.Busy, o.Latency, o.Result = sm.Memory, 1, sharedLatency, sm.ShortScoreboard
		if a.sharedRequests > 0 {
			o.Busy = float64(a.sharedWavefronts) / float64(a.sharedRequests)
		}
	case GlobalLoad, GlobalStore, LocalAccess, Atomic, AsyncCopy:
		v.ptxGlobal(&o, pc)
	default:
		if u, known := classUnits[in.class]; known {
			if name := k.source[pc].instr.Op.Name; u == sass.Integer && (name == "mul" || name == "mad") {
				u = sass.IntegerMultiply
			}
			o.Pipe, o.Busy, o.Latency = t.unit(u)
			o.Latency = max(o.Latency, arithmeticLatency)
		}
	}
	return o, true
}

// ptxGlobal fills in an access to global memory, or what belongs to asynchronous copies.
func (v *wave) ptxGlobal(o *sm.Op, pc int) {
	a := &v.access[pc]
	o.Result = sm.LongScoreboard
	if keep, is := v.kernel.copiesLeft(pc); is {
		o.Kind, o.Board, o.Keep = sm.WaitCount, 0, keep
		return
	}
	if v.kernel.code[pc].class == AsyncCopy && a.globalRequests == 0 && v.kernel.code[pc].mem == nil {
		o.Kind, o.Write = sm.Commit, 0
		return
	}
	o.Pipe, o.Busy, o.Latency = sm.Memory, 1, v.use.latency(&v.chip, pc)
	o.Copy = v.kernel.code[pc].class == AsyncCopy
	if n := float64(a.globalRequests); n > 0 {
		o.Busy = float64(a.globalLines+a.sharedWavefronts) / n
	} else if n := float64(a.sharedRequests); n > 0 {
		o.Busy, o.Latency, o.Result = float64(a.sharedWavefronts)/n, sharedLatency, sm.ShortScoreboard
	}
}

// copiesLeft gives how many groups of asynchronous copies may go on past the instruction, if it waits for them.
func (k *Kernel) copiesLeft(pc int) (keep int, is bool) {
	op := k.source[pc].instr.Op
	if op.Name != "cp" || !op.Has("wait_group") && !op.Has("wait_all") {
		return 0, false
	}
	if op.Has("wait_group") {
		keep = int(min(k.source[pc].instr.Operands[0].Value, 63))
	}
	return keep, true
}

// isFence says whether no access to memory may be moved past the instruction.
func (k *Kernel) isFence(pc int) bool {
	switch k.code[pc].class {
	case GlobalStore, SharedStore, BarrierClass, Atomic, AsyncCopy, Fence, Control, Shuffle, LocalAccess:
		return true
	}
	return false
}

// scheduled is an instruction that is to find its place in a block.
type scheduled struct {
	sm.Op
	fence      bool
	successors []int
	waits      int     // predecessors that have no place yet
	path       float64 // cycles from it to the end of the block
}

// listSchedule orders a block: of the instructions whose operands are computed, the one with the longest way to the end comes first.
func listSchedule(ops []scheduled) []sm.Op {
	dependences(ops)
	for i := len(ops) - 1; i >= 0; i-- {
		for _, s := range ops[i].successors {
			ops[i].path = max(ops[i].path, ops[s].path+max(ops[i].Latency, 1))
		}
	}
	var ready []int
	for i := range ops {
		if ops[i].waits == 0 {
			ready = append(ready, i)
		}
	}
	var order []sm.Op
	for len(ready) > 0 {
		best := 0
		for i, n := range ready {
			if ops[n].path > ops[ready[best]].path || ops[n].path == ops[ready[best]].path && n < ready[best] {
				best = i
			}
		}
		n := ready[best]
		ready = slices.Delete(ready, best, best+1)
		order = append(order, ops[n].Op)
		for _, s := range ops[n].successors {
			if ops[s].waits--; ops[s].waits == 0 {
				ready = append(ready, s)
			}
		}
	}
	return order
}

// dependences finds what has to stay in order: uses of registers behind their definitions, definitions behind uses, accesses to memory
// and the last instruction, a branch, behind fences.
func dependences(ops []scheduled) {
	defined, used := map[int32]int{}, map[int32][]int{}
	lastFence := -1
	var accesses []int // since the last fence
	after := func(i, before int) {
		ops[before].successors = append(ops[before].successors, i)
		ops[i].waits++
	}
	for i := range ops {
		o := &ops[i]
		for _, r := range o.Uses {
			if d, known := defined[r]; known {
				after(i, d)
			}
			used[r] = append(used[r], i)
		}
		for _, r := range o.Defines {
			if d, known := defined[r]; known && d != i {
				after(i, d)
			}
			for _, u := range used[r] {
				if u != i {
					after(i, u)
				}
			}
			defined[r], used[r] = i, nil
		}
		memory := o.Pipe == sm.Memory || o.fence || o.Kind != sm.Plain
		if memory && lastFence >= 0 {
			after(i, lastFence)
		}
		if o.fence {
			for _, a := range accesses {
				after(i, a)
			}
			accesses, lastFence = nil, i
		} else if memory {
			accesses = append(accesses, i)
		}
	}
	if n := len(ops) - 1; n > 0 && ops[n].fence && ops[n].Pipe == sm.NoPipe {
		for i := range ops[:n] {
			if len(ops[i].successors) == 0 {
				after(n, i)
			}
		}
	}
}
