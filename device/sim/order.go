package sim

import "slices"

// The order of accesses to shared memory is kept with vector clocks (Mattern, "Virtual Time and Global States of Distributed Systems",
// 1989; for races Flanagan and Freund, "FastTrack", 2009). The time of a block grows when something orders its warps, such as a
// barrier; an access carries the time at which it was done. A warp knows of each other warp up to which time its accesses are
// ordered before its own.

// asyncEngine stands for the copies that no thread waits for by itself, in a vector clock.
const asyncEngine = 32

type vectorClock [33]uint32

func (v *vectorClock) join(o *vectorClock) {
	for i := range v {
		v[i] = max(v[i], o[i])
	}
}

// warpOrder is what a warp knows about the order.
type warpOrder struct {
	known vectorClock // accesses of a warp before this time are ordered before what comes now
	all   uint32      // the least of the warps in known: what was done before is ordered, whichever warp did it
	sub   uint32      // grows when something orders the lanes of the warp
	stamp uint32      // of the open segment, 0 if there is none: see segment.go
}

func (o *warpOrder) reset(now uint32) {
	for i := range o.known {
		o.known[i] = now
	}
	o.all = now
	o.syncWarp()
}

func (o *warpOrder) syncWarp() {
	o.sub++
	o.stamp = 0
}

func (o *warpOrder) learn(v *vectorClock, warps int) {
	o.known.join(v)
	o.all = slices.Min(o.known[:warps])
	o.syncWarp()
}

// joinOrder is a barrier among warps: each learns what any of them knows, and what they have done.
func (b *block) joinOrder(warps uint32) {
	b.time++
	var v vectorClock
	for _, w := range b.warps {
		if warps>>w.id&1 != 0 {
			v.join(&w.order.known)
		}
	}
	for _, w := range b.warps {
		if warps>>w.id&1 != 0 {
			v[w.id] = b.time
		}
	}
	for _, w := range b.warps {
		if warps>>w.id&1 != 0 {
			w.order.learn(&v, len(b.warps))
		}
	}
	b.joinAcquired(warps)
}

// unordered reports whether nothing orders what a warp of the block did at a time before what this one does now.
func (w *warp) unordered(warp int, time uint32) bool {
	return time >= w.order.known[warp] && (!w.b.k.fences || !w.b.launch.covers(w.global.seen, segment{block: w.b.index, warp: warp, time: time}))
}

// cell is what is known about some bytes of shared memory: the last write, the last reads and the last atomics. A time before the
// start of the block means never.
type cell struct {
	writeTime, writeSub     uint32
	readTime, readWarps     uint32 // the warps that have read since the time
	readSub, readLanes      uint32 // of the warp that read last
	atomicTime, atomicWarps uint32
	atomicSub, atomicLanes  uint32
	writePC, readPC         int32
	writer                  uint16 // thread, or asyncThread
	readWarp, atomicWarp    uint8
	pending, lent           uint8 // copies to and from here that nobody has waited for
	guard                   bool  // belongs to no array
	manyTimes               bool  // the warps have read at different times: block.readTimes
}

const asyncThread = asyncEngine << 5

// readOrdered notes a load of one place by some lanes, when the last write is ordered before it whoever did it.
func (w *warp) readOrdered(off, bytes, lanes uint32) bool {
	b := w.b
	all, start, now, sub := w.order.all, b.start, b.time, w.order.sub
	first := off >> b.cellShift
	cells := b.cells[first : (off+bytes-1)>>b.cellShift+1]
	for i := range cells {
		if x := &cells[i]; x.writeTime-start >= all-start || x.pending > 0 || x.atomicTime >= all || x.writer == asyncThread {
			return false
		}
	}
	for i := range cells {
		x := &cells[i]
		switch {
		case x.readTime == now && int(x.readWarp) == w.id && x.readSub == sub: // read just now
			x.readLanes |= lanes
			x.readPC = w.pc
		case x.readTime < all: // whoever read it
			x.readTime, x.readWarps, x.manyTimes = now, 1<<w.id, false
			x.readWarp, x.readSub, x.readLanes, x.readPC = uint8(w.id), sub, lanes, w.pc
		case x.readTime == now && !x.manyTimes:
			x.readWarps |= 1 << w.id
			x.readWarp, x.readSub, x.readLanes, x.readPC = uint8(w.id), sub, lanes, w.pc
		default:
			w.noteRead(x, first+uint32(i), lanes)
		}
	}
	return true
}

