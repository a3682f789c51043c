package sim

import (
	"bytes"
	"slices"

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

// asyncCopyForm is the constant part of a cp.async.
type asyncCopyForm struct {
	dst     int32
	dstWide bool
	dstOff  uint64
	size    int32 // register with the bytes to read, or -1
	ignore  int32 // predicate: read nothing where it holds, or -1
	not     bool
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
	in.mem = a
	in.exec = f.exec
}

func (f asyncCopyForm) exec(w *warp, in *inst, m uint32) {
	a, b := in.mem, w.b
	w.addresses(f.dst, f.dstWide, f.dstOff)
	w.sharedOffsets(m, a.bytes)
	if b.checks&Traffic != 0 {
		w.countShared(&access{op: store, bytes: a.bytes}, m, false)
	}
	e := asyncEntry{mask: m, bytes: a.size, off: w.off, group: w.groupN}
	if b.checks&SharedRaces != 0 {
		for x := m; x != 0; x &= x - 1 {
			i := lowest(x)
			w.writeCells(i, e.off[i], a.size, 0, false)
			b.pend(e.off[i], a.size, 1)
		}
	}
	w.addresses(in.a, a.wideAddr, a.offset)
	size := f.sourceBytes(w, m, a)
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
		w.accessGlobal(&inst{mem: &access{op: asyncCopy, size: min(size[first], 4), n: 1, bytes: uint64(size[first]), bypass: a.bypass}}, al, here, span{})
		reading &^= here
	}
	w.asyncs = append(w.asyncs, e)
}

// sourceBytes gives how many bytes each lane reads; the rest of the destination becomes zero.
func (f asyncCopyForm) sourceBytes(w *warp, m uint32, a *access) (bytes [32]uint32) {
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
	return bytes
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
	w.complete(m, func(e *asyncEntry, i int) bool {
		return f.all || e.group[i]+f.newest < w.groupN[i]
	})
}

// complete writes the destinations of the copies for which done says so.
func (w *warp) complete(m uint32, done func(e *asyncEntry, lane int) bool) {
	b := w.b
	rest := w.asyncs[:0]
	for k := range w.asyncs {
		e := &w.asyncs[k]
		for x := e.mask & m; x != 0; x &= x - 1 {
			i := lowest(x)
			if !done(e, i) {
				continue
			}
			o := e.off[i]
			copy(b.shared[o:o+e.bytes], e.data[i][:])
			b.defineShared(o, e.bytes)
			if e.defined != nil && e.defined[i] != nil {
				copy(b.definedShared()[o:], e.defined[i])
			}
			e.mask &^= 1 << i
			if b.checks&SharedRaces == 0 {
				continue
			}
			b.pend(o, e.bytes, -1)
			for c := o >> b.cellShift; c <= (o+e.bytes-1)>>b.cellShift; c++ { // written now, by the thread that waits
				x := &b.cells[c]
				x.writeTime, x.writeSub, x.writer, x.writePC = b.time, w.order.sub, uint16(w.id<<5|i), w.pc
			}
		}
		if e.mask != 0 {
			rest = append(rest, *e)
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
