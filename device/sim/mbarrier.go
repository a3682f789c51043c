package sim

import (
	"strings"

	"cnn-gpu/device/sim/ptx"
)

// mbarrier is a barrier object in shared memory (PTX ISA, "mbarrier"). A phase ends when all arrivals that were expected and all
// bytes of asynchronous copies have come. What the arriving threads have done is ordered before what follows a successful wait.
type mbarrier struct {
	expected, pending uint32
	bytes             int64 // of copies, still to come in this phase
	phase             uint32
	arriving, done    vectorClock // of the threads that arrive in this phase, and of those of the phases before
	copies            []bulkCopy
	deferred          []asyncArrival
}

// bulkCopy is a copy into shared memory that an mbarrier waits for. It is done when somebody looks at the mbarrier.
type bulkCopy struct {
	off  uint32
	data []byte

	defined []byte // the defined bits, nil for all
}

// asyncArrival is the arrival of a lane that comes when its cp.async copies are done.
type asyncArrival struct {
	w     *warp
	lane  int
	noInc bool
}

// mbarrierMode is what an mbarrier instruction does.
type mbarrierMode uint8

const (
	mbarrierInit mbarrierMode = iota
	mbarrierInval
	mbarrierExpect
	mbarrierComplete
	mbarrierArrive
	mbarrierWait
	mbarrierPending
)

var mbarrierModes = map[string]mbarrierMode{
	"init": mbarrierInit, "inval": mbarrierInval, "expect_tx": mbarrierExpect, "complete_tx": mbarrierComplete, "arrive": mbarrierArrive,
	"arrive_drop": mbarrierArrive, "test_wait": mbarrierWait, "try_wait": mbarrierWait, "pending_count": mbarrierPending,
}

// mbarrierForm is the constant part of an mbarrier instruction.
type mbarrierForm struct {
	mode               mbarrierMode
	drop, expect       bool
	parity, noComplete bool
	count              int32 // register, or -1
}

func decodeMbarrier(d *decoder, in *inst, s *ptx.Instruction) {
	mode, ok := mbarrierModes[s.Op.Modifiers[0]]
	if !ok {
		d.fail("%w", ErrUnknownInstruction)
	}
	f := mbarrierForm{mode: mode, count: -1, drop: s.Op.Modifiers[0] == "arrive_drop", parity: s.Op.Has("parity"), noComplete: s.Op.Has("noComplete")}
	for _, m := range s.Op.Modifiers[1:] {
		switch {
		case m == "expect_tx":
			f.expect = true
		case strings.Contains(" parity noComplete shared shared::cta shared::cluster cta cluster release acquire relaxed b64 ", " "+m+" "):
		default:
			d.fail("%w", ErrUnknownInstruction)
		}
	}
	in.exec = f.exec
	in.mem = &access{op: load, size: 8, n: 1, bytes: 8}
	d.k.spins = true
	args := s.Operands
	if mode == mbarrierPending {
		d.need(2)
		in.d, in.b = d.dst(args[0], 'r'), d.src(args[1], 'q')
		return
	}
	switch mode {
	case mbarrierArrive:
		if len(args) > 0 && args[0].Kind != ptx.AddressOperand {
			in.d = d.dst(args[0], 'q')
			args = args[1:]
		}
	case mbarrierWait:
		in.kind = yield
		in.d = d.dst(args[0], 'p')
		args = args[1:]
	}
	if len(args) == 0 {
		d.fail("expected an address")
	}
	d.memoryOperand(in, in.mem, args[0])
	if !s.Op.Has("shared") && !s.Op.Has("shared::cta") && !s.Op.Has("shared::cluster") {
		in.mem.offset -= sharedWindow
	}
	if len(args) > 1 {
		if mode == mbarrierWait && !f.parity {
			in.b = d.src(args[1], 'q')
		} else {
			f.count = d.src(args[1], 'r')
		}
	}
	in.exec = f.exec
}

func (f mbarrierForm) exec(w *warp, in *inst, m uint32) {
	if f.mode == mbarrierPending {
		for ; m != 0; m &= m - 1 {
			w.r[in.d][lowest(m)] = uint32(w.q[in.b][lowest(m)] >> 32)
		}
		return
	}
	w.addresses(in.a, in.mem.wideAddr, in.mem.offset)
	w.sharedOffsets(m, 8)
	var passed uint32
	for x := m; x != 0; x &= x - 1 {
		i := lowest(x)
		n := uint32(1)
		if f.count >= 0 {
			n = w.r[f.count][i]
		}
		switch f.mode {
		case mbarrierInit:
			w.initMbarrier(i, n)
			continue
		case mbarrierInval:
			delete(w.b.mbarriers, w.off[i])
			continue
		}
		b := w.mbarrierAt(i, w.off[i])
		switch f.mode {
		case mbarrierExpect:
			b.bytes += int64(n)
		case mbarrierComplete:
			b.bytes -= int64(n)
			b.tryPhase(w.b)
		case mbarrierArrive:
			w.arrive(b, f, i, n, in.d)
		case mbarrierWait:
			b.settle(w.b)
			ok := b.phase&1 != n&1
			if !f.parity {
				ok = b.phase != uint32(w.q[in.b][i])
			}
			if ok {
				passed |= 1 << i
				w.order.learn(&b.done, len(w.b.warps))
			}
		}
	}
	if f.mode == mbarrierWait {
		w.setPredicate(in.d, m, passed)
		w.yielded = passed != m // let others bring what it waits for
		w.polls = maxPolls * int(bit(w.yielded))
	}
	w.b.progress = w.b.progress || !w.yielded
}

