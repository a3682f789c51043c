package sim

import (
	"fmt"
	"slices"
)

// block runs thread blocks of one launch, one after the other. What it holds is made once.
type block struct {
	d            *Device
	k            *Kernel
	checks       Checks
	grid, dim    [3]uint32
	dynamicBytes uint32
	dynamicStart uint64
	params       []byte

	index  int64
	id     [3]uint32
	shared []byte
	warps  []*warp

	barriers [16]barrierState
	exited   int
	progress bool // something happened that others may wait for
	random   uint64
	clock    uint64

	cells     []cell
	cellShift uint
	time      uint32                 // grows with each barrier, over all blocks: nothing has to be cleared between them
	start     uint32                 // the time when this block began
	readTimes map[uint32]*[32]uint32 // of cells with manyTimes, by warp
	mbarriers map[uint32]*mbarrier

	stamp, firstStamp uint32 // of this block, and of the launch
	order             *launchOrder
	sector            uint32
	readSectors       [][]uint32 // of each region of memory: the round in which the block last read a sector
	round             uint32     // counts blocks

	counts  pcCounts
	access  []pcTraffic // by pc
	traffic MemoryCounters
	mma     mmaTiles

	sharedBits      []byte // the defined bits of shared memory, if sharedUndefined
	sharedUndefined bool
	origins         map[originAt]*origin

	silent  bool // nothing is reported
	seen    map[seenReport]bool
	reports []*Report // errors of this block
	advice  []*Report // of all blocks of the launch that ran here
}

func newBlock(d *Device, k *Kernel, dim [3]uint32, sharedBytes, dynamicStart uint64) *block {
	b := &block{d: d, k: k, checks: d.opts.Checks, dim: dim, shared: make([]byte, sharedBytes), dynamicStart: dynamicStart,
		counts: make(pcCounts, len(k.code)+1), access: make([]pcTraffic, len(k.code)+1), seen: map[seenReport]bool{}, time: 1}
	for 1<<b.cellShift < k.cellBytes {
		b.cellShift++
	}
	if b.checks&SharedRaces != 0 {
		b.cells = make([]cell, sharedBytes>>b.cellShift+16)
		b.guardGaps()
	}
	threads := b.size()
	for i := 0; i*32 < threads; i++ {
		w := &warp{b: b, id: i, init: fullMask}
		if n := threads - i*32; n < 32 {
			w.init = 1<<n - 1
		}
		w.r, w.q, w.p = make([][32]uint32, k.slots[0]), make([][32]uint64, k.slots[1]), make([]uint32, k.slots[2])
		w.p[1] = fullMask
		if b.checks&Uninitialized != 0 {
			w.defined = definedLanes{make([]uint32, len(w.r)), make([]uint32, len(w.q)), make([]uint32, len(w.p))}
			w.undefined = make([]*undefinedRegister, len(w.r)+len(w.q)+len(w.p))
			w.localDef = make([]byte, 32*k.localBytes)
		}
		w.local = make([]byte, 32*k.localBytes)
		b.warps = append(b.warps, w)
	}
	return b
}

// guardGaps marks the gaps between the shared arrays, the space behind the last, and that before the dynamic part.
func (b *block) guardGaps() {
	end := uint64(0)
	guard := func(from, to uint64) {
		for c := alignUp(from, b.k.cellBytes) >> b.cellShift; c < to>>b.cellShift; c++ {
			b.cells[c].guard = true
		}
	}
	for _, a := range b.k.shared {
		guard(end, a.start)
		end = a.end
	}
	if b.dynamicStart < uint64(len(b.shared)) {
		guard(end, b.dynamicStart)
	}
}

func (b *block) size() int { return int(b.dim[0] * b.dim[1] * b.dim[2]) }

// thread gives the index of a thread in its block.
func (b *block) thread(warp, lane int) [3]uint32 {
	t := uint32(warp*32 + lane)
	return [3]uint32{t % b.dim[0], t / b.dim[0] % b.dim[1], t / b.dim[0] / b.dim[1]}
}

// coordinates gives the coordinates in the grid of the block with an index.
func (b *block) coordinates(index int64) [3]uint32 {
	x, y := int64(b.grid[0]), int64(b.grid[1])
	return [3]uint32{uint32(index % x), uint32(index / x % y), uint32(index / x / y)}
}

