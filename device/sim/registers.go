package sim

import "fmt"

// Reading what nobody wrote is no mistake: the padding of a structure is copied with it. A value that was never written is followed
// through registers and memory until something depends on it: an address, a branch, a word of global memory. As in memcheck (Seward
// and Nethercote, "Using Valgrind to detect undefined value errors with bit-precision", 2005) it is known by the bit, but how a bit gets from
// operands to results is found out by experiment: an instruction is run again with other values in the undefined bits of its operands,
// and the bits of the result that change are undefined. Only warps that hold such a register pay for it.

// undefinedRegister says which bits of a register depend on what was never written.
type undefinedRegister struct {
	bits     [32]uint64
	lanes    uint32 // with such bits
	computed uint32 // of these, the lanes whose value was computed and not only moved
	origin   [32]*origin
}

// origin is the first read of what was never written.
type origin struct {
	kind   Kind
	pc     int32
	al     *allocation // global memory
	at     uint64      // the offset in it, or the address in shared or in the warp's local memory
	stored bool        // something undefined was stored there
}

// index numbers the registers of all banks.
func (k *Kernel) index(r registerRef) int32 {
	switch r.bank {
	case 'q':
		return k.slots[0] + r.slot
	case 'p':
		return k.slots[0] + k.slots[1] + r.slot
	}
	return r.slot
}

// taint marks bits of a lane's register as undefined.
func (w *warp) taint(r registerRef, lane int, bits uint64, computed bool, o *origin) {
	if bits == 0 {
		return
	}
	i := w.b.k.index(r)
	u := w.undefined[i]
	if u == nil {
		u = &undefinedRegister{}
		w.undefined[i] = u
		w.tracking++
	}
	u.bits[lane] |= bits
	u.lanes |= 1 << lane
	u.origin[lane] = o
	if computed {
		u.computed |= 1 << lane
	}
}

// clean marks a register as defined in the lanes of m.
func (w *warp) clean(r registerRef, m uint32) {
	i := w.b.k.index(r)
	u := w.undefined[i]
	if u == nil || u.lanes&m == 0 {
		return
	}
	for x := u.lanes & m; x != 0; x &= x - 1 {
		u.bits[lowest(x)] = 0
	}
	u.lanes &^= m
	u.computed &^= m
	if u.lanes == 0 {
		w.undefined[i] = nil
		w.tracking--
	}
}

func (w *warp) forgetUndefined() {
	clear(w.undefined)
	w.tracking = 0
}

// definedLanes says in which lanes a register that needs a look was written.
type definedLanes struct{ r, q, p []uint32 }

func (l *definedLanes) lanes(r registerRef) *uint32 {
	switch r.bank {
	case 'q':
		return &l.q[r.slot]
	case 'p':
		return &l.p[r.slot]
	}
	return &l.r[r.slot]
}

func (l *definedLanes) reset() {
	clear(l.r)
	clear(l.q)
	clear(l.p)
}

// checkRegisters marks registers that are read in lanes that have not written them, and notes those that are written.
func (w *warp) checkRegisters(in *inst, m uint32) {
	if in.watch == nil || w.b.checks&Uninitialized == 0 {
		return
	}
	for _, r := range in.watch.reads {
		if missing := m &^ *w.defined.lanes(r); missing != 0 {
			w.taintUnwritten(r, missing)
		}
	}
	for _, r := range in.watch.writes {
		*w.defined.lanes(r) |= m
	}
}

// taintUnwritten marks a register that is read in lanes that have not written it, which count as written from there on.
func (w *warp) taintUnwritten(r registerRef, missing uint32) {
	*w.defined.lanes(r) |= missing
	o := &origin{kind: UninitializedRegister, pc: w.pc}
	for x := missing; x != 0; x &= x - 1 {
		w.taint(r, lowest(x), allBits(r.bank), false, o)
	}
}

func allBits(bank byte) uint64 {
	switch bank {
	case 'q':
		return 1<<64 - 1
	case 'p':
		return 1
	}
	return 1<<32 - 1
}

// checkGuard marks the guard alone, which is read in all active lanes.
func (w *warp) checkGuard(in *inst) {
	if w.b.checks&Uninitialized == 0 {
		return
	}
	for _, r := range in.watch.reads {
		if r.bank == 'p' && r.slot == in.guard {
			if missing := w.active &^ w.defined.p[r.slot]; missing != 0 {
				w.taintUnwritten(r, missing)
			}
		}
	}
}

// useGuard reports a guard that depends on what was never written.
func (w *warp) useGuard(in *inst, m uint32) {
	w.use("the condition", registerRef{'p', in.guard}, m)
}

// use reports that something depends on undefined bits of a register, which count as defined from there on: one mistake, one finding.
func (w *warp) use(what string, r registerRef, m uint32) {
	u := w.undefined[w.b.k.index(r)]
	if u == nil || u.lanes&m == 0 {
		return
	}
	i := lowest(u.lanes & m)
	w.reportUse(Error, what, i, u.origin[i])
	w.clean(r, m)
}

func (w *warp) reportUse(s Severity, what string, lane int, o *origin) {
	b := w.b
	array, source := "", ""
	switch o.kind {
	case UninitializedRegister:
		source = "a register that was read before it was written"
	case UninitializedGlobal:
		array = w.allocationName(o.al)
		source = fmt.Sprintf("offset %d of it, which was never written since the allocation", o.at)
	case UninitializedShared:
		array = b.arrayAt(o.at)
		source = fmt.Sprintf("shared address %d, which was never written in this block", o.at)
	default:
		array = "local memory"
		source = fmt.Sprintf("offset %d of local memory, which was never written", o.at%b.k.localBytes)
	}
	if o.stored {
		source += " but with such a value"
	}
	w.note(s, o.kind, w.pc, lane, array, "%s depends on %s, read by %s", what, source, b.k.location(o.pc))
}

// execute runs an instruction in the lanes of m, and follows undefined bits if there are any.
func (w *warp) execute(in *inst, m uint32) {
	if w.tracking == 0 {
		in.exec(w, in, m)
		return
	}
	w.track(in, m)
}
