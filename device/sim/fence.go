package sim

import (
	"maps"

	"cnn-gpu/device/sim/ptx"
)

// Threads of different blocks, and those of a block without a barrier, are ordered by what they do to one place in memory (PTX ISA,
// "Memory Consistency Model"; Lustig, Sahasrabuddhe and Giroux, "A Formal Analysis of the NVIDIA PTX Memory Consistency Model", 2019):
//
//   - a release is a fence and then a strong write of the place (an atomic, or a volatile or relaxed store), or a write with .release;
//   - an acquire is a strong read of the place that comes later (an atomic with a result, or a volatile or relaxed load) and then a
//     fence, or a read with .acquire;
//   - what comes before the release, in its thread or ordered before it, is ordered before what comes after the acquire. The scopes of
//     both have to hold the other thread: those of scope .cta order threads of one block only.
//
// Many programs leave out the second fence and read with volatile loads what the flag guards, as the CUDA programming guide does, or pass the word on
// by a second flag with no fence (Xiao and Feng, "Inter-Block GPU Communication via Fast Barrier Synchronization", 2010). That is
// accepted; a plain load there is told as advice, since it may find an old value in the L1 cache.
//
// The order is kept by warps: what a lane releases covers the other lanes of its warp.

// syncPlace is a place in memory that threads meet at. Releases that reach the threads of one block only stand under its index, the
// others under everyBlock.
type syncPlace struct {
	addr  uint64
	block int64
}

const everyBlock = -1

// release is what a thread publishes: the segments of its block that come before its fence, and what it has acquired itself.
type release struct {
	block    int64
	known    vectorClock
	acquired *acquired
}

// releases are those of a place in the order of time. Who acquires takes all that are there.
type releases struct {
	all      []release
	byBlock  map[int64][]int // indices in all
	acquired *acquired       // by any of them
	hoped    *acquired       // by any strong write, with no fence before it
}

// acquired counts the releases that a warp has seen of each place. It is never changed, so that warps can share it.
type acquired struct{ counts map[syncPlace]int }

// globalOrder is what a warp knows through memory.
type globalOrder struct {
	narrow, wide *release  // by the last fence of any scope, and of scope .gpu or .sys
	seen         *acquired // with a fence behind it
	hoped        *acquired // with none yet; never less than seen
}

func (a *acquired) join(other *acquired) *acquired {
	switch {
	case other == nil || a == other:
		return a
	case a == nil:
		return other
	}
	var merged map[syncPlace]int
	for place, n := range other.counts {
		if n <= a.counts[place] {
			continue
		}
		if merged == nil {
			merged = maps.Clone(a.counts)
		}
		merged[place] = n
	}
	if merged == nil {
		return a
	}
	return &acquired{merged}
}

// within gives the part that threads of the block have released to each other.
func (a *acquired) within(block int64) *acquired {
	counts := maps.Clone(a.counts)
	maps.DeleteFunc(counts, func(p syncPlace, _ int) bool { return p.block != block })
	return &acquired{counts}
}