// runOne executes one block. It returns true when a finding ended it.
func (b *block) runOne(index int64) (stopped bool) {
	b.index = index
	b.id = b.coordinates(index)
	b.reset()
	defer func() {
		if r := recover(); r != nil {
			if _, ok := r.(fatalReport); !ok {
				panic(r)
			}
			stopped = true
		}
	}()
	b.schedule()
	return false
}

func (b *block) reset() {
	b.reports = nil
	clear(b.seen)
	b.exited = 0
	b.sharedUndefined, b.silent = false, false
	clear(b.origins)
	b.barriers = [16]barrierState{}
	b.random = (b.d.opts.Seed+uint64(b.index)+1)*0x9e3779b97f4a7c15 | 1
	b.stamp = b.firstStamp + 1 + uint32(b.index)
	b.time++
	b.start = b.time
	b.dropPending()
	clear(b.mbarriers)
	if b.round++; b.round == 0 {
		b.readSectors, b.round = nil, 1
	}
	fillBytes(b.shared, 0xff) // NaN
	for _, w := range b.warps {
		w.alive, w.active, w.pc = w.init, w.init, 0
		w.groups, w.mergePC = w.groups[:0], never
		w.hold, w.divergent, w.steps = 0, 0, 0
		w.order.reset(b.time)
		w.asyncs = w.asyncs[:0]
		w.bulk.reset()
		w.global = globalOrder{}
		if b.checks&Uninitialized != 0 {
			w.defined.reset()
			w.forgetUndefined()
			clear(w.localDef)
		}
	}
	b.fillRegisters(true)
}

// schedule lets the warps take turns until all have ended.
func (b *block) schedule() {
	order := make([]*warp, len(b.warps))
	copy(order, b.warps)
	if b.d.opts.Order == Reverse {
		slices.Reverse(order)
	}
	const maxSpins = 100 // rounds in which all warps only poll mbarriers
	for spins := 0; ; {
		if b.d.opts.Order == Random {
			for i := len(order) - 1; i > 0; i-- {
				j := int(b.rand() % uint64(i+1))
				order[i], order[j] = order[j], order[i]
			}
		}
		left, polling := false, false
		b.progress = false
		for _, w := range order {
			if w.alive == 0 {
				continue
			}
			left = true
			before := w.steps
			w.run(int64(b.d.opts.Quantum))
			if w.steps != before && !w.polled {
				b.progress = true
			}
			polling = polling || w.polled
			if w.steps > b.d.opts.MaxSteps {
				w.pc = min(w.pc, int32(len(b.k.code)-1))
				w.fault(EndlessLoop, lowest(w.alive), "more than %d instructions in one warp", b.d.opts.MaxSteps)
			}
		}
		if !left {
			for _, w := range b.warps {
				w.finishBulkAll()
			}
			return
		}
		if b.progress {
			spins = 0
		} else if spins++; spins > maxSpins || !polling {
			b.deadlock()
		}
	}
}

// rand is Marsaglia's xorshift64.
func (b *block) rand() uint64 {
	b.random ^= b.random << 13
	b.random ^= b.random >> 7
	b.random ^= b.random << 17
	return b.random
}

// deadlock reports where everybody waits.
func (b *block) deadlock() {
	text := ""
	kind, first, at := b.splitWarp()
	for _, w := range b.warps {
		if w.active != 0 {
			w.park()
		}
		for _, g := range w.groups {
			if first == nil {
				first, at = w, g
			}
			if len(text) < 400 {
				text += fmt.Sprintf("; warp %d, lanes %08x at %s", w.id, g.mask, b.k.location(g.pc))
			}
		}
	}
	first.pc = at.pc
	first.fault(kind, lowest(at.mask), "no warp can go on%s", text)
}

// splitWarp gives lanes that wait for others of their warp, which live and are elsewhere: at a barrier that takes whole warps, or at an
// instruction that has a member mask.
func (b *block) splitWarp() (Kind, *warp, group) {
	for _, w := range b.warps {
		for _, g := range w.groups {
			in := &b.k.code[g.pc]
			switch {
			case g.state != collecting:
			case in.kind == blockBarrier:
				return DivergentBarrier, w, g
			case in.e >= 0:
				return BadMask, w, g
			}
		}
	}
	return Deadlock, nil, group{}
}
