package sim

import "cnn-gpu/device/sim/ptx"

func (w *warp) branch(in *inst, m uint32) {
	rest := w.active &^ m
	if rest == 0 {
		if in.target <= w.pc && len(w.groups) > 0 {
			if w.hold > 0 {
				if w.hold--; w.hold == 0 {
					w.setMerge()
				}
			} else if w.divergent++; w.b.k.spins && w.divergent > 256 {
				w.pc = in.target
				w.fair()
				return
			}
		}
		w.pc = in.target
		return
	}
	w.divergent++
	if w.hold > 0 {
		w.hold--
	}
	low, high := group{pc: in.target, mask: m}, group{pc: w.pc + 1, mask: rest}
	if low.pc > high.pc {
		low, high = high, low
	}
	w.groups = append(w.groups, high)
	w.pc, w.active = low.pc, low.mask
	w.setMerge()
	if w.b.k.spins && w.divergent > 256 {
		w.fair()
	}
}

// branchByTable is brx.idx: each lane goes to the entry of the table that its register names.
func (w *warp) branchByTable(in *inst, m uint32) {
	w.checkRegisters(in, m)
	w.useAll(&w.b.k.refs[w.pc], m)
	w.groups = appendGroup(w.groups, w.pc+1, w.active&^m)
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		x := w.r[in.a][i]
		if x >= uint32(len(in.list)) {
			w.fault(BadBranch, i, "index %d into a table of %d branch targets", x, len(in.list))
		}
		w.groups = append(w.groups, group{pc: in.list[x], mask: 1 << i})
	}
	w.active = 0
	w.pick()
}

func appendGroup(g []group, pc int32, m uint32) []group {
	if m != 0 {
		g = append(g, group{pc: pc, mask: m})
	}
	return g
}

func (w *warp) exit(m uint32) {
	w.alive &^= m
	w.active &^= m
	w.b.exited += popcount(m)
	w.pc++
	for i := range w.groups {
		if w.groups[i].state == collecting { // it may have waited for the lanes that are gone
			w.groups[i].state = runnable
		}
	}
	w.b.afterExit()
	w.pick()
}

func decodeBranch(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(1)
	if s.Operands[0].Kind != ptx.LabelOperand {
		d.fail("the target is not a label")
	}
	d.fixes = append(d.fixes, fixup{len32(d.k.code) - 1, d.frame, s.Operands[0].Value, -1})
}

func len32[T any](s []T) int32 { return int32(len(s)) }

// decodeGridDependence: griddepcontrol.wait and .launch_dependents (programmatic dependent launch, node.go). That others may begin changes
// nothing here but the estimate: they run later.
func decodeGridDependence(_ *decoder, in *inst, s *ptx.Instruction) {
	if !s.Op.Has("wait") {
		in.exec = func(w *warp, _ *inst, _ uint32) { w.b.launch.lets.Store(true) }
		return
	}
	in.exec = func(w *warp, _ *inst, m uint32) {
		w.waited |= m
		w.b.launch.waited.Store(true)
	}
}

// decodeTableBranch: brx.idx index, table
func decodeTableBranch(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(2)
	if s.Operands[1].Kind != ptx.TableOperand {
		d.fail("the second operand is not a table of targets")
	}
	in.a = d.src(s.Operands[0], 'r')
	table := d.frame.fn.BranchTables[s.Operands[1].Value]
	in.list = make([]int32, len(table))
	for i, target := range table {
		d.fixes = append(d.fixes, fixup{len32(d.k.code) - 1, d.frame, uint64(target), i})
	}
}

// decodeReturn: a kernel's ret ends the thread, that of an inlined function goes to its end.
func decodeReturn(d *decoder, in *inst, s *ptx.Instruction) {
	switch {
	case d.frame.caller == nil && d.callee != nil:
		in.kind = returning
		return
	case d.frame.caller == nil:
		return
	}
	in.kind = branch
	d.fixes = append(d.fixes, fixup{len32(d.k.code) - 1, d.frame, uint64(len(d.frame.fn.Body)), -1})
}