// covers reports whether a segment comes before one of the releases in a.
func (o *launchOrder) covers(a *acquired, s segment) bool {
	if a == nil {
		return false
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for place, n := range a.counts {
		if place.block != everyBlock && place.block != s.block {
			continue
		}
		r := o.places[place]
		list := r.byBlock[s.block]
		for i := len(list) - 1; i >= 0; i-- {
			if list[i] < n && s.time < r.all[list[i]].known[s.warp] {
				return true
			}
		}
	}
	return false
}

// narrowScope reports whether an instruction orders the threads of its block only.
func narrowScope(op *ptx.Opcode) bool { return op.Has("cta") || op.Has("cluster") }

// decodeFence: membar.{cta,gl,sys} and fence{.sem}.{cta,cluster,gpu,sys}. Fences between proxies order nothing here.
func decodeFence(d *decoder, in *inst, s *ptx.Instruction) {
	in.exec = execNothing
	switch {
	case s.Op.Has("gl"), s.Op.Has("sys"), s.Op.Has("gpu"):
		d.k.fences, d.k.ordered = true, true
		in.exec = func(w *warp, _ *inst, _ uint32) { w.fence(false) }
	case narrowScope(s.Op):
		d.k.fences, d.k.narrow = true, true
		in.exec = func(w *warp, _ *inst, _ uint32) { w.fence(true) }
	}
}

// fence closes the segment. What comes before it is published with the strong writes that come after it.
func (w *warp) fence(narrow bool) {
	g := &w.global
	w.confirm(narrow)
	w.b.time++
	r := &release{block: w.b.index, known: w.order.known, acquired: g.seen}
	r.known[w.id] = w.b.time
	g.narrow = r
	if !narrow {
		g.wide = r
	}
	w.order.stamp = 0
}

// publish is the releasing side of a strong write.
func (w *warp) publish(addr uint64, narrow bool) {
	o := w.b.launch
	o.mu.Lock()
	defer o.mu.Unlock()
	g := &w.global
	if narrow || w.b.k.narrow { // else all look at the other place
		o.release(syncPlace{addr, w.b.index}, g.narrow, g.hoped)
	}
	if !narrow {
		o.release(syncPlace{addr, everyBlock}, g.wide, g.hoped)
	}
}

func (o *launchOrder) release(p syncPlace, r *release, hoped *acquired) {
	if r == nil && hoped == nil {
		return
	}
	x := o.places[p]
	if x == nil {
		x = &releases{byBlock: map[int64][]int{}}
		o.places[p] = x
	}
	x.hoped = x.hoped.join(hoped)
	if r == nil {
		return
	}
	x.byBlock[r.block] = append(x.byBlock[r.block], len(x.all))
	x.all = append(x.all, *r)
	x.acquired = x.acquired.join(r.acquired)
}

// acquire is the other side: a strong read.
func (w *warp) acquire(addr uint64, narrow, fenced bool) {
	g, o := &w.global, w.b.launch
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, p := range []syncPlace{{addr, w.b.index}, {addr, everyBlock}} {
		x := o.places[p]
		if x == nil || narrow && p.block == everyBlock {
			continue
		}
		hoped := g.hoped.join(x.hoped)
		if hoped == nil || hoped.counts[p] < len(x.all) {
			hoped = hoped.join(&acquired{map[syncPlace]int{p: len(x.all)}}).join(x.acquired)
		}
		if hoped != g.hoped {
			g.hoped, w.order.stamp = hoped, 0
		}
	}
	if fenced {
		w.confirm(narrow)
	}
}

// confirm is a fence behind what was acquired.
func (w *warp) confirm(narrow bool) {
	g := &w.global
	switch {
	case g.seen == g.hoped:
		return
	case narrow:
		g.seen = g.seen.join(g.hoped.within(w.b.index))
	default:
		g.seen = g.hoped
	}
	w.order.stamp = 0
}

// synchronize does what a strong access does for the order. base is the address of offset 0, narrow says that only the block sees it.
func (w *warp) synchronize(a *access, result bool, base uint64, narrow bool, m uint32) {
	releases, acquires := a.op != load, a.op == load || a.op == update && result
	if a.release {
		w.fence(narrow)
	}
	for ; m != 0; m &= m - 1 {
		addr := base + uint64(w.off[lowest(m)])
		if acquires {
			w.acquire(addr, narrow, a.acquire)
		}
		if releases {
			w.publish(addr, narrow)
		}
	}
}

// joinAcquired lets the warps of a barrier share what they have acquired, and what their fences have made visible: who writes a flag after
// the barrier releases what each has written before its own fence.
func (b *block) joinAcquired(warps uint32) {
	if !b.k.fences {
		return
	}
	var all globalOrder
	for _, w := range b.warps {
		if g := &w.global; warps>>w.id&1 != 0 {
			all = globalOrder{all.narrow.join(g.narrow), all.wide.join(g.wide), all.seen.join(g.seen), all.hoped.join(g.hoped)}
		}
	}
	for _, w := range b.warps {
		if warps>>w.id&1 != 0 {
			w.global = all
		}
	}
}

// join gives a release of all that two of a block release.
func (r *release) join(other *release) *release {
	switch {
	case other == nil || r == other:
		return r
	case r == nil:
		return other
	}
	both := &release{block: r.block, known: r.known, acquired: r.acquired.join(other.acquired)}
	both.known.join(&other.known)
	return both
}