// readRow is readOrdered for loads of one cell each by sets of lanes. It gives the lanes whose cell wants a closer look.
func (w *warp) readRow(places []uint32) (rest uint32) {
	b, id, pc := w.b, uint8(w.id), w.pc
	all, start, now, sub := w.order.all, b.start, b.time, w.order.sub
	cells, shift := b.cells, b.cellShift&31
	for _, lanes := range places {
		index := w.off[lowest(lanes)] >> shift
		x := &cells[index]
		switch {
		case x.writeTime-start >= all-start || x.pending > 0 || x.atomicTime >= all || x.writer == asyncThread:
			rest |= lanes
		case x.readTime < all: // whoever read it
			x.readTime, x.readWarps, x.manyTimes = now, 1<<(id&31), false
			x.readWarp, x.readSub, x.readLanes, x.readPC = id, sub, lanes, pc
		case x.readTime == now && x.readWarp == id && x.readSub == sub: // read just now
			x.readLanes |= lanes
			x.readPC = pc
		case x.readTime == now && !x.manyTimes:
			x.readWarps |= 1 << (id & 31)
			x.readWarp, x.readSub, x.readLanes, x.readPC = id, sub, lanes, pc
		default:
			w.noteRead(x, index, lanes)
		}
	}
	return rest
}

// noteRead keeps the readers of a cell. Earlier readers that are ordered before this one may be forgotten: who comes after this one
// comes after them.
func (w *warp) noteRead(x *cell, index, lanes uint32) {
	b := w.b
	if x.readTime != b.time {
		if x.readTime >= b.start && x.readWarps&^(1<<w.id) != 0 && w.unorderedReaders(x, index) {
			b.splitReadTimes(x, index)
		} else {
			x.readWarps, x.manyTimes = 0, false
		}
		x.readTime = b.time
	}
	x.readWarps |= 1 << w.id
	if x.manyTimes {
		b.readTimes[index][w.id] = b.time
	}
	if int(x.readWarp) != w.id || x.readSub != w.order.sub {
		x.readWarp, x.readSub, x.readLanes = uint8(w.id), w.order.sub, 0
	}
	x.readLanes |= lanes
	x.readPC = w.pc
}

// readAt gives the time of a warp's last read of a cell.
func (b *block) readAt(x *cell, index uint32, warp int) uint32 {
	if x.manyTimes {
		return b.readTimes[index][warp]
	}
	return x.readTime
}

func (w *warp) unorderedReaders(x *cell, index uint32) bool {
	for m := x.readWarps &^ (1 << w.id); m != 0; m &= m - 1 {
		if w.b.readAt(x, index, lowest(m)) >= w.order.known[lowest(m)] {
			return true
		}
	}
	return false
}

func (b *block) splitReadTimes(x *cell, index uint32) {
	if x.manyTimes {
		return
	}
	times := new([32]uint32)
	for m := x.readWarps; m != 0; m &= m - 1 {
		times[lowest(m)] = x.readTime
	}
	if b.readTimes == nil {
		b.readTimes = map[uint32]*[32]uint32{}
	}
	b.readTimes[index], x.manyTimes = times, true
}

