package sim

import "slices"

// A warp that comes back to the state in which it was, and has changed nothing meanwhile, does so for ever, unless somebody else changes
// what it reads: that is how endless loops are found, long before any count of instructions (Brent, "An Improved Monte Carlo
// Factorization Algorithm", 1980: the cycle is looked for over ever longer ways).

const (
	firstLook = 1 << 16 // instructions of a warp after which it is looked at, again after twice as many
	shortLook = 1 << 12
	lookShare = 256 // the share of its instructions that a look takes
	maxPolls  = 16  // reads that find what they found before, after which others get their turn
)

// pollState is what a strong read has found.
type pollState struct {
	pc    int32
	off   uint32
	value uint64
}

// poll lets others have their turn when strong reads find the same again and again: their warp may wait for a change.
func (w *warp) poll(in *inst, m uint32) {
	a, i := in.mem, lowest(m)
	now := pollState{pc: w.pc, off: w.off[i]}
	slot := a.vec[0]
	if a.op == update {
		slot = in.d
	}
	switch {
	case slot < 0:
	case a.bank == 'q':
		now.value = w.q[slot][i]
	default:
		now.value = uint64(w.r[slot][i])
	}
	if last := &w.polled[int(w.pc)%len(w.polled)]; *last != now {
		*last = now
		w.polls = 0
		return
	}
	if w.polls++; w.polls >= maxPolls {
		w.yielded = true
	}
}

// waits reports whether a warp has only looked for a change lately.
func (w *warp) waits() bool { return w.looping || w.polls >= maxPolls }

// turn runs a warp for its turn. One that has run for long is looked at.
func (w *warp) turn() {
	switch {
	case w.looping:
		w.looping = w.repeats(shortLook)
	case w.steps > w.nextLook:
		w.nextLook = 2 * w.steps
		w.looping = w.repeats(max(w.steps/lookShare, shortLook))
		if w.looping && w.b.k.ordered { // others may wait for the same
			w.b.launch.firstLook = shortLook
		}
	default:
		before := w.steps
		w.run(w.b.turn())
		if !w.yielded && w.steps-before > shortLook { // it works
			w.polls = 0
		}
	}
}

// repeats runs a warp for some instructions and reports whether it comes back to a state without a change.
func (w *warp) repeats(steps int64) bool {
	b := w.b
	if w.active == 0 && !w.pick() {
		return false
	}
	b.watched, b.changed, b.progress = true, false, false
	defer func() { b.watched = false }()
	s := w.state()
	for end := w.steps + steps; w.steps < end; {
		in := &b.k.code[w.pc]
		if in.class == AsyncCopy || in.class == MatrixMove && in.mem != nil && in.mem.op == store {
			b.changed = true
		}
		w.run(1)
		if b.changed || b.progress || w.active == 0 {
			b.progress = true
			return false
		}
		if s.is(w) {
			return true
		}
	}
	b.progress = true
	return false
}

// warpState is all that decides what a warp does next, but for the memory that it shares with others.
type warpState struct {
	pc, hold, divergent int32
	active, carry       uint32
	groups              []group
	r                   [][32]uint32
	q                   [][32]uint64
	p                   []uint32
	local               []byte
	depths              [32]int // of calls
}

func (w *warp) state() warpState {
	return warpState{w.pc, w.hold, w.divergent, w.active, w.carry, slices.Clone(w.groups), slices.Clone(w.r), slices.Clone(w.q), slices.Clone(w.p),
		slices.Clone(w.local), w.depths()}
}

// is reports whether a warp is in the state.
func (s *warpState) is(w *warp) bool {
	return s.pc == w.pc && s.active == w.active && s.hold == w.hold && (s.divergent == w.divergent || !w.b.k.spins) && s.carry == w.carry && slices.Equal(s.p, w.p) &&
		slices.Equal(s.r, w.r) && slices.Equal(s.q, w.q) && slices.Equal(s.groups, w.groups) && slices.Equal(s.local, w.local) && s.depths == w.depths()
}

// noteChange notes a store that is about to change memory while somebody watches for that.
func (w *warp) noteChange(a *access, buf []byte, m uint32) {
	if !w.b.watched {
		return
	}
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		for k := range a.n {
			if !holds(buf[w.off[i]+k*a.size:], a.size, w.element(a, k, i)) {
				w.b.changed = true
			}
		}
	}
}

// stuck reports whether every warp of the block that is not at a barrier comes back to where it was.
func (b *block) stuck(steps int64) (stuck bool) {
	defer b.recoverFatal(func() { stuck = false })
	for _, w := range b.warps {
		if w.alive != 0 && w.canRun() && !w.repeats(steps) {
			return false
		}
	}
	return true
}

// canRun reports whether a warp has lanes that wait neither at a barrier nor for lanes of the warp.
func (w *warp) canRun() bool {
	return w.active != 0 || slices.ContainsFunc(w.groups, func(g group) bool { return g.state == runnable })
}
