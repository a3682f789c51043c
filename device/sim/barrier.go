package sim

// barrierState is one of the 16 barriers of a block.
type barrierState struct {
	arrived, expected int    // threads; expected 0 means all of the block
	warps             uint32 // that took part
	count             uint32 // lanes whose predicate holds, for bar.red
	all               bool
}

// What bar does, in inst.mode.
const (
	barSync uint8 = iota
	barArrive
	barCount
	barOr
	barAnd
)

// barrier is bar and barrier. All lanes of a warp arrive together, unless flag says that the instruction is not aligned.
func (w *warp) barrier(in *inst) {
	w.take(collecting, w.pc)
	m := w.guarded(in)
	if w.alive&^m != 0 && !in.flag {
		w.wait(m, collecting, -1)
		return
	}
	w.checkRegisters(in, m)
	b, first := w.b, lowest(m)
	id := int32(0)
	if in.a >= 0 {
		id = int32(w.r[in.a][first])
	}
	if id < 0 || id > 15 {
		w.fault(BadBarrier, first, "there is no barrier %d", id)
	}
	expected := 0
	if in.b >= 0 {
		expected = int(w.r[in.b][first])
		if expected%32 != 0 || expected == 0 {
			w.fault(BadBarrier, first, "the number of threads, %d, is not a multiple of 32", expected)
		}
	}
	s := &b.barriers[id]
	if s.arrived == 0 {
		s.count, s.all = 0, true
	} else if s.expected != expected {
		w.report(BadBarrier, first, "barrier %d for %d threads, others wait there for %d", id, expected, s.expected)
	}
	s.expected = expected
	s.warps |= 1 << w.id
	if in.mode >= barCount {
		v := w.p[in.c] ^ uint32(in.imm)
		s.count += uint32(popcount(v & m))
		s.all = s.all && m&^v == 0
	}
	if in.b >= 0 && !in.flag { // counted in whole warps
		s.arrived += 32
	} else {
		s.arrived += popcount(m)
	}
	if in.mode == barArrive {
		w.pc++
	} else {
		w.wait(m, atBarrier, id)
		if w.active == 0 {
			w.pick()
		}
	}
	b.progress = true
	b.tryRelease(id)
}

// tryRelease opens a barrier when all that it waits for have arrived.
func (b *block) tryRelease(id int32) {
	s := &b.barriers[id]
	switch {
	case s.arrived == 0, s.expected > 0 && s.arrived < s.expected, s.expected == 0 && s.arrived+b.exited < b.size():
		return
	}
	if s.expected == 0 && b.exited > 0 && b.checks&Barriers != 0 {
		b.eachWaiting(id, func(w *warp, g *group) {
			w.reportAt(DivergentBarrier, g.pc, lowest(g.mask), "%d threads of the block have exited without coming here", b.exited)
		})
	}
	b.joinOrder(s.warps)
	b.eachWaiting(id, func(w *warp, g *group) {
		in := &b.k.code[g.pc]
		switch in.mode {
		case barCount:
			for m := g.mask; m != 0; m &= m - 1 {
				w.r[in.d][lowest(m)] = s.count
			}
		case barOr:
			w.setPredicate(in.d, g.mask, spread(s.count > 0))
		case barAnd:
			w.setPredicate(in.d, g.mask, spread(s.all))
		}
		g.state = runnable
		g.pc++
	})
	for _, w := range b.warps {
		if s.warps>>w.id&1 == 0 {
			continue
		}
		if w.active == 0 {
			w.pick()
		} else {
			w.setMerge()
		}
	}
	*s = barrierState{}
}

func (b *block) eachWaiting(id int32, f func(w *warp, g *group)) {
	for _, w := range b.warps {
		for i := range w.groups {
			if g := &w.groups[i]; g.state == atBarrier && g.bar == id {
				f(w, g)
			}
		}
	}
}

// afterExit looks whether a barrier waited only for the lanes that have just exited.
func (b *block) afterExit(w *warp) {
	if b.checks&Barriers != 0 {
		for _, g := range w.groups {
			if b.k.code[g.pc].kind == blockBarrier {
				w.reportAt(DivergentBarrier, g.pc, lowest(g.mask), "lanes %08x wait here while other lanes of the warp have exited", g.mask)
			}
		}
	}
	for id := range b.barriers {
		b.tryRelease(int32(id))
	}
}

func spread(b bool) uint32 {
	if b {
		return fullMask
	}
	return 0
}

func (w *warp) setPredicate(slot int32, m, v uint32) {
	if slot >= 0 {
		w.p[slot] = w.p[slot]&^m | v&m
	}
}
