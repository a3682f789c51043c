package sim

import (
	"maps"
	"sync"

	"cnn-gpu/device/sim/ptx"
)

// Blocks of a launch are ordered only by what their threads do: a fence and then an atomic (or a volatile, relaxed or releasing store)
// on one side, an atomic that returns a value (or a volatile, relaxed or acquiring load) of the same place later on the other. That
// is the pattern of a reduction by the last block. The order is kept only for kernels that have fences of the whole device.
//
// An access is noted with the stamp of a segment: what a warp does between two of its barriers and fences. A release makes the segments
// known that were closed before its fence, those of other warps if a barrier of the block lies between.

// segment is a part of a warp's work.
type segment struct {
	block int64
	warp  int
	time  uint32
}

// release is what a thread publishes: the segments of its block that come before its fence, and what it has acquired itself.
type release struct {
	block    int64
	known    vectorClock
	acquired acquired
}

// acquired counts the releases of a place, by its address, that a warp has seen.
type acquired map[uint64]int

// launchOrder is what the blocks of a launch share.
type launchOrder struct {
	mu       sync.Mutex
	segments []segment
	releases map[uint64][]release
}

// globalOrder is what a warp knows about other blocks.
type globalOrder struct {
	stamp    uint32 // of the open segment, 0 if there is none
	fence    *release
	acquired acquired
}

// openSegment gives the stamp for the accesses of the warp.
func (w *warp) openSegment() uint32 {
	b := w.b
	if !b.k.fences {
		return b.stamp
	}
	if w.global.stamp == 0 {
		o := b.order
		o.mu.Lock()
		o.segments = append(o.segments, segment{b.index, w.id, b.time})
		w.global.stamp = b.firstStamp + uint32(len(o.segments))
		o.mu.Unlock()
	}
	return w.global.stamp
}

// decodeFence: only fences that reach other blocks do something.
func decodeFence(d *decoder, in *inst, s *ptx.Instruction) {
	in.exec = execNothing
	if s.Op.Has("gl") || s.Op.Has("sys") || s.Op.Has("gpu") {
		d.k.fences = true
		in.exec = execFence
	}
}

// execFence closes the segment. What comes before the fence is published with the atomics that come after it.
func execFence(w *warp, in *inst, m uint32) {
	w.b.time++
	r := &release{block: w.b.index, known: w.order.known, acquired: maps.Clone(w.global.acquired)}
	r.known[w.id] = w.b.time
	w.global.fence, w.global.stamp = r, 0
}

// publish is the releasing side of an access to addr.
func (w *warp) publish(addr uint64) {
	if w.global.fence == nil {
		return
	}
	o := w.b.order
	o.mu.Lock()
	o.releases[addr] = append(o.releases[addr], *w.global.fence)
	o.mu.Unlock()
}

// acquire is the other side.
func (w *warp) acquire(addr uint64) {
	o := w.b.order
	o.mu.Lock()
	defer o.mu.Unlock()
	all := o.releases[addr]
	if len(all) == 0 {
		return
	}
	if w.global.acquired == nil {
		w.global.acquired = acquired{}
	}
	for _, r := range all[w.global.acquired[addr]:] {
		w.global.acquired.join(r.acquired)
	}
	w.global.acquired[addr] = len(all)
}

func (a acquired) join(other acquired) {
	for addr, n := range other {
		a[addr] = max(a[addr], n)
	}
}

// synchronize does what an access to global memory does for the order of blocks.
func (w *warp) synchronize(a *access, result bool, al *allocation, m uint32) {
	releases := a.op == update || a.op == store && a.volatile
	acquires := a.op == update && result || a.op == load && a.volatile
	if a.release {
		execFence(w, nil, m)
	}
	for ; m != 0 && (releases || acquires); m &= m - 1 {
		addr := al.addr + uint64(w.off[lowest(m)])
		if acquires {
			w.acquire(addr)
		}
		if releases {
			w.publish(addr)
		}
	}
}

// sees reports whether a segment of another block is ordered before what the warp does now.
func (w *warp) sees(s segment) bool {
	o := w.b.order
	for addr, n := range w.global.acquired {
		for _, r := range o.releases[addr][:n] {
			if r.block == s.block && s.time < r.known[s.warp] {
				return true
			}
		}
	}
	return false
}

// foreign reports whether a stamp is of an access of another block, in this launch, that nothing orders before what the warp does now.
func (w *warp) foreign(stamp uint32) bool {
	b := w.b
	switch {
	case stamp < b.firstStamp:
		return false
	case !b.k.fences:
		return stamp != b.stamp
	case stamp == b.firstStamp: // several blocks have read
		return true
	}
	b.order.mu.Lock()
	defer b.order.mu.Unlock()
	s := b.order.segments[stamp-b.firstStamp-1]
	return s.block != b.index && !w.sees(s)
}

// blockOf gives the index of the block that a stamp belongs to.
func (b *block) blockOf(stamp uint32) int64 {
	n := int64(stamp - b.firstStamp - 1)
	if b.k.fences {
		b.order.mu.Lock()
		defer b.order.mu.Unlock()
		return b.order.segments[n].block
	}
	return n
}

// joinAcquired lets the warps of a barrier share what they know of other blocks, and closes their segments.
func (b *block) joinAcquired(warps uint32) {
	if !b.k.fences {
		return
	}
	all := acquired{}
	for _, w := range b.warps {
		if warps>>w.id&1 != 0 {
			all.join(w.global.acquired)
		}
	}
	for _, w := range b.warps {
		if warps>>w.id&1 != 0 {
			w.global.acquired, w.global.stamp = maps.Clone(all), 0
		}
	}
}
