package sim

import (
	"sync/atomic"
	"unsafe"
)

// shadow is what the checks of a launch know about the bytes of an allocation. Everything in it is a stamp that grows from launch to
// launch, so that nothing has to be cleared: what is below the first stamp of a launch did not happen in it.
type shadow struct {
	cellLog uint     // log2 of the bytes of a cell
	writer  []uint32 // stamp of the block that last wrote the cell
	reader  []uint32 // stamp of the block that read it, or the first stamp of the launch if several did

	sectorRead, sectorWritten []uint32 // the launch that last touched the 32 bytes
}

// sectors gives the shadow with the stamps of sectors.
func (a *allocation) sectors() *shadow {
	if s := a.shadow.Load(); s != nil {
		return s
	}
	return a.makeShadow(2)
}

// cells gives the shadow with cells as small as the accesses. Cells are of 4 bytes until a narrower access comes; those it then
// splits into keep the stamps, so nothing is forgotten.
func (a *allocation) cells(size uint32) *shadow {
	log := uint(2)
	if size < 4 {
		log = uint(size >> 1)
	}
	if s := a.shadow.Load(); s != nil && s.writer != nil && s.cellLog <= log {
		return s
	}
	return a.makeShadow(log)
}

func (a *allocation) makeShadow(log uint) *shadow {
	a.atomics.Lock()
	defer a.atomics.Unlock()
	n := int(a.size)
	old := a.shadow.Load()
	if old != nil && old.cellLog <= log {
		return old
	}
	s := &shadow{cellLog: log, writer: make([]uint32, n>>log+8), reader: make([]uint32, n>>log+8)}
	if old == nil {
		s.sectorRead, s.sectorWritten = make([]uint32, n/32+8), make([]uint32, n/32+8)
	} else {
		s.sectorRead, s.sectorWritten = old.sectorRead, old.sectorWritten
		for i := range old.writer {
			for j := i << (old.cellLog - log); j < (i+1)<<(old.cellLog-log) && j < len(s.writer); j++ {
				s.writer[j], s.reader[j] = atomic.LoadUint32(&old.writer[i]), atomic.LoadUint32(&old.reader[i])
			}
		}
	}
	a.shadow.Store(s)
	return s
}

// forgetShadows starts the stamps anew.
func (m *memory) forgetShadows() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.regions {
		a.shadow.Store(nil)
	}
}

// lanesUnlike gives the lanes of m whose word is neither x nor y. The words lie at (off+add)>>shift, cut to a multiple of 4 bytes,
// from base on.
func lanesUnlikeGo(base unsafe.Pointer, off *[32]uint32, add uint32, shift uint, x, y, m uint32) (unlike uint32) {
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		v := *(*uint32)(unsafe.Add(base, (off[i]+add)>>shift&^3))
		unlike |= bit(v != x && v != y) << i
	}
	return unlike
}

// lanesAtLeast gives the lanes of m whose word at off+add is limit or more.
func lanesAtLeastGo(base unsafe.Pointer, off *[32]uint32, add, limit, m uint32) (atLeast uint32) {
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		v := *(*uint32)(unsafe.Add(base, (off[i]+add)&^3))
		atLeast |= bit(v >= limit) << i
	}
	return atLeast
}

// checkBlocks looks for accesses of other blocks to the same places that nothing orders, see fence.go.
func (w *warp) checkBlocks(a *access, al *allocation, m uint32) {
	s := al.cells(a.size)
	first, me := w.b.firstStamp, w.openSegment()
	if a.op == load && s.cellLog == 2 {
		var look uint32 // most lanes read what nobody writes and what was marked as read before
		for k := uint32(0); k < uint32(a.bytes); k += 4 {
			look |= lanesAtLeast(unsafe.Pointer(&s.writer[0]), &w.off, k, first, m)
			look |= lanesUnlike(unsafe.Pointer(&s.reader[0]), &w.off, k, 0, me, first, m)
		}
		m = look
	}
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		o := uint64(w.off[i])
		for c := o >> s.cellLog; c <= (o+a.bytes-1)>>s.cellLog; c++ {
			switch {
			case a.op == load || a.op == asyncCopy:
				w.blockRead(s, c, i, al)
			case a.op == store:
				w.blockWrite(s, c, i, al)
			default:
				w.blockAtomic(s, c, i, al)
			}
		}
	}
}

// markRead notes the block as a reader of a cell.
func (w *warp) markRead(s *shadow, c uint64) {
	first, me := w.b.firstStamp, w.openSegment()
	for {
		r := atomic.LoadUint32(&s.reader[c])
		next := me
		switch {
		case r == me || r == first:
			return
		case r > first && w.b.blockOf(r) != w.b.index:
			next = first
		}
		if atomic.CompareAndSwapUint32(&s.reader[c], r, next) {
			return
		}
	}
}

func (w *warp) blockRead(s *shadow, c uint64, i int, al *allocation) {
	w.markRead(s, c)
	if x := atomic.LoadUint32(&s.writer[c]); w.foreign(x) {
		w.reportBlockRace(i, al, c<<s.cellLog, "reads what %s wrote", x)
	}
}

func (w *warp) blockWrite(s *shadow, c uint64, i int, al *allocation) {
	if x := atomic.SwapUint32(&s.writer[c], w.openSegment()); w.foreign(x) {
		w.reportBlockRace(i, al, c<<s.cellLog, "writes over what %s wrote", x)
	}
	if x := atomic.LoadUint32(&s.reader[c]); w.foreign(x) {
		w.reportBlockRace(i, al, c<<s.cellLog, "writes over what %s read", x)
	}
}

// blockAtomic: atomics do not race with each other.
func (w *warp) blockAtomic(s *shadow, c uint64, i int, al *allocation) {
	if x := atomic.LoadUint32(&s.writer[c]); w.foreign(x) {
		w.reportBlockRace(i, al, c<<s.cellLog, "does an atomic on what %s wrote", x)
	}
	if x := atomic.LoadUint32(&s.reader[c]); w.foreign(x) {
		w.reportBlockRace(i, al, c<<s.cellLog, "does an atomic on what %s read", x)
	}
}

func (w *warp) reportBlockRace(i int, al *allocation, off uint64, what string, stamp uint32) {
	who := "other blocks"
	if stamp > w.b.firstStamp {
		who = formatIndex("block", w.b.coordinates(w.b.blockOf(stamp)))
	}
	w.reportArray(BlockRace, w.pc, i, w.allocationName(al), what+" in the same launch, at offset %d: nothing orders the two", who, off)
}
