package sim

import (
	"bytes"
	"slices"
	"unsafe"

	"cnn-gpu/device/sim/ptx"
)

// asyncEntry is one cp.async of a warp that somebody still has to wait for. The source is read when the copy is issued and the
// destination written when its thread waits, as late as the rules allow: a read before the wait finds old data.
type asyncEntry struct {
	mask  uint32
	bytes uint32
	off   [32]uint32
	group [32]uint32
	data  [32][16]byte

	defined *[32][]byte // the defined bits of lanes whose source has others, or nil
}

// newAsync gives an entry for the copies of the lanes of m, of which data may hold anything.
func (w *warp) newAsync(m, bytes uint32) *asyncEntry {
	var e *asyncEntry
	if n := len(w.spareAsyncs); n > 0 {
		e, w.spareAsyncs = w.spareAsyncs[n-1], w.spareAsyncs[:n-1]
	} else {
		e = &asyncEntry{}
	}
	e.mask, e.bytes, e.group, e.defined = m, bytes, w.groupN, nil
	return e
}

// forgetAsyncs drops the copies that nobody has waited for.
func (w *warp) forgetAsyncs() {
	w.spareAsyncs = append(w.spareAsyncs, w.asyncs...)
	w.asyncs = w.asyncs[:0]
}

// read copies the sources of the lanes of m, of bytes each, at w.off.
func (e *asyncEntry) read(w *warp, data []byte, m uint32) {
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		p, to := data[w.off[i]:], &e.data[i]
		switch e.bytes {
		case 16:
			*to = [16]byte(p)
		case 8:
			le.PutUint64(to[:], le.Uint64(p))
		default:
			le.PutUint32(to[:], le.Uint32(p))
		}
	}
}

// write copies what a lane has read to its destination.
func (e *asyncEntry) write(shared []byte, lane int) {
	p, from := shared[e.off[lane]:], &e.data[lane]
	switch e.bytes {
	case 16:
		*(*[16]byte)(p) = *from
	case 8:
		le.PutUint64(p, le.Uint64(from[:]))
	default:
		le.PutUint32(p, le.Uint32(from[:]))
	}
}

// noteDefined keeps which bits of a lane's source are defined; what is not read becomes zero.
func (e *asyncEntry) noteDefined(lane int, written []byte) {
	if allDefined(written) {
		return
	}
	if e.defined == nil {
		e.defined = new([32][]byte)
	}
	all := bytes.Repeat([]byte{0xff}, int(e.bytes))
	copy(all, written)
	e.defined[lane] = all
}

// noteAllDefined does so for lanes that read all their bytes, at w.off.
func (e *asyncEntry) noteAllDefined(w *warp, written []byte, m uint32) {
	var suspect uint32
	for k := uint32(0); k < e.bytes; k += 4 {
		suspect |= lanesUnlike(unsafe.Pointer(&written[0]), &w.off, k, 0, fullMask, fullMask, m)
	}
	for ; suspect != 0; suspect &= suspect - 1 {
		i := lowest(suspect)
		e.noteDefined(i, written[w.off[i]:w.off[i]+e.bytes])
	}
}

// asyncCopyForm is the constant part of a cp.async.
type asyncCopyForm struct {
	dst     int32
	dstWide bool
	dstOff  uint64
	size    int32 // register with the bytes to read, or -1
	ignore  int32 // predicate: read nothing where it holds, or -1
	not     bool
	source  *inst // the read of all bytes
}

func decodeAsyncCopy(d *decoder, in *inst, s *ptx.Instruction) {
	mods := s.Op.Modifiers
	if len(mods) < 2 {
		d.fail("%w", ErrUnknownInstruction)
	}
	switch mods[1] {
	case "commit_group":
		d.need(0)
		in.exec = execCommitGroup
	case "wait_group":
		d.need(1)
		if s.Operands[0].Kind != ptx.IntegerOperand {
			d.fail("the number of groups is not a constant")
		}
		in.exec = waitForm{newest: uint32(s.Operands[0].Value)}.exec
	case "wait_all":
		d.need(0)
		in.exec = waitForm{all: true}.exec
	case "mbarrier":
		decodeAsyncArrive(d, in, s)
	case "bulk":
		decodeBulkCopy(d, in, s)
	default:
		decodeThreadCopy(d, in, s)
	}
}

