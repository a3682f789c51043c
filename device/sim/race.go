package sim

import (
	"fmt"
	"sync/atomic"
	"unsafe"
)

// Accesses to one place in global memory race when nothing orders them (order.go, fence.go), one of them writes, and not both are
// strong: atomics, or volatile, relaxed, acquiring or releasing loads and stores, of a scope that holds the other thread (PTX ISA,
// "Morally strong operations", "Conflict and Data-races").
//
// Two stores of the same value leave the place as it is, whichever comes first: that is advice, since the values may only happen to be equal.
// It excuses nothing but store against store. A load that is not ordered against a store is a race whatever was stored: it may come
// before the first store, and whoever branches on it then goes another way.

// checkOrder looks at an access for others to the same places that it races with, and notes it.
func (w *warp) checkOrder(a *access, al *allocation, m uint32) {
	s := al.cells(a.size)
	first, me := w.b.firstStamp, w.openSegment()
	if me == 0 {
		return
	}
	reads := a.op == load || a.op == asyncCopy
	if reads && !a.strong && s.cellLog == 2 {
		var look uint32 // most lanes read what nobody writes and what was marked as read before
		for k := uint32(0); k < uint32(a.bytes); k += 4 {
			look |= lanesAtLeast(unsafe.Pointer(&s.writer[0]), &w.off, k, first, m)
			look |= lanesAtLeast(unsafe.Pointer(&s.strong[0]), &w.off, k, first, m)
			look |= lanesUnlike(unsafe.Pointer(&s.reader[0]), &w.off, k, 0, me|severalLanes, first, m)
		}
		m = look
	}
	look := raceCheck{w: w, a: a, al: al, s: s, me: me, lanes: m}
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		o := uint64(w.off[i])
		for c := o >> s.cellLog; c <= (o+a.bytes-1)>>s.cellLog; c++ {
			switch {
			case !reads && a.strong:
				look.strongWrite(c, i)
			case !reads:
				look.write(c, i)
			case a.strong:
				look.strongRead(c, i)
			default:
				look.read(c, i)
			}
		}
	}
}

// raceCheck is the look at one access.
type raceCheck struct {
	w     *warp
	a     *access
	al    *allocation
	s     *shadow
	me    uint32 // stamp of the segment
	lanes uint32
	past  uint32 // a segment that was found to be ordered before the access
}

func (x *raceCheck) read(c uint64, lane int) {
	x.noteReader(c, uint32(lane))
	x.against(atomic.LoadUint32(&x.s.writer[c]), c, lane, "reads what %s wrote")
	x.against(atomic.LoadUint32(&x.s.strong[c]), c, lane, "reads with a plain load what %s wrote with an atomic or a volatile store")
}

func (x *raceCheck) noteReader(c uint64, code uint32) {
	for {
		r := atomic.LoadUint32(&x.s.reader[c])
		next := x.w.withReader(r, x.me, code)
		if next == r || atomic.CompareAndSwapUint32(&x.s.reader[c], r, next) {
			return
		}
	}
}

func (x *raceCheck) write(c uint64, lane int) {
	mine := x.me | uint32(lane)
	switch old := atomic.SwapUint32(&x.s.writer[c], mine); {
	case old < x.w.b.firstStamp, old == mine:
	case x.sameValue(old, c, lane):
		x.againstEqual(old, c, lane)
	default:
		x.against(old, c, lane, "writes over what %s wrote")
	}
	x.against(atomic.LoadUint32(&x.s.reader[c]), c, lane, "writes over what %s read")
	x.against(atomic.LoadUint32(&x.s.strong[c]), c, lane, "writes with a plain store over what %s wrote with an atomic or a volatile store")
}

func (x *raceCheck) strongRead(c uint64, lane int) {
	x.noteReader(c, strongWide)
	x.againstStrong(atomic.LoadUint32(&x.s.strong[c]), c, lane)
	x.against(atomic.LoadUint32(&x.s.writer[c]), c, lane, "reads what %s wrote with a plain store")
}

func (x *raceCheck) strongWrite(c uint64, lane int) {
	code := uint32(strongWide)
	if x.a.narrow {
		code = strongNarrow
	}
	what := "writes over"
	if x.a.op == update {
		what = "does an atomic on"
	}
	if x.a.floatAdd {
		code = floatAdd
	}
	old := atomic.SwapUint32(&x.s.strong[c], x.me|code)
	x.againstStrong(old, c, lane)
	if code == floatAdd && old&laneMask == floatAdd {
		x.againstAdd(old, c, lane)
	}
	x.against(atomic.LoadUint32(&x.s.writer[c]), c, lane, what+" what %s wrote with a plain store")
	if r := atomic.LoadUint32(&x.s.reader[c]); !isStrongReader(r) {
		x.against(r, c, lane, what+" what %s read with a plain load")
	}
}

