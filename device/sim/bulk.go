package sim

import (
	"slices"

	"cnn-gpu/device/sim/ptx"
)

// bulkGroups are the bulk copies of a warp from shared to global memory. They are done when their thread waits, or at the end of
// the block.
type bulkGroups struct {
	copies    []bulkStore
	committed [32]uint32
}

type bulkStore struct {
	lane  int
	group uint32
	to    *allocation
	off   uint64
	data  []byte
	src   uint32 // in shared memory, which must stay as it is until the copy was waited for
	read  bool   // somebody has waited that long
}

func (g *bulkGroups) reset() { g.copies = g.copies[:0] }

// finishBulkAll does the copies that are left at the end of the block.
func (w *warp) finishBulkAll() {
	for i := range w.bulk.copies {
		w.bulk.copies[i].finish(w.b)
	}
	w.bulk.reset()
}

// finish writes the destination of a copy.
func (c *bulkStore) finish(b *block) {
	copy(c.to.data()[c.off:], c.data)
	c.release(b)
}

// release lets the source be written again.
func (c *bulkStore) release(b *block) {
	if !c.read && b.checks&SharedRaces != 0 {
		b.lend(c.src, uint32(len(c.data)), -1)
	}
	c.read = true
}

// lend marks cells that a copy still has to read, or takes the mark away.
func (b *block) lend(off, bytes uint32, n int) {
	for c := off >> b.cellShift; c <= (off+bytes-1)>>b.cellShift; c++ {
		b.cells[c].lent += uint8(n)
	}
}

// decodeBulkCopy: cp.async.bulk in its forms for one dimension.
func decodeBulkCopy(d *decoder, in *inst, s *ptx.Instruction) {
	mods := slices.DeleteFunc(slices.Clone(s.Op.Modifiers[2:]), func(m string) bool { return m == "L2::cache_hint" })
	is := func(want ...string) bool { return slices.Equal(mods, want) }
	switch {
	case is("shared::cluster", "global", "mbarrier::complete_tx::bytes"), is("shared::cta", "global", "mbarrier::complete_tx::bytes"):
		d.bulkLoad(in, s)
	case is("global", "shared::cta", "bulk_group"):
		d.bulkStore(in, s)
	case is("commit_group"):
		in.exec = func(w *warp, in *inst, m uint32) {
			for ; m != 0; m &= m - 1 {
				w.bulk.committed[lowest(m)]++
			}
		}
	case is("wait_group"), is("wait_group", "read"):
		d.need(1)
		newest, readOnly := uint32(s.Operands[0].Value), len(mods) == 2
		in.exec = func(w *warp, in *inst, m uint32) {
			w.finishBulk(m, newest, readOnly)
		}
	case len(mods) > 1 && mods[0] == "prefetch" && mods[1] != "tensor":
		in.exec = execNothing
	default:
		d.fail("%w", ErrUnknownInstruction)
	}
}

// bulkForm holds the operands of a bulk copy.
type bulkForm struct {
	dst, src, mbar             int32
	dstOff, srcOff, mbarOff    uint64
	dstWide, srcWide, mbarWide bool
	size                       int32
}

func (d *decoder) bulkOperands(s *ptx.Instruction, n int) (f bulkForm) {
	if len(s.Operands) < n {
		d.fail("%d operands, expected %d or more", len(s.Operands), n)
	}
	f.dst, f.dstOff, f.dstWide = d.base(s.Operands[0])
	f.src, f.srcOff, f.srcWide = d.base(s.Operands[1])
	f.size = d.src(s.Operands[2], 'r')
	return f
}

// bulkLoad: [shared], [global], bytes, [mbarrier]
func (d *decoder) bulkLoad(in *inst, s *ptx.Instruction) {
	f := d.bulkOperands(s, 4)
	f.mbar, f.mbarOff, f.mbarWide = d.base(s.Operands[3])
	in.exec = func(w *warp, in *inst, m uint32) {
		for ; m != 0; m &= m - 1 {
			w.bulkLoad(f, lowest(m))
		}
	}
}

func (w *warp) bulkSize(f bulkForm, i int) uint64 {
	n := uint64(w.r[f.size][i])
	if n == 0 || n%16 != 0 {
		w.fault(BadAsyncCopy, i, "a bulk copy of %d bytes, they must be a multiple of 16", n)
	}
	return n
}

