package sim

import (
	"math/bits"
	"slices"
)

// groupState says what a group of lanes waits for.
type groupState uint8

const (
	runnable groupState = iota
	collecting
	atBarrier
)

// group is a set of lanes of a warp at the same instruction. The running group lives in warp.pc and warp.active, the others in
// warp.groups. The runnable group with the lowest pc runs, and groups that meet become one: with the code in the order that the
// compiler gives it, lanes join again where their ways meet, whatever the control flow.
type group struct {
	pc    int32
	mask  uint32
	state groupState
	bar   int32
}

const never = int32(1<<31 - 1)

// warp is 32 threads. The assembly reads r, q and p, in this order.
type warp struct {
	r [][32]uint32
	q [][32]uint64
	p []uint32 // a mask of lanes for each predicate
	b *block

	id        int
	init      uint32 // lanes that exist
	alive     uint32
	pc        int32
	active    uint32
	mergePC   int32 // the lowest pc of a waiting runnable group
	groups    []group
	hold      int32 // turns that a higher group has left
	divergent int32 // branches since the last turn of a higher group
	steps     int64
	yielded   bool

	polls    int          // strong reads in a row that found nothing new: see cycle.go
	polled   [8]pollState // the last ones, by their instruction
	nextLook int64        // steps after which to look whether it is in an endless loop
	looping  bool         // it was, when it was last looked at

	defined   definedLanes
	undefined []*undefinedRegister // by number, most often all nil
	tracking  int                  // how many are not
	carry     uint32
	addr      [32]uint64
	off       [32]uint32
	local     []byte
	localDef  []byte         // the defined bits of local memory
	ended     []bool         // its bytes whose function has returned
	stack     *[32]laneStack // where the kernel has functions that are not inlined

	waited              uint32 // lanes that have come to griddepcontrol.wait
	order               warpOrder
	global              globalOrder
	asyncs, spareAsyncs []*asyncEntry
	groupN              [32]uint32 // cp.async groups that the lane has committed
	bulk                bulkGroups
	trace               *warpTrace // nil unless the block is of a sample
}

// pick makes the runnable group with the lowest pc the running one.
func (w *warp) pick() bool {
	w.park()
	best := never
	for i := range w.groups {
		if g := &w.groups[i]; g.state == runnable {
			best = min(best, g.pc)
		}
	}
	w.hold = 0
	if best == never {
		w.mergePC = never
		return false
	}
	w.take(runnable, best)
	w.setMerge()
	return true
}

// park puts the running group to the others.
func (w *warp) park() {
	if w.active != 0 {
		w.groups = append(w.groups, group{pc: w.pc, mask: w.active})
		w.active = 0
	}
}

// take joins the waiting groups in that state at pc with the running one, which is there or empty.
func (w *warp) take(state groupState, pc int32) {
	w.pc = pc
	rest := w.groups[:0]
	for _, g := range w.groups {
		if g.state == state && g.pc == pc {
			w.active |= g.mask
		} else {
			rest = append(rest, g)
		}
	}
	w.groups = rest
}

func (w *warp) setMerge() {
	w.mergePC = never
	for i := range w.groups {
		if g := &w.groups[i]; g.state == runnable {
			w.mergePC = min(w.mergePC, g.pc)
		}
	}
}

// wait leaves the lanes of m at the current instruction and steps on with the rest.
func (w *warp) wait(m uint32, state groupState, bar int32) {
	w.groups = append(w.groups, group{pc: w.pc, mask: m, state: state, bar: bar})
	w.active &^= m
	w.pc++
}

// fair runs the highest group for some turns: a lower one may be waiting in a loop for what the higher one does.
func (w *warp) fair() {
	highest := int32(-1)
	for i := range w.groups {
		if g := &w.groups[i]; g.state == runnable {
			highest = max(highest, g.pc)
		}
	}
	w.divergent = 0
	if highest < 0 {
		return
	}
	w.park()
	w.take(runnable, highest)
	w.mergePC = never
	w.hold = 64
}

// guarded gives the active lanes whose guard holds.
func (w *warp) guarded(in *inst) uint32 {
	if in.guard < 0 {
		return w.active
	}
	return w.active & (w.p[in.guard] ^ in.guardFlip)
}

// run executes instructions until the budget is spent, the warp yields, or none of its groups can go on.
func (w *warp) run(budget int64) {
	code, counts := w.b.k.code, w.b.counts
	start := budget
	w.yielded = false
	for budget > 0 && !w.yielded {
		if w.active == 0 || w.pc >= w.mergePC {
			if !w.pick() {
				break
			}
		}
		pc := w.pc
		end := min(code[pc].run, w.mergePC)
		if end == pc {
			in := &code[pc]
			counts.enter(pc, w.active)
			counts.leave(pc+1, w.active)
			if in.guard >= 0 {
				counts.idle(pc, w.active&^w.guarded(in))
			}
			budget--
			w.control(in)
			continue
		}
		if int64(end-pc) > budget {
			end = pc + int32(budget)
		}
		budget -= int64(end - pc)
		active := w.active
		counts.enter(pc, active)
		counts.leave(end, active)
		for ; pc < end && w.tracking == 0; pc++ {
			in := &code[pc]
			m := active
			if in.guard >= 0 {
				m &= w.p[in.guard] ^ in.guardFlip
				counts.idle(pc, active&^m)
				if m == 0 {
					continue
				}
			}
			w.pc = pc
			in.exec(w, in, m)
		}
		if pc < end {
			w.runTracked(pc, end, active)
		}
		w.pc = end
	}
	w.steps += start - budget
}