// decodeThreadCopy: cp.async.{ca,cg}.shared.global{.L2::...} [dst], [src], bytes{, read}{, policy}
func decodeThreadCopy(d *decoder, in *inst, s *ptx.Instruction) {
	for _, m := range s.Op.Modifiers[1:] {
		if m != "ca" && m != "cg" && m != "shared" && m != "shared::cta" && m != "global" && !hint(m) {
			d.fail("%w", ErrUnknownInstruction)
		}
	}
	args := s.Operands
	if len(args) < 3 || args[2].Kind != ptx.IntegerOperand {
		d.fail("expected a destination, a source and a constant number of bytes")
	}
	f := asyncCopyForm{size: -1, ignore: -1}
	f.dst, f.dstOff, f.dstWide = d.base(args[0])
	a := &access{op: asyncCopy, size: uint32(args[2].Value), n: 1, bytes: args[2].Value, bypass: slices.ContainsFunc(s.Op.Modifiers, bypasses)}
	if a.size != 4 && a.size != 8 && a.size != 16 {
		d.fail("%d bytes, a cp.async copies 4, 8 or 16", a.size)
	}
	d.memoryOperand(in, a, args[1])
	if len(args) > 3 {
		o := args[3]
		switch {
		case o.Kind == ptx.RegisterOperand && d.frame.fn.Registers[o.Register].Type == ptx.Pred:
			f.ignore, f.not = d.src(o, 'p'), o.Not
		case o.Kind == ptx.RegisterOperand && d.frame.fn.Registers[o.Register].Type.Size() == 8: // a cache policy
		default:
			f.size = d.src(o, 'r')
		}
	}
	f.source = sourceAccess(a.size, a.bypass)
	in.mem = a
	in.exec = f.exec
}

func (f asyncCopyForm) exec(w *warp, in *inst, m uint32) {
	a, b := in.mem, w.b
	w.sharedAddresses(f.dst, f.dstWide, f.dstOff, m, a.bytes)
	if b.checks&Traffic != 0 {
		w.countShared(&access{op: store, bytes: a.bytes}, m, false)
	}
	e := w.newAsync(m, a.size)
	e.off = w.off
	if b.checks&SharedRaces != 0 {
		for x := m; x != 0; x &= x - 1 {
			i := lowest(x)
			if !w.writeOrdered(i, e.off[i], a.size, 1) {
				w.writeCells(i, e.off[i], a.size, 0, false)
				b.pend(e.off[i], a.size, 1)
			}
		}
	}
	if whole, size := f.sourceBytes(w, m, a); !whole || !f.copyWhole(w, in, e, m) {
		w.addresses(in.a, a.wideAddr, a.offset)
		f.copyLanes(w, in, e, m, &size)
	}
	w.asyncs = append(w.asyncs, e)
}

// copyWhole is the fast way: all lanes read all their bytes, of one allocation. It reports whether that is so.
func (f asyncCopyForm) copyWhole(w *warp, in *inst, e *asyncEntry, m uint32) bool {
	a := in.mem
	if !a.wideAddr {
		return false
	}
	base := &w.q[in.a]
	s := offsets64(&w.off, base, a.offset, m)
	al := w.b.d.mem.region(base[lowest(m)] + a.offset)
	if al == nil || s.regions != 0 || s.low&uint32(a.bytes-1) != 0 || uint64(s.high)+a.bytes > al.size {
		return false
	}
	e.read(w, al.data(), m)
	if w.b.checks&Uninitialized != 0 {
		e.noteAllDefined(w, al.written(), m)
	}
	w.accessGlobal(f.source, al, m, s)
	return true
}

// copyLanes checks the addresses in w.addr lane by lane, and reads so many bytes for each.
func (f asyncCopyForm) copyLanes(w *warp, in *inst, e *asyncEntry, m uint32, size *[32]uint32) {
	a, b := in.mem, w.b
	clear(e.data[:])
	for reading := m; reading != 0; {
		first := lowest(reading)
		if size[first] == 0 {
			reading &= reading - 1
			continue
		}
		al := w.checkGlobal(first, uint64(size[first]), a.bytes)
		var here uint32
		for x := reading; x != 0; x &= x - 1 {
			i := lowest(x)
			if size[i] != size[first] || w.addr[i]>>32 != al.addr>>32 {
				continue
			}
			w.checkGlobal(i, uint64(size[i]), a.bytes)
			here |= 1 << i
			w.off[i] = uint32(w.addr[i])
			copy(e.data[i][:size[i]], al.data()[w.off[i]:])
			if b.checks&Uninitialized != 0 {
				e.noteDefined(i, al.written()[w.off[i]:w.off[i]+size[i]])
			}
		}
		w.accessGlobal(sourceAccess(size[first], a.bypass), al, here, span{})
		reading &^= here
	}
}