// readCells checks and notes a load of one lane. never are the bytes that were not written in this block, a bit for each.
func (w *warp) readCells(lane int, off, bytes uint32) (never uint32) {
	b := w.b
	for c := off >> b.cellShift; c <= (off+bytes-1)>>b.cellShift; c++ {
		x := &b.cells[c]
		switch {
		case x.pending == 0 && x.writeTime < w.order.all && x.writeTime >= b.start && x.writer != asyncThread:
		case x.guard:
			w.reportShared(OutOfBounds, lane, off, "lies behind the end of the array")
		case x.pending > 0:
			w.reportShared(AsyncRace, lane, off, "is read, but the asynchronous copy to it, issued by %s, was not waited for", w.threadName(x.writer))
		case x.writeTime < b.start:
			first := max(c<<b.cellShift, off)
			never |= (1<<(min((c+1)<<b.cellShift, off+bytes)-first) - 1) << (first - off)
		case int(x.writer>>5) == w.id:
			if x.writeSub == w.order.sub && int(x.writer&31) != lane {
				w.reportShared(WarpRace, lane, off, "was written by %s of the same warp (%s) with no __syncwarp between", w.threadName(x.writer), b.k.location(x.writePC))
			}
		case w.unordered(int(x.writer>>5), x.writeTime):
			w.reportShared(SharedRace, lane, off, "was written by %s (%s) with no barrier between", w.threadName(x.writer), b.k.location(x.writePC))
		}
		if x.atomicTime >= w.order.all {
			w.afterAtomic(x, lane, off)
		}
		w.noteRead(x, c, 1<<lane)
	}
	return never
}

// readWritten is readCells for what must have been written.
func (w *warp) readWritten(lane int, off, bytes uint32) {
	if w.readCells(lane, off, bytes) != 0 {
		w.reportShared(UninitializedShared, lane, off, "was never written in this block")
	}
}

// writeOrdered notes a store of one lane, when all that was done there before is ordered before it whoever did it. pending is 1 for one
// that an asynchronous copy will do.
func (w *warp) writeOrdered(lane int, off, bytes uint32, pending uint8) bool {
	b := w.b
	all := w.order.all
	cells := b.cells[off>>b.cellShift : (off+bytes-1)>>b.cellShift+1]
	for i := range cells {
		if x := &cells[i]; max(x.writeTime, x.readTime, x.atomicTime) >= all || x.pending|x.lent != 0 || x.guard || x.writer == asyncThread {
			return false
		}
	}
	for i := range cells {
		x := &cells[i]
		x.writeTime, x.writeSub, x.writer, x.writePC = b.time, w.order.sub, uint16(w.id<<5|lane), w.pc
		x.pending = pending
	}
	return true
}

// writeCells checks and notes a store of one lane. known says that v is what it stores: the same value again does no harm.
func (w *warp) writeCells(lane int, off, bytes uint32, v uint64, known bool) {
	b := w.b
	thread := uint16(w.id<<5 | lane)
	for c := off >> b.cellShift; c <= (off+bytes-1)>>b.cellShift; c++ {
		x := &b.cells[c]
		switch {
		case x.guard:
			w.reportShared(OutOfBounds, lane, off, "lies behind the end of the array")
		case x.pending > 0:
			w.reportShared(AsyncRace, lane, off, "is written, but the asynchronous copy to it, issued by %s, was not waited for", w.threadName(x.writer))
		case x.writeTime < b.start || x.writer == thread:
		case int(x.writer>>5) == w.id:
			if x.writeSub == w.order.sub && !(known && holds(b.shared[off:], bytes, v)) {
				w.reportShared(WarpRace, lane, off, "gets another value from %s of the same warp (%s) with no __syncwarp between", w.threadName(x.writer), b.k.location(x.writePC))
			}
		case !w.unordered(int(x.writer>>5), x.writeTime):
		case known && holds(b.shared[off:], bytes, v):
			w.noteShared(Advice, SharedRace, lane, off, "gets the same value as from %s (%s) with no barrier between: a race once the values differ", w.threadName(x.writer), b.k.location(x.writePC))
		default:
			w.reportShared(SharedRace, lane, off, "gets another value from %s (%s) with no barrier between", w.threadName(x.writer), b.k.location(x.writePC))
		}
		if x.lent > 0 {
			w.reportShared(AsyncRace, lane, off, "is written, but the asynchronous copy from it was not waited for")
		}
		w.afterReads(x, c, lane, off)
		if x.atomicTime >= w.order.all {
			w.afterAtomic(x, lane, off)
		}
		x.writeTime, x.writeSub, x.writer, x.writePC = b.time, w.order.sub, thread, w.pc
	}
}

