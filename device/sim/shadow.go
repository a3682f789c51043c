package sim

import (
	"sync/atomic"
	"unsafe"
)

// shadow is what the checks of a launch know about the bytes of an allocation. Everything in it is a stamp that grows from launch to
// launch (segment.go), so that nothing has to be cleared.
type shadow struct {
	cellLog uint     // log2 of the bytes of a cell
	writer  []uint32 // who last wrote the cell with a plain store
	reader  []uint32 // who read it: one, a set of segments, or "several blocks"; with strong loads only where nobody did with a plain one
	strong  []uint32 // who last wrote it with an atomic, or a volatile, relaxed or releasing store

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
	if s := a.shadow.Load(); s != nil && s.cellLog <= log {
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
	stamps := func() []uint32 { return make([]uint32, n>>log+8) }
	s := &shadow{cellLog: log, writer: stamps(), reader: stamps(), strong: stamps()}
	if old == nil {
		s.sectorRead, s.sectorWritten = make([]uint32, n/32+8), make([]uint32, n/32+8)
	} else {
		s.sectorRead, s.sectorWritten = old.sectorRead, old.sectorWritten
		for i := range old.writer {
			for j := i << (old.cellLog - log); j < (i+1)<<(old.cellLog-log) && j < len(s.writer); j++ {
				s.writer[j], s.reader[j] = atomic.LoadUint32(&old.writer[i]), atomic.LoadUint32(&old.reader[i])
				s.strong[j] = atomic.LoadUint32(&old.strong[i])
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
