package sim

import "slices"

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
	moved    bool // the same, since the block was last told to go on
	watched  bool // whether memory changes: see cycle.go
	changed  bool
	fatal    bool    // a finding has ended the block
	order    []*warp // of their turns
	random   uint64
	clock    uint64

	cells     []cell
	cellShift uint
	time      uint32                 // grows with each barrier, over all blocks: nothing has to be cleared between them
	start     uint32                 // the time when this block began
	readTimes map[uint32]*[32]uint32 // of cells with manyTimes, by warp
	mbarriers map[uint32]*mbarrier

	firstStamp uint32 // of the launch
	launch     *launchOrder
	sector     uint32
	reads      *sectorReads
	round      uint32 // of reads

	past    nodePast
	sample  *sample // whose blocks are recorded, or nil
	partial bool    // the block ends when enough of it is recorded

	counts   pcCounts
	access   []pcTraffic    // by pc
	patterns []*bankPattern // the same
	traffic  MemoryCounters
	mma      mmaTiles

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
		counts: make(pcCounts, len(k.code)+1), access: make([]pcTraffic, len(k.code)+1), seen: map[seenReport]bool{}, time: 1, reads: &sectorReads{}}
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
			w.localDef, w.ended = make([]byte, 32*k.localBytes), make([]bool, 32*k.localBytes)
		}
		w.local = make([]byte, 32*k.localBytes)
		if len(k.callees) > 0 {
			w.stack = &[32]laneStack{}
		}
		b.warps = append(b.warps, w)
	}
	return b
}

// another makes a block that runs beside b on the same goroutine.
func (b *block) another() *block {
	o := newBlock(b.d, b.k, b.dim, uint64(len(b.shared)), b.dynamicStart)
	o.dynamicBytes, o.reads = b.dynamicBytes, b.reads
	return o
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

// prepare readies the block for a launch.
func (b *block) prepare(grid [3]uint32, params []byte, order *launchOrder) {
	b.grid, b.params, b.launch = grid, params, order
	b.firstStamp, b.sector, b.sample = order.first, b.d.sector, order.sample
	b.advice, b.past = nil, nodePast{}
	b.forgetCounts()
	b.fillRegisters(false)
}

// runOne executes one block to its end, whatever others do.
func (b *block) runOne(index int64) {
	b.begin(index)
	for steps := int64(shortLook); b.goOn() == waits; {
		if b.moved {
			continue
		}
		if b.stuck(steps) {
			b.reportStuck("", nil)
			return
		}
		steps *= 2
	}
}

// begin makes the block the one with an index, before its first instruction.
func (b *block) begin(index int64) {
	b.index = index
	b.id = b.coordinates(index)
	b.reset()
	b.sample.begin(b)
}

// blockState says how far a block has come.
type blockState uint8

const (
	waits blockState = iota // for what other blocks do
	ended
	failed // a finding ended it
)

// goOn lets the block run until it ends or waits.
func (b *block) goOn() (s blockState) {
	if b.fatal { // while it was looked at
		return failed
	}
	b.moved = false
	defer b.recoverFatal(func() { s = failed })
	if s = b.schedule(); s == ended {
		b.sample.end(b)
	}
	return s
}

// recoverFatal is deferred by what may meet a finding that ends the block.
func (b *block) recoverFatal(then func()) {
	if r := recover(); r != nil {
		if _, ok := r.(fatalReport); !ok {
			panic(r)
		}
		b.fatal = true
		then()
	}
}

// forgetCounts starts the counters anew.
func (b *block) forgetCounts() {
	clear(b.counts)
	clear(b.access)
	b.traffic = MemoryCounters{}
}

func (b *block) reset() {
	b.reports, b.fatal = nil, false
	clear(b.seen)
	b.exited = 0
	b.sharedUndefined, b.silent = false, false
	clear(b.origins)
	b.barriers = [16]barrierState{}
	b.random = (b.launch.seed+uint64(b.index)+1)*0x9e3779b97f4a7c15 | 1
	b.time++
	b.start = b.time
	b.dropPending()
	clear(b.mbarriers)
	b.round = b.reads.next()
	fillBytes(b.shared, 0xff) // NaN
	for _, w := range b.warps {
		w.alive, w.active, w.pc = w.init, w.init, b.k.start
		w.groups, w.mergePC = w.groups[:0], never
		w.hold, w.divergent, w.steps, w.waited = 0, 0, 0, 0
		w.polls, w.nextLook, w.looping = 0, b.launch.firstLook, false
		w.order.reset(b.time)
		w.forgetAsyncs()
		w.bulk.reset()
		w.global = globalOrder{}
		w.resetStack()
		if b.checks&Uninitialized != 0 {
			w.defined.reset()
			w.forgetUndefined()
			clear(w.localDef)
			clear(w.ended)
		}
	}
	b.fillRegisters(true)
	b.order = append(b.order[:0], b.warps...)
	if b.launch.warps == Reverse {
		slices.Reverse(b.order)
	}
}

// schedule lets the warps take turns until all have ended, or those that can go on only wait.
func (b *block) schedule() blockState {
	const maxIdle = 4 // rounds in which all only wait
	order := b.order
	for idle := 0; ; {
		if b.launch.warps == Random {
			for i := len(order) - 1; i > 0; i-- {
				j := int(b.rand() % uint64(i+1))
				order[i], order[j] = order[j], order[i]
			}
		}
		left, waiting := false, false
		b.progress = false
		for _, w := range order {
			if w.alive == 0 || b.partial && b.sample.enough(w) {
				continue
			}
			left = true
			before, moved := w.steps, b.progress
			w.turn()
			switch {
			case w.waits():
				waiting = true
			case w.steps != before:
				b.progress = true
			}
			b.progress = b.progress || moved
			if w.steps > b.d.opts.MaxSteps {
				w.pc = min(w.pc, int32(len(b.k.code)-1))
				w.fault(EndlessLoop, lowest(w.alive), tooMany+"%d instructions in one warp", b.d.opts.MaxSteps)
			}
		}
		switch {
		case !left || b.partial && !b.progress:
			for _, w := range b.warps {
				w.finishBulkAll()
			}
			return ended
		case b.progress:
			idle, b.moved = 0, true
		case !waiting:
			b.deadlock()
		default:
			if idle++; idle > maxIdle {
				return waits
			}
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
