package sim

import (
	"slices"

	"cnn-gpu/device/sim/ptx"
)

// barrierState is one of the 16 barriers of a block.
type barrierState struct {
	arrived, expected int    // threads; expected 0 means all of the block
	warps             uint32 // that took part
	count             uint32 // lanes whose predicate holds, for bar.red
	all               bool
}

// barrierOp is what bar does.
type barrierOp uint8

const (
	barSync barrierOp = iota
	barArrive
	barCount
	barOr
	barAnd
)

// reduces reports whether the threads bring a predicate: bar.red.
func (o barrierOp) reduces() bool { return o >= barCount }

// barrierForm is the constant part of bar and barrier.
type barrierForm struct {
	op        barrierOp
	unaligned bool   // single lanes may arrive, else all of a warp together
	flip      uint32 // all ones for a negated predicate of bar.red
}

// decodeBarrier: bar{.cta}.{sync,arrive,red} and barrier{.cta}..., of which only those without .aligned take single lanes.
func decodeBarrier(d *decoder, in *inst, s *ptx.Instruction) {
	mods := s.Op.Modifiers
	if len(mods) > 0 && mods[0] == "cta" {
		mods = mods[1:]
	}
	if len(mods) == 0 {
		d.fail("%w", ErrUnknownInstruction)
	}
	f := &barrierForm{unaligned: s.Op.Name == "barrier" && !s.Op.Has("aligned")}
	in.barrier = f
	args := s.Operands
	switch mods[0] {
	case "sync":
	case "arrive":
		f.op = barArrive
	case "red":
		i := slices.IndexFunc(mods, func(m string) bool { return m == "popc" || m == "or" || m == "and" })
		if i < 0 || len(args) < 3 {
			d.fail("%w", ErrUnknownInstruction)
		}
		f.op = map[string]barrierOp{"popc": barCount, "or": barOr, "and": barAnd}[mods[i]]
		if f.op == barCount {
			in.d = d.dstOrScratch(args[0], 'r')
		} else {
			in.d = d.dstOrScratch(args[0], 'p')
		}
		last := args[len(args)-1]
		in.c = d.src(last, 'p')
		f.flip = spread(last.Not)
		args = args[1 : len(args)-1]
	case "cluster":
		d.fail("clusters are not supported")
	default:
		d.fail("%w", ErrUnknownInstruction)
	}
	if len(args) > 0 {
		in.a = d.src(args[0], 'r')
	}
	if len(args) > 1 {
		in.b = d.src(args[1], 'r')
	}
}

// barrier executes bar and barrier.
func (w *warp) barrier(in *inst) {
	f := in.barrier
	w.take(collecting, w.pc)
	m := w.guarded(in)
	if w.alive&^m != 0 && !f.unaligned {
		w.wait(m, collecting, -1)
		return
	}
	w.checkRegisters(in, m)
	w.useAll(&w.b.k.refs[w.pc], m)
	b, first := w.b, lowest(m)
	if gone := w.init &^ w.alive; gone != 0 && !f.unaligned && b.checks&Barriers != 0 {
		w.advise(DivergentBarrier, first, "lanes %08x of the warp have exited without coming here: from sm_70 on they do not count, but __syncthreads is for all threads of a block", gone)
	}
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
	if f.op.reduces() {
		v := w.p[in.c] ^ f.flip
		s.count += uint32(popcount(v & m))
		s.all = s.all && m&^v == 0
	}
	if in.b >= 0 && !f.unaligned { // counted in whole warps
		s.arrived += 32
	} else {
		s.arrived += popcount(m)
	}
	if f.op == barArrive {
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
	b.joinOrder(s.warps)
	b.eachWaiting(id, func(w *warp, g *group) {
		in := &b.k.code[g.pc]
		switch in.barrier.op {
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
func (b *block) afterExit() {
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
