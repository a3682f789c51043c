package sim

import (
	"fmt"
	"math/bits"
	"unsafe"
)

// execGlobal is the fast way: all lanes meet one allocation. Everything else is left to globalLanes.
func execGlobal(w *warp, in *inst, m uint32) {
	a := in.mem
	if a.wideAddr {
		base := &w.q[in.a]
		s := offsets64(&w.off, base, a.offset, m)
		if al := w.b.d.mem.region(base[lowest(m)] + a.offset); al != nil && s.regions == 0 &&
			s.low&uint32(a.bytes-1) == 0 && uint64(s.high)+a.bytes <= al.size {
			w.accessGlobal(in, al, m, s)
			return
		}
	}
	w.addresses(in.a, a.wideAddr, a.offset)
	w.globalLanes(in, m)
}

// region gives the live allocation of an address, or nil.
func (m *memory) region(addr uint64) *allocation {
	r := addr>>32 - m.base
	if r >= uint64(len(m.regions)) || m.regions[r].freed {
		return nil
	}
	return m.regions[r]
}

// globalLanes checks lane by lane the addresses in w.addr and goes on allocation by allocation.
func (w *warp) globalLanes(in *inst, m uint32) {
	a := in.mem
	for m != 0 {
		al := w.checkGlobal(lowest(m), a.bytes, a.bytes)
		s := span{differ: 1}
		var here uint32
		for x := m; x != 0; x &= x - 1 {
			i := lowest(x)
			if w.addr[i]>>32 != al.addr>>32 {
				continue
			}
			w.checkGlobal(i, a.bytes, a.bytes)
			here |= 1 << i
			w.off[i] = uint32(w.addr[i])
			s.high = max(s.high, w.off[i])
		}
		for i := range w.off {
			if here>>i&1 == 0 {
				w.off[i] = w.off[lowest(here)]
			}
		}
		w.accessGlobal(in, al, here, s)
		m &^= here
	}
}

// checkGlobal gives the allocation of a lane's address, of which bytes are accessed.
func (w *warp) checkGlobal(i int, bytes, align uint64) *allocation {
	mem := &w.b.d.mem
	addr := w.addr[i]
	r := addr>>32 - mem.base
	if r >= uint64(len(mem.regions)) {
		if before := addr>>32 + 1 - mem.base; before < uint64(len(mem.regions)) && uint32(addr) > 1<<31 {
			al := mem.regions[before]
			w.faultArray(OutOfBounds, i, w.allocationName(al), "address %#x lies %d bytes before the allocation", addr, 1<<32-uint64(uint32(addr)))
		}
		w.fault(OutOfBounds, i, "address %#x belongs to no allocation", addr)
	}
	al := mem.regions[r]
	off := uint64(uint32(addr))
	switch {
	case al.freed:
		w.fault(UseAfterFree, i, "address %#x lies in memory that was freed", addr)
	case off&(align-1) != 0:
		w.faultArray(Misaligned, i, w.allocationName(al), "address %#x is not a multiple of %d", addr, align)
	case off+bytes > al.size:
		w.faultArray(OutOfBounds, i, w.allocationName(al), "%d bytes at offset %d of an allocation of %d bytes%s", bytes, int64(off), al.size, w.nearAllocation(addr))
	}
	return al
}

// nearAllocation says which allocation starts a little behind an address.
func (w *warp) nearAllocation(addr uint64) string {
	mem := &w.b.d.mem
	r := addr>>32 + 1 - mem.base
	if back := 1<<32 - uint64(uint32(addr)); r < uint64(len(mem.regions)) && back < 1<<31 {
		return fmt.Sprintf(", %d bytes before %s", back, w.allocationName(mem.regions[r]))
	}
	return ""
}

func (w *warp) allocationName(al *allocation) string { return w.b.k.arrayName(al, w.b.params) }

// arrayName says which array an allocation is to the kernel: its label, a variable, or the parameter that points into it.
func (k *Kernel) arrayName(al *allocation, params []byte) string {
	if al.label != "" {
		return al.label
	}
	if al.name != "" {
		return readable(al.name)
	}
	for i, p := range k.fn.Params {
		for o := p.Offset; o+8 <= p.Offset+p.Size && p.Size%8 == 0; o += 8 {
			if le.Uint64(params[o:])>>32 == al.addr>>32 {
				return fmt.Sprintf("the array of parameter %d", i)
			}
		}
	}
	return fmt.Sprintf("the allocation at %#x", al.addr)
}

// accessGlobal does the checks that were asked for, and the access.
func (w *warp) accessGlobal(in *inst, al *allocation, m uint32, s span) {
	a := in.mem
	w.globalChecks(a, in.d >= 0, al, m)
	if al.constant && a.op != load && a.op != asyncCopy {
		w.faultArray(BadAddress, lowest(m), w.allocationName(al), "constant memory cannot be written")
	}
	switch a.op {
	case load:
		w.loadLanes(a, al.data(), m, s.differ == 0)
	case store:
		w.noteChange(a, al.data(), m)
		w.storeLanes(a, al.data(), m)
	case update:
		w.b.traffic.GlobalAtomics += int64(bits.OnesCount32(m))
		data := al.data()
		al.atomics.Lock()
		w.update(in, &a.globalAtom, data, m)
		al.atomics.Unlock()
	}
	if a.polls {
		w.poll(in, m)
	}
}

// globalChecks does the checks that were asked for of the lanes of m at w.off. result says that they get what was there.
func (w *warp) globalChecks(a *access, result bool, al *allocation, m uint32) {
	checks := w.b.checks
	if checks&Traffic != 0 {
		w.countGlobal(a.op == load || a.op == asyncCopy, al, m, a.bytes)
		w.recordGlobal(a, al, m)
	}
	if checks&Uninitialized != 0 {
		w.checkWritten(a, al, m)
	}
	if w.b.launch.node != nil {
		w.checkNode(a, al, m)
	}
	if checks&BlockRaces != 0 && w.mayRace(a, al) {
		if a.strong && w.b.k.fences {
			w.synchronize(a, result, al.addr, a.narrow, m)
		}
		w.checkOrder(a, al, m)
	}
}

// checkWritten notes stores, marks what is loaded of bytes that nobody wrote, and reports atomics on them.
func (w *warp) checkWritten(a *access, al *allocation, m uint32) {
	written := al.written()
	switch a.op {
	case asyncCopy: // copies what is known about the bytes too
		return
	case store:
		for ; m != 0; m &= m - 1 {
			o := uint64(w.off[lowest(m)])
			switch a.bytes {
			case 4:
				le.PutUint32(written[o:], 0xffffffff)
			default:
				p := written[o : o+a.bytes]
				for j := range p {
					p[j] = 0xff
				}
			}
		}
		return
	}
	if a.bytes&3 == 0 {
		var suspect uint32
		for k := uint32(0); k < uint32(a.bytes); k += 4 {
			suspect |= lanesUnlike(unsafe.Pointer(&written[0]), &w.off, k, 0, 0xffffffff, 0xffffffff, m)
		}
		m = suspect
	}
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		o := uint64(w.off[i])
		defined := written[o : o+a.bytes]
		switch {
		case allDefined(defined):
		case a.op == load:
			w.taintLoad(a, i, defined, &origin{kind: UninitializedGlobal, pc: w.pc, al: al, at: o})
		default:
			w.reportArray(UninitializedGlobal, w.pc, i, w.allocationName(al), "%d bytes at offset %d were not written since the allocation", a.bytes, o)
			return
		}
	}
}