func (w *warp) initMbarrier(i int, count uint32) {
	if count == 0 || count >= 1<<20 {
		w.fault(BadBarrier, i, "an mbarrier for %d arrivals, it takes 1 to 2^20-1", count)
	}
	if w.b.checks&SharedRaces != 0 {
		w.writeCells(i, w.off[i], 8, 0, false)
	}
	if w.b.mbarriers == nil {
		w.b.mbarriers = map[uint32]*mbarrier{}
	}
	w.b.mbarriers[w.off[i]] = &mbarrier{expected: count, pending: count}
}

// mbarrierAt finds the object, whose initialisation must be ordered before its use.
func (w *warp) mbarrierAt(i int, off uint32) *mbarrier {
	m := w.b.mbarriers[off]
	if m == nil {
		w.faultArray(BadBarrier, i, w.b.arrayAt(uint64(off)), "there is no initialised mbarrier at shared address %d", off)
	}
	if w.b.checks&SharedRaces != 0 {
		w.readWritten(i, off, 8)
	}
	return m
}

// arrive counts n arrivals, or with expect one arrival and n more bytes.
func (w *warp) arrive(b *mbarrier, f mbarrierForm, i int, n uint32, state int32) {
	if state >= 0 {
		w.q[state][i] = uint64(b.phase) | uint64(b.pending)<<32
	}
	if f.expect {
		b.bytes += int64(n)
		n = 1
	}
	if n > b.pending {
		w.fault(BadBarrier, i, "%d arrivals at an mbarrier that waits for %d", n, b.pending)
	}
	if f.drop {
		b.expected -= n
	}
	w.release(b)
	b.pending -= n
	b.tryPhase(w.b)
}

// release orders what the warp has done before the end of the phase.
func (w *warp) release(b *mbarrier) {
	w.b.time++
	b.arriving.join(&w.order.known)
	b.arriving[w.id] = w.b.time
}

// settle does the copies that the mbarrier waits for, and the arrivals that wait for cp.async.
func (b *mbarrier) settle(blk *block) {
	for _, c := range b.copies {
		copy(blk.shared[c.off:], c.data)
		blk.defineShared(c.off, uint32(len(c.data)))
		if c.defined != nil {
			copy(blk.definedShared()[c.off:], c.defined)
		}
		b.bytes -= int64(len(c.data))
		if blk.checks&SharedRaces != 0 {
			blk.pend(c.off, uint32(len(c.data)), -1)
			for x := c.off >> blk.cellShift; x <= (c.off+uint32(len(c.data))-1)>>blk.cellShift; x++ {
				blk.cells[x].writeTime, blk.cells[x].writer = blk.time, asyncThread
			}
		}
	}
	if len(b.copies) > 0 {
		blk.time++
		b.arriving[asyncEngine] = blk.time
		b.copies = b.copies[:0]
		blk.progress = true
	}
	for _, a := range b.deferred {
		a.w.complete(1<<a.lane, func(*asyncEntry) uint32 { return fullMask })
		a.w.release(b)
		if a.noInc && b.pending > 0 {
			b.pending--
		}
		blk.progress = true
	}
	b.deferred = b.deferred[:0]
	b.tryPhase(blk)
}

// tryPhase ends the phase when nothing is missing.
func (b *mbarrier) tryPhase(blk *block) {
	if b.pending > 0 || b.bytes != 0 || len(b.copies)+len(b.deferred) > 0 {
		return
	}
	b.phase++
	b.pending = b.expected
	b.done.join(&b.arriving)
	blk.progress = true
}

// decodeAsyncArrive: cp.async.mbarrier.arrive{.noinc}.shared.b64 [addr] arrives when the thread's cp.async copies are done. Without
// .noinc the arrival is one more than expected.
func decodeAsyncArrive(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(1)
	if !s.Op.Has("arrive") {
		d.fail("%w", ErrUnknownInstruction)
	}
	in.mem = &access{op: load, size: 8, n: 1, bytes: 8}
	d.memoryOperand(in, in.mem, s.Operands[0])
	if !s.Op.Has("shared") && !s.Op.Has("shared::cta") {
		in.mem.offset -= sharedWindow
	}
	noInc := s.Op.Has("noinc")
	in.exec = func(w *warp, in *inst, m uint32) {
		w.addresses(in.a, in.mem.wideAddr, in.mem.offset)
		w.sharedOffsets(m, 8)
		for ; m != 0; m &= m - 1 {
			i := lowest(m)
			b := w.mbarrierAt(i, w.off[i])
			b.deferred = append(b.deferred, asyncArrival{w, i, noInc})
		}
	}
}