// afterReads reports reads that are not ordered before the write that is being done.
func (w *warp) afterReads(x *cell, index uint32, lane int, off uint32) {
	b := w.b
	if x.readTime < b.start {
		return
	}
	for m := x.readWarps &^ (1 << w.id); m != 0; m &= m - 1 {
		if r := lowest(m); w.unordered(r, b.readAt(x, index, r)) {
			w.reportShared(SharedRace, lane, off, "is written after warp %d read it (%s) with no barrier between", r, b.k.location(x.readPC))
		}
	}
	if others := x.readLanes &^ (1 << lane); int(x.readWarp) == w.id && x.readSub == w.order.sub && others != 0 {
		w.reportShared(WarpRace, lane, off, "is written after lane %d of the same warp read it (%s) with no __syncwarp between", lowest(others), b.k.location(x.readPC))
	}
}

// atomicCells checks and notes an atomic, which is kept apart from plain writes.
func (w *warp) atomicCells(lane int, off, bytes uint32) {
	b := w.b
	thread := uint16(w.id<<5 | lane)
	for c := off >> b.cellShift; c <= (off+bytes-1)>>b.cellShift; c++ {
		x := &b.cells[c]
		warp := int(x.writer >> 5)
		switch {
		case x.guard:
			w.reportShared(OutOfBounds, lane, off, "lies behind the end of the array")
		case x.writeTime < b.start:
			w.reportShared(UninitializedShared, lane, off, "has an atomic, but was never written in this block")
		case x.writer != thread && (warp == w.id && x.writeSub == w.order.sub || warp != w.id && w.unordered(warp, x.writeTime)):
			w.reportShared(SharedRace, lane, off, "has an atomic, and was written by %s (%s) with no barrier between", w.threadName(x.writer), b.k.location(x.writePC))
		}
		w.afterReads(x, c, lane, off)
		if x.atomicTime != b.time {
			x.atomicTime, x.atomicWarps = b.time, 0
		}
		x.atomicWarps |= 1 << w.id
		if int(x.atomicWarp) != w.id || x.atomicSub != w.order.sub {
			x.atomicWarp, x.atomicSub, x.atomicLanes = uint8(w.id), w.order.sub, 0
		}
		x.atomicLanes |= 1 << lane
	}
}

// afterAtomic reports a plain access to a place with an atomic that is not ordered before it.
func (w *warp) afterAtomic(x *cell, lane int, off uint32) {
	if x.atomicTime < w.b.start {
		return
	}
	for m := x.atomicWarps &^ (1 << w.id); m != 0; m &= m - 1 {
		if w.unordered(lowest(m), x.atomicTime) {
			w.reportShared(SharedRace, lane, off, "has a plain access after an atomic of warp %d with no barrier between", lowest(m))
		}
	}
	if others := x.atomicLanes &^ (1 << lane); int(x.atomicWarp) == w.id && x.atomicSub == w.order.sub && others != 0 {
		w.reportShared(WarpRace, lane, off, "has a plain access after an atomic of lane %d of the same warp with no __syncwarp between", lowest(others))
	}
}

// reportShared reports an error, but for a race within a warp by volatile accesses: code from before sm_70, where lanes ran together.
func (w *warp) reportShared(k Kind, lane int, off uint32, format string, args ...any) {
	s := Error
	if in := &w.b.k.code[w.pc]; k == WarpRace && in.mem != nil && in.mem.strong {
		s = Advice
	}
	w.noteShared(s, k, lane, off, format, args...)
}

func (w *warp) noteShared(s Severity, k Kind, lane int, off uint32, format string, args ...any) {
	if w.b.k.isReserved(off) {
		return // what is behind cooperative groups has an order of its own
	}
	if w.b.seen[seenReport{s, k, w.pc}] {
		return
	}
	w.note(s, k, w.pc, lane, w.b.arrayAt(uint64(off)), "shared address %d "+format, append([]any{off}, args...)...)
}

// threadName names a thread of the block.
func (w *warp) threadName(thread uint16) string {
	if thread >= asyncThread {
		return "an asynchronous copy"
	}
	return formatIndex("thread", w.b.thread(int(thread>>5), int(thread&31)))
}

func holds(p []byte, bytes uint32, v uint64) bool {
	switch bytes {
	case 1:
		return p[0] == byte(v)
	case 2:
		return le.Uint16(p) == uint16(v)
	case 4:
		return le.Uint32(p) == uint32(v)
	}
	return le.Uint64(p) == v
}