// runTracked is the loop over plain instructions in a warp that holds undefined bits.
func (w *warp) runTracked(pc, end int32, active uint32) {
	for w.pc = pc; w.pc < end; w.pc++ {
		in := &w.b.k.code[w.pc]
		m := active
		if in.guard >= 0 {
			w.useGuard(in, active)
			m = w.guarded(in)
			w.b.counts.idle(w.pc, active&^m)
		}
		if m != 0 {
			w.execute(in, m)
		}
	}
}

// control executes an instruction that is not plain.
func (w *warp) control(in *inst) {
	if in.guard >= 0 {
		if in.watch != nil {
			w.checkGuard(in)
		}
		if w.tracking != 0 {
			w.useGuard(in, w.active)
		}
	}
	m := w.guarded(in)
	if m == 0 {
		w.pc++
		return
	}
	switch in.kind {
	case watched, yield:
		w.executeChecked(in, m)
		w.pc++
	case branch:
		w.branch(in, m)
	case tableBranch:
		w.branchByTable(in, m)
	case exit:
		w.exit(m)
	case call:
		w.call(in, m)
	case returning:
		w.returnFrom(m)
	case collect:
		w.collect(in)
	case blockBarrier:
		if w.trace != nil {
			w.trace.mark()
		}
		w.barrier(in)
	}
}

// collect executes an instruction of several lanes of a warp: those that come with the same member mask together, when all of its members
// that live are here, or all lanes of the warp where the instruction has no mask (PTX ISA, "shfl.sync", "bar.warp.sync").
func (w *warp) collect(in *inst) {
	w.take(collecting, w.pc)
	m := w.guarded(in)
	waiting := m
	if in.e < 0 {
		if w.alive != fullMask {
			w.report(PartialWarp, lowest(m), "all 32 lanes must take part, but only %08x live", w.alive)
		}
		if w.alive&^m == 0 {
			w.executeChecked(in, m)
			waiting = 0
		}
	} else {
		for x := m; x != 0; {
			members := w.r[in.e][lowest(x)]
			group := lanesWith(&w.r[in.e], members, x)
			x &^= group
			elsewhere := uint32(0)
			if in.meets {
				elsewhere = w.waitingWith(members)
			}
			if members&w.alive&^(group|elsewhere) != 0 {
				continue
			}
			w.checkMembers(members, group)
			w.executeChecked(in, group)
			w.stepOn(elsewhere)
			waiting &^= group
		}
	}
	if waiting != 0 {
		w.wait(waiting, collecting, -1)
		return
	}
	w.pc++
}

// executeChecked is execute with the look at registers that may not have been written.
func (w *warp) executeChecked(in *inst, m uint32) {
	w.checkRegisters(in, m)
	w.execute(in, m)
}

// lanesWith gives the lanes of m whose register holds v.
func lanesWith(r *[32]uint32, v, m uint32) (same uint32) {
	for x := m; x != 0; x &= x - 1 {
		i := lowest(x)
		same |= bit(r[i] == v) << i
	}
	return same
}

// checkMembers looks at the member mask with which some lanes execute an instruction.
func (w *warp) checkMembers(members, lanes uint32) {
	if strange := lanes &^ members; strange != 0 {
		w.report(BadMask, lowest(strange), "the executing lane is not in the member mask %08x", members)
	}
	if gone := members & w.init &^ w.alive; gone != 0 {
		w.advise(BadMask, lowest(lanes), "the member mask %08x names lanes %08x, which have exited without coming here with that mask: from sm_70 on they do not count", members, gone)
	}
	if absent := members &^ w.init; absent != 0 && members != fullMask {
		w.report(BadMask, lowest(lanes), "the member mask %08x names lanes %08x, which the block does not have", members, absent)
	}
}

// waitingWith gives the lanes that wait with that member mask at any instruction whose lanes may meet those at others.
func (w *warp) waitingWith(members uint32) (lanes uint32) {
	for _, g := range w.groups {
		if in := &w.b.k.code[g.pc]; g.state == collecting && in.meets {
			lanes |= lanesWith(&w.r[in.e], members, g.mask)
		}
	}
	return lanes
}

// stepOn lets lanes that wait at instructions whose lanes may meet step on.
func (w *warp) stepOn(lanes uint32) {
	for i := range w.groups {
		g := &w.groups[i]
		if free := g.mask & lanes; free != 0 {
			g.mask &^= free
			w.groups = append(w.groups, group{pc: g.pc + 1, mask: free})
		}
	}
	w.groups = slices.DeleteFunc(w.groups, func(g group) bool { return g.mask == 0 })
	w.setMerge()
}

func lowest(m uint32) int   { return bits.TrailingZeros32(m) & 31 }
func popcount(m uint32) int { return bits.OnesCount32(m) }