// bulkLoad reads the source at once and leaves the bytes with the mbarrier.
func (w *warp) bulkLoad(f bulkForm, i int) {
	b, n := w.b, w.bulkSize(f, i)
	w.addresses(f.dst, f.dstWide, f.dstOff)
	w.checkSharedRange(i, n)
	dst := uint32(w.addr[i])
	w.addresses(f.mbar, f.mbarWide, f.mbarOff)
	w.sharedOffsets(1<<i, 8)
	bar := w.mbarrierAt(i, w.off[i])
	if b.checks&SharedRaces != 0 {
		for o := dst; o < dst+uint32(n); o += 16 {
			w.writeCells(i, o, 16, 0, false)
		}
		b.pend(dst, uint32(n), 1)
	}
	w.addresses(f.src, f.srcWide, f.srcOff)
	al := w.checkGlobal(i, n, 16)
	off := uint64(uint32(w.addr[i]))
	w.bulkChecks(load, al, off, n)
	c := bulkCopy{off: dst, data: slices.Clone(al.data()[off : off+n])}
	if defined := al.written()[off : off+n]; b.checks&Uninitialized != 0 && !allDefined(defined) {
		c.defined = slices.Clone(defined)
	}
	bar.copies = append(bar.copies, c)
}

// bulkChecks does the checks of global memory, 16 bytes in each of up to 32 lanes at a time.
func (w *warp) bulkChecks(op memOp, al *allocation, off, n uint64) {
	a := &access{op: op, size: 4, n: 4, bytes: 16, bypass: true, vec: [8]int32{-1, -1, -1, -1}}
	for o := uint64(0); o < n; o += 512 {
		lanes := min((n-o)/16, 32)
		for i := range w.off {
			w.off[i] = uint32(off + o + 16*min(uint64(i), lanes-1))
		}
		w.globalChecks(a, op == load, al, fullMask>>(32-lanes))
	}
}

func (w *warp) checkSharedRange(i int, n uint64) {
	addr, size := w.addr[i], uint64(len(w.b.shared))
	if addr>>32 == sharedWindow>>32 {
		addr -= sharedWindow
		w.addr[i] = addr
	}
	switch {
	case addr%16 != 0:
		w.faultArray(Misaligned, i, w.b.arrayAt(addr), "shared address %d of a bulk copy is not a multiple of 16", addr)
	case addr > size || addr+n > size:
		w.faultArray(OutOfBounds, i, w.b.arrayAt(min(addr, size)), "%d bytes at shared address %d, the block has %d bytes", n, int64(addr), size)
	}
}

// bulkStore: [global], [shared], bytes
func (d *decoder) bulkStore(in *inst, s *ptx.Instruction) {
	f := d.bulkOperands(s, 3)
	d.k.written |= anyPointer
	in.exec = func(w *warp, in *inst, m uint32) {
		for ; m != 0; m &= m - 1 {
			i := lowest(m)
			n := w.bulkSize(f, i)
			w.addresses(f.src, f.srcWide, f.srcOff)
			w.checkSharedRange(i, n)
			src := uint32(w.addr[i])
			if w.b.checks&SharedRaces != 0 {
				for o := src; o < src+uint32(n); o += 16 {
					w.readWritten(i, o, 16)
				}
				w.b.lend(src, uint32(n), 1)
			}
			w.addresses(f.dst, f.dstWide, f.dstOff)
			al := w.checkGlobal(i, n, 16)
			off := uint64(uint32(w.addr[i]))
			w.bulkChecks(store, al, off, n)
			w.bulk.copies = append(w.bulk.copies, bulkStore{i, w.bulk.committed[i], al, off, slices.Clone(w.b.shared[src : src+uint32(n)]), src, false})
		}
	}
}

// finishBulk does the copies of all but the newest groups of each lane, or with readOnly says that their sources were read.
func (w *warp) finishBulk(m, newest uint32, readOnly bool) {
	rest := w.bulk.copies[:0]
	for _, c := range w.bulk.copies {
		switch done := m>>c.lane&1 != 0 && c.group+newest < w.bulk.committed[c.lane]; {
		case done && !readOnly:
			c.finish(w.b)
			continue
		case done:
			c.release(w.b)
		}
		rest = append(rest, c)
	}
	w.bulk.copies = rest
}
