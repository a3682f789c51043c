package sim

// execLocal: the memory of the threads of a warp lies in one slice, thread after thread.
func execLocal(w *warp, in *inst, m uint32) {
	a := in.mem
	w.addresses(in.a, a.wideAddr, a.offset)
	w.localLanes(in, m)
}

func (w *warp) localLanes(in *inst, m uint32) {
	a, size := in.mem, w.b.k.localBytes
	for x := m; x != 0; x &= x - 1 {
		i := lowest(x)
		addr := w.addr[i]
		switch {
		case addr+a.bytes > size || addr > size:
			w.faultArray(OutOfBounds, i, "local memory", "%d bytes at offset %d, the thread has %d bytes", a.bytes, int64(addr), size)
		case addr&(a.bytes-1) != 0:
			w.faultArray(Misaligned, i, "local memory", "offset %d is not a multiple of %d", addr, a.bytes)
		}
		w.off[i] = uint32(uint64(i)*size + addr)
		if w.b.checks&Uninitialized == 0 {
			continue
		}
		defined := w.localDef[w.off[i] : uint64(w.off[i])+a.bytes]
		switch {
		case w.frameEnded(uint64(w.off[i]), a.bytes):
			w.reportArray(UseAfterReturn, w.pc, i, "local memory", "offset %d lies in a local array of a function that has returned", addr)
		case a.op == store:
			fillBytes(defined, 0xff)
		case allDefined(defined):
		case a.op == load:
			w.taintLoad(a, i, defined, &origin{kind: UninitializedLocal, pc: w.pc, at: uint64(w.off[i])})
		default:
			w.reportArray(UninitializedLocal, w.pc, i, "local memory", "offset %d was not written", addr)
		}
	}
	switch a.op {
	case load:
		w.loadLanes(a, w.local, m, false)
	case store:
		w.storeLanes(a, w.local, m)
	default:
		w.update(in, &a.atom, w.local, m)
	}
}

// execParam loads kernel parameters. The address is a constant as a rule.
func execParam(w *warp, in *inst, m uint32) {
	a := in.mem
	w.addresses(in.a, a.wideAddr, a.offset)
	w.paramLanes(in, m)
}

func (w *warp) paramLanes(in *inst, m uint32) {
	a, size := in.mem, uint64(len(w.b.params))
	for x := m; x != 0; x &= x - 1 {
		i := lowest(x)
		addr := w.addr[i]
		switch {
		case a.op != load:
			w.fault(BadAddress, i, "kernel parameters cannot be written")
		case addr+a.bytes > size || addr > size:
			w.faultArray(OutOfBounds, i, "parameters", "%d bytes at offset %d of %d", a.bytes, int64(addr), size)
		case addr&uint64(a.size-1) != 0:
			w.faultArray(Misaligned, i, "parameters", "offset %d is not a multiple of %d", addr, a.size)
		}
		w.off[i] = uint32(addr)
	}
	w.loadLanes(a, w.b.params, m, false)
}