// sourceAccess is the read of a copy as an access to global memory.
func sourceAccess(bytes uint32, bypass bool) *inst {
	return &inst{mem: &access{op: asyncCopy, size: min(bytes, 4), n: 1, bytes: uint64(bytes), bypass: bypass}}
}

// sourceBytes gives how many bytes each lane reads, or whole where that is all of them; the rest of the destination becomes zero.
func (f asyncCopyForm) sourceBytes(w *warp, m uint32, a *access) (whole bool, bytes [32]uint32) {
	if f.ignore < 0 && (f.size < 0 || lanesWith(&w.r[f.size], a.size, m) == m) {
		for i := range bytes {
			bytes[i] = a.size
		}
		return true, bytes
	}
	for x := m; x != 0; x &= x - 1 {
		i := lowest(x)
		bytes[i] = a.size
		if f.size >= 0 {
			bytes[i] = w.r[f.size][i]
		}
		if f.ignore >= 0 && (w.p[f.ignore]>>i&1 != 0) != f.not {
			bytes[i] = 0
		}
		if bytes[i] > a.size {
			w.fault(BadAsyncCopy, i, "reads %d bytes to copy %d", bytes[i], a.size)
		}
	}
	return false, bytes
}

// pend marks cells as the destination of a copy that is under way, or takes the mark away.
func (b *block) pend(off, bytes uint32, n int) {
	for c := off >> b.cellShift; c <= (off+bytes-1)>>b.cellShift; c++ {
		b.cells[c].pending += uint8(n)
	}
}

func execCommitGroup(w *warp, in *inst, m uint32) {
	for ; m != 0; m &= m - 1 {
		w.groupN[lowest(m)]++
	}
}

// waitForm is the constant part of cp.async.wait_group and cp.async.wait_all: which copies of a lane must be done.
type waitForm struct {
	newest uint32 // groups that may go on
	all    bool   // copies that are in no group too
}

func (f waitForm) exec(w *warp, in *inst, m uint32) {
	w.complete(m, func(e *asyncEntry) uint32 {
		if f.all {
			return fullMask
		}
		var done uint32
		for i, g := range &e.group {
			done |= bit(g+f.newest < w.groupN[i]) << i
		}
		return done
	})
}

// complete writes the destinations of the copies of the lanes of m for which done says so.
func (w *warp) complete(m uint32, done func(e *asyncEntry) uint32) {
	b := w.b
	rest := w.asyncs[:0]
	for _, e := range w.asyncs {
		lanes := e.mask & m & done(e)
		e.mask &^= lanes
		for x := lanes; x != 0; x &= x - 1 {
			i := lowest(x)
			o := e.off[i]
			e.write(b.shared, i)
			b.defineShared(o, e.bytes)
			if e.defined != nil && e.defined[i] != nil {
				copy(b.definedShared()[o:], e.defined[i])
			}
			if b.checks&SharedRaces == 0 {
				continue
			}
			for c := o >> b.cellShift; c <= (o+e.bytes-1)>>b.cellShift; c++ { // written now, by the thread that waits
				x := &b.cells[c]
				x.pending--
				x.writeTime, x.writeSub, x.writer, x.writePC = b.time, w.order.sub, uint16(w.id<<5|i), w.pc
			}
		}
		if e.mask != 0 {
			rest = append(rest, e)
		} else {
			w.spareAsyncs = append(w.spareAsyncs, e)
		}
	}
	w.asyncs = rest
}

// dropPending forgets copies that a block did not wait for before it ended.
func (b *block) dropPending() {
	if b.checks&SharedRaces == 0 {
		return
	}
	for _, w := range b.warps {
		for _, e := range w.asyncs {
			for x := e.mask; x != 0; x &= x - 1 {
				b.pend(e.off[lowest(x)], e.bytes, -1)
			}
		}
	}
	for _, w := range b.warps {
		for i := range w.bulk.copies {
			w.bulk.copies[i].release(b)
		}
	}
	for _, m := range b.mbarriers {
		for _, c := range m.copies {
			b.pend(c.off, uint32(len(c.data)), -1)
		}
	}
}
