package sim

import (
	"slices"
	"sync"
	"sync/atomic"
)

// A stamp says who did an access to global memory: a segment, which is what a warp does between two points where something orders it
// (a barrier, a fence, __syncwarp), and the lane. What is below the first stamp of a launch did not happen in it.
const (
	laneBits = 6
	laneMask = 1<<laneBits - 1

	severalLanes = 32 // of one warp have read
	strongWide   = 33 // atomics, and volatile, relaxed, acquiring or releasing accesses, whatever the lane
	strongNarrow = 34 // the same of scope .cta
	floatAdd     = 35 // atomic additions of floats
)

// maxSegments is how many segments of a launch are told apart; what comes after them is not checked.
const maxSegments = 1 << 24

// segment is a part of a warp's work, or a set of such parts that have all read a place.
type segment struct {
	block   int64
	warp    int
	time    uint32
	sub     uint32   // see warpOrder
	readers []uint32 // of a set: stamps of segments
}

// maxReaders is how many readers of a place are told apart where nothing orders them; older ones are forgotten.
const maxReaders = 64

// launchOrder is what the blocks of a launch share.
type launchOrder struct {
	mu sync.Mutex
	schedule
	workspace uint64 // see special.go
	firstLook int64  // see cycle.go
	sample    *sample
	node      *Node       // nil for a launch by itself
	waited    atomic.Bool // a thread came to griddepcontrol.wait
	lets      atomic.Bool // one came to griddepcontrol.launch_dependents

	first    uint32 // the stamp before those of the segments: "several blocks have read"
	segments []segment
	sets     map[[2]uint32]uint32 // by the readers so far and the one that comes
	places   map[syncPlace]*releases
}

func newLaunchOrder(first uint32) *launchOrder {
	return &launchOrder{firstLook: firstLook, first: first, sets: map[[2]uint32]uint32{}, places: map[syncPlace]*releases{}}
}

// last is the greatest stamp that was given.
func (o *launchOrder) last() uint32 { return o.first + uint32(len(o.segments))<<laneBits | laneMask }

// add gives the stamp of a new segment, 0 if there are too many. The caller holds the lock.
func (o *launchOrder) add(s segment) uint32 {
	if len(o.segments) >= maxSegments {
		return 0
	}
	o.segments = append(o.segments, s)
	return o.first + uint32(len(o.segments))<<laneBits
}

// of gives the segment of a stamp above the first.
func (o *launchOrder) of(stamp uint32) segment {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.segments[(stamp-o.first)>>laneBits-1]
}

// openSegment gives the stamp for the accesses of the warp, without the lane.
func (w *warp) openSegment() uint32 {
	if w.order.stamp == 0 {
		o := w.b.launch
		o.mu.Lock()
		w.order.stamp = o.add(segment{block: w.b.index, warp: w.id, time: w.b.time, sub: w.order.sub})
		o.mu.Unlock()
	}
	return w.order.stamp
}

// relation says how an earlier access stands to what a warp does now.
type relation uint8

const (
	inOrder       relation = iota
	withoutFence           // ordered, but for a fence after the flag was read
	withinWarp             // unordered accesses of two lanes of a warp
	withinBlock            // of two warps of a block
	betweenBlocks          // of two blocks
)

// relate finds the relation to the access with a stamp, the worst one where several have read, and whose access that is.
func (w *warp) relate(stamp uint32, lane int) (relation, segment) {
	b := w.b
	switch {
	case stamp < b.firstStamp:
		return inOrder, segment{}
	case stamp&^laneMask == b.firstStamp:
		return betweenBlocks, segment{block: -1}
	}
	s := b.launch.of(stamp)
	if s.readers == nil {
		return w.relateSegment(s, stamp&laneMask, lane), s
	}
	worst, whose := inOrder, s
	for _, r := range s.readers {
		one := b.launch.of(r)
		if x := w.relateSegment(one, strongWide, lane); x > worst {
			worst, whose = x, one
		}
	}
	return worst, whose
}

func (w *warp) relateSegment(s segment, code uint32, lane int) relation {
	b := w.b
	switch {
	case s.block == b.index && s.warp == w.id:
		if s.sub == w.order.sub && code <= severalLanes && code != uint32(lane) {
			return withinWarp
		}
		return inOrder
	case s.block == b.index && s.time < w.order.known[s.warp], b.k.fences && b.launch.covers(w.global.seen, s):
		return inOrder
	case b.k.fences && b.launch.covers(w.global.hoped, s):
		return withoutFence
	case s.block == b.index:
		return withinBlock
	}
	return betweenBlocks
}

// withReader gives the stamp that stands for the readers of a place after one more, whose code is its lane or strongWide. Readers that are
// ordered before it are forgotten: who comes after it comes after them. A strong reader is noted only where there is no plain one, which
// races with all that it races with.
func (w *warp) withReader(r, me, code uint32) uint32 {
	b, o := w.b, w.b.launch
	mine, strong := me|code, code == strongWide
	switch {
	case r < b.firstStamp, isStrongReader(r) && !strong:
		return mine
	case !isStrongReader(r) && strong, r&^laneMask == b.firstStamp, r == mine, r == me|severalLanes:
		return r
	case r&^laneMask == me:
		return me | severalLanes
	}
	kind := uint32(0) // of what stands for several
	if strong {
		kind = strongWide
	}
	switch s := o.of(r); {
	case slices.Contains(s.readers, me):
		return r
	case !b.k.fences && s.block != b.index: // nothing will order the two
		return b.firstStamp | kind
	case s.readers == nil && (s.warp == w.id && s.block == b.index || w.relateSegment(s, strongWide, 0) <= withoutFence):
		return mine
	}
	if set := w.withSet(r, me); set != 0 {
		return set | kind
	}
	return mine
}

func isStrongReader(stamp uint32) bool { return stamp&laneMask == strongWide }

// withSet gives the stamp of the set of the readers of a place, r, and of the warp; 0 if there are too many sets.
func (w *warp) withSet(r, me uint32) uint32 {
	b, o := w.b, w.b.launch
	key := [2]uint32{r &^ laneMask, me}
	o.mu.Lock()
	set := o.sets[key]
	o.mu.Unlock()
	if set != 0 {
		return set
	}
	before := o.of(r).readers
	if before == nil {
		before = []uint32{r &^ laneMask}
	}
	readers := []uint32{}
	for _, x := range before {
		if one := o.of(x); (one.block != b.index || one.warp != w.id) && w.relateSegment(one, strongWide, 0) > withoutFence {
			readers = append(readers, x)
		}
	}
	readers = append(readers[max(0, len(readers)-maxReaders+1):], me)
	o.mu.Lock()
	defer o.mu.Unlock()
	set = o.add(segment{block: b.index, warp: -1, readers: readers})
	o.sets[key] = set
	return set
}