// against reports an access that is not ordered against the one with a stamp.
func (x *raceCheck) against(stamp uint32, c uint64, lane int, what string) {
	if stamp < x.w.b.firstStamp || stamp&^laneMask == x.past && stamp&^laneMask != x.me {
		return
	}
	switch r, s := x.w.relate(stamp, lane); r {
	case inOrder:
		if s.block != x.w.b.index || s.warp != x.w.id { // in its own warp it depends on the lane
			x.past = stamp &^ laneMask
		}
	case withoutFence:
		if !x.a.strong && (x.a.op == load || x.a.op == asyncCopy) {
			x.report(r, s, c, lane, what)
		}
	default:
		x.report(r, s, c, lane, what)
	}
}

// againstStrong is against for two strong accesses, which race only if the scope of one does not hold the other thread.
func (x *raceCheck) againstStrong(stamp uint32, c uint64, lane int) {
	if stamp < x.w.b.firstStamp || stamp&laneMask != strongNarrow && !x.a.narrow {
		return
	}
	if r, s := x.w.relate(stamp, lane); r == betweenBlocks {
		x.report(r, s, c, lane, "is of scope .cta, or what it meets is, of %s")
	}
}

// againstAdd is against for two atomic additions of floats, which round differently in another order.
func (x *raceCheck) againstAdd(stamp uint32, c uint64, lane int) {
	if stamp < x.w.b.firstStamp {
		return
	}
	if r, s := x.w.relate(stamp, lane); r >= withinBlock {
		_, who, _ := x.describe(r, s)
		x.w.adviseArray(OrderDependent, x.w.pc, lane, x.w.allocationName(x.al), "adds floats at offset %d, as %s does, in any order: the last bits of the sum may differ from run to run",
			c<<x.s.cellLog, who)
	}
}

// againstEqual is against for a store of the value that is there already.
func (x *raceCheck) againstEqual(stamp uint32, c uint64, lane int) {
	r, s := x.w.relate(stamp, lane)
	if kind, who, _ := x.describe(r, s); r >= withinBlock {
		x.w.adviseArray(kind, x.w.pc, lane, x.w.allocationName(x.al), "writes the value that %s wrote in the same launch, at offset %d: nothing orders the two, which does no harm as long as the values are the same",
			who, c<<x.s.cellLog)
	}
}

// sameValue reports whether a store leaves a cell as the last one, with the stamp, has left it: that may be one of the same instruction.
func (x *raceCheck) sameValue(stamp uint32, c uint64, lane int) bool {
	w, a := x.w, x.a
	data, off := x.al.data(), uint64(w.off[lane])
	other := int(stamp & laneMask)
	together := stamp&^laneMask == x.me && other < lane && x.lanes>>other&1 != 0 && w.off[other] == w.off[lane]
	for k := range a.n {
		from := off + uint64(k*a.size)
		switch {
		case from>>x.s.cellLog > c || (from+uint64(a.size)-1)>>x.s.cellLog < c:
		case a.vec[k] < 0:
			return false
		case together:
			if w.element(a, k, lane) != w.element(a, k, other) {
				return false
			}
		case !holds(data[from:], a.size, w.element(a, k, lane)):
			return false
		}
	}
	return true
}

func (x *raceCheck) report(r relation, s segment, c uint64, lane int, what string) {
	w, severity := x.w, Error
	if r <= withinWarp {
		severity = Advice
	}
	if w.b.seen[seenReport{severity, x.kind(r), w.pc}] {
		return
	}
	kind, who, missing := x.describe(r, s)
	w.note(severity, kind, w.pc, lane, w.allocationName(x.al), what+" in the same launch, at offset %d: %s", who, c<<x.s.cellLog, missing)
}

// kind is the kind of a race.
func (x *raceCheck) kind(r relation) Kind {
	switch r {
	case withinWarp:
		return WarpRace
	case withinBlock:
		return GlobalRace
	}
	return BlockRace
}

// describe says for a report whose access the other one was and what is missing between the two.
func (x *raceCheck) describe(r relation, s segment) (kind Kind, who, missing string) {
	kind, who, missing = x.kind(r), "other blocks", "nothing orders the two"
	switch {
	case r == withinWarp:
		who, missing = "another lane of the warp", "there is no __syncwarp between"
	case r == withinBlock:
		who, missing = fmt.Sprintf("warp %d of the block", s.warp), "there is no barrier between"
	case s.block >= 0:
		who = formatIndex("block", x.w.b.coordinates(s.block))
	}
	if r == withoutFence {
		missing = "the flag was read before, but no fence follows that: a plain load may find an old value in the L1 cache"
	}
	return kind, who, missing
}
