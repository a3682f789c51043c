package sim

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

// checkRegisters reports registers that are read in lanes that have not written them, and notes those that are written.
func (w *warp) checkRegisters(in *inst, m uint32) {
	if in.watch == nil || w.b.checks&Uninitialized == 0 {
		return
	}
	for _, r := range in.watch.reads {
		if missing := m &^ *w.defined.lanes(r); missing != 0 {
			w.report(UninitializedRegister, lowest(missing), "a register is read before it was written")
		}
	}
	for _, r := range in.watch.writes {
		*w.defined.lanes(r) |= m
	}
}

func (w *warp) checkGuard(in *inst) {
	if w.b.checks&Uninitialized == 0 {
		return
	}
	for _, r := range in.watch.reads {
		if r.bank == 'p' && r.slot == in.guard {
			if missing := w.active &^ w.defined.p[r.slot]; missing != 0 {
				w.report(UninitializedRegister, lowest(missing), "the guard predicate is read before it was written")
			}
		}
	}
}
