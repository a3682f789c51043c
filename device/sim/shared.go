package sim

// execShared is the fast way of an access to shared memory, with good addresses.
func execShared(w *warp, in *inst, m uint32) {
	a := in.mem
	var s span
	if a.wideAddr {
		base := &w.q[in.a]
		s = offsets64(&w.off, base, a.offset, m)
		s.regions |= uint32((base[lowest(m)] + a.offset) >> 32)
	} else {
		s = offsets32(&w.off, &w.r[in.a], uint32(a.offset), m)
	}
	if s.regions == 0 && s.low&uint32(a.bytes-1) == 0 && uint64(s.high)+a.bytes <= uint64(len(w.b.shared)) {
		w.accessShared(in, m, s.differ == 0)
		return
	}
	w.addresses(in.a, a.wideAddr, a.offset)
	w.sharedLanes(in, m)
}

// sharedLanes checks the addresses in w.addr lane by lane.
func (w *warp) sharedLanes(in *inst, m uint32) {
	w.sharedOffsets(m, in.mem.bytes)
	w.accessShared(in, m, false)
}

// sharedAddresses writes the offsets of addresses in a register.
func (w *warp) sharedAddresses(slot int32, wide bool, offset uint64, m uint32, bytes uint64) {
	if !wide {
		s := offsets32(&w.off, &w.r[slot], uint32(offset), m)
		if s.low&uint32(bytes-1) == 0 && uint64(s.high)+bytes <= uint64(len(w.b.shared)) {
			return
		}
	}
	w.addresses(slot, wide, offset)
	w.sharedOffsets(m, bytes)
}

func (w *warp) sharedOffsets(m uint32, bytes uint64) {
	n := uint64(len(w.b.shared))
	for x := m; x != 0; x &= x - 1 {
		i := lowest(x)
		addr := w.addr[i]
		switch {
		case addr&(bytes-1) != 0:
			w.faultArray(Misaligned, i, w.b.arrayAt(addr), "shared address %d is not a multiple of %d", addr, bytes)
		case addr > n || addr+bytes > n:
			w.faultArray(OutOfBounds, i, w.b.arrayAt(min(addr, n)), "%d bytes at shared address %d, the block has %d bytes", bytes, int64(addr), n)
		}
		w.off[i] = uint32(addr)
	}
	for i := range w.off { // idle lanes go with the first one
		if m>>i&1 == 0 {
			w.off[i] = w.off[lowest(m)]
		}
	}
}

// arrayAt names the shared array that an address lies in, or that it lies behind.
func (b *block) arrayAt(addr uint64) string {
	if len(b.shared) > int(b.dynamicStart) && addr >= b.dynamicStart {
		return "the dynamic shared memory"
	}
	name := ""
	for _, a := range b.k.shared {
		if addr >= a.start {
			name = "shared array " + a.name
		}
	}
	return name
}

// accessShared does an access at w.off.
func (w *warp) accessShared(in *inst, m uint32, same bool) {
	a, b := in.mem, w.b
	if b.checks&Traffic != 0 {
		w.countShared(a, m, same)
	}
	if b.checks&SharedRaces != 0 {
		if a.strong && b.k.fences {
			w.synchronize(a, in.d >= 0, sharedWindow, true, m)
		}
		switch {
		case a.op == update || a.strong && b.k.fences:
			w.strongShared(a, m)
		case a.op == load:
			w.readShared(a, m, same)
		default:
			w.noteChange(a, b.shared, m)
			w.storeShared(a, m)
			return
		}
	}
	if b.sharedUndefined && a.op != load {
		for x := m; x != 0; x &= x - 1 {
			b.defineShared(w.off[lowest(x)], uint32(a.bytes))
		}
	}
	switch a.op {
	case load:
		w.loadLanes(a, b.shared, m, same)
	case store:
		w.noteChange(a, b.shared, m)
		w.storeLanes(a, b.shared, m)
	case update:
		w.update(in, &a.atom, b.shared, m)
	}
	if a.polls {
		w.poll(in, m)
	}
}

// wideSample is how many requests of an access in a block are looked at as if they were wider.
const wideSample = 32

func (w *warp) countShared(a *access, m uint32, same bool) {
	t, bytes := &w.b.traffic, uint32(a.bytes)
	var n, ideal int64
	switch {
	case same:
		n, ideal = 1, 1
	case m == fullMask && consecutive(&w.off, bytes):
		n = idealWavefronts(m, bytes)
		ideal = n
	default:
		n = w.b.bankPattern(w.pc, &w.off, m).wavefronts(bytes)
		ideal = min(n, idealWavefronts(m, bytes))
	}
	at := &w.b.access[w.pc]
	at.sharedRequests++
	at.sharedWavefronts += n
	if at.wideRequests < wideSample {
		at.wideRequests++
		p := w.b.bankPattern(w.pc, &w.off, m)
		at.wide[0] += p.wavefronts(8)
		at.wide[1] += p.wavefronts(16)
	}
	switch a.op {
	case load:
		t.SharedLoads++
		t.SharedLoadWavefronts += n
		t.SharedLoadIdeal += ideal
	case update:
		t.SharedAtomics += int64(popcount(m))
		t.SharedAtomicWavefronts += n
	default:
		t.SharedStores++
		t.SharedStoreWavefronts += n
		t.SharedStoreIdeal += ideal
	}
}

// readShared checks the order of a load: lanes that read the same place together, but for those whose place wants a closer look.
func (w *warp) readShared(a *access, m uint32, same bool) {
	bytes := uint32(a.bytes)
	if w.b.sharedUndefined {
		for x := m; x != 0; x &= x - 1 {
			w.taintShared(a, lowest(x), w.off[lowest(x)], 0)
		}
	}
	if same && w.readOrdered(w.off[0], bytes, m) {
		return
	}
	if places := w.b.bankPattern(w.pc, &w.off, m).places(); bytes <= 1<<w.b.cellShift {
		m = w.readRow(places)
	} else {
		m = 0
		for _, lanes := range places {
			if !w.readOrdered(w.off[lowest(lanes)], bytes, lanes) {
				m |= lanes
			}
		}
	}
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		if never := w.readCells(i, w.off[i], bytes); never != 0 {
			w.taintShared(a, i, w.off[i], never)
		}
	}
}

// strongShared checks the order of atomics, and of flags between warps: volatile, relaxed, acquiring and releasing accesses, where fences say
// that they are meant so. They do not race with each other. The first store of a place is a plain one, which a barrier has to follow.
func (w *warp) strongShared(a *access, m uint32) {
	b := w.b
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		if off := w.off[i]; a.op == store && b.cells[off>>b.cellShift].writeTime < b.start {
			w.writeCells(i, off, uint32(a.bytes), 0, false)
		} else {
			w.atomicCells(i, off, uint32(a.bytes))
		}
	}
}

// storeShared stores lane by lane, so that lanes that write different values to one place are found.
func (w *warp) storeShared(a *access, m uint32) {
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		for k := range a.n {
			o := w.off[i] + k*a.size
			v := w.element(a, k, i)
			if !w.writeOrdered(i, o, a.size, 0) {
				w.writeCells(i, o, a.size, v, true)
			}
			w.b.defineShared(o, a.size)
			a.write(w.b.shared[o:], v)
		}
	}
}
