package sim

// The loops over the lanes of a warp that move data between registers and memory. Offsets are in w.off and were checked.

// span is what a fast path has to know about the addresses of the lanes of a mask.
type span struct {
	low     uint32 // all offsets or-ed: alignment
	high    uint32 // the largest
	differ  uint32 // 0 if all are the same
	regions uint32 // 0 if all lie in the first lane's region
}

// offsets32 writes the offsets of 32-bit addresses and of the idle lanes that of the first active one.
func offsets32Go(off, base *[32]uint32, add, m uint32) (s span) {
	first := base[lowest(m)] + add
	for i, x := range base {
		o := x + add
		if m>>(uint(i)&31)&1 == 0 {
			o = first
		}
		off[i] = o
		s.low |= o
		s.differ |= o ^ first
		s.high = max(s.high, o)
	}
	return s
}

// offsets64 does the same for the lower halves of 64-bit addresses.
func offsets64Go(off *[32]uint32, base *[32]uint64, add uint64, m uint32) (s span) {
	first := base[lowest(m)] + add
	for i, x := range base {
		a := x + add
		if m>>(uint(i)&31)&1 == 0 {
			a = first
		}
		o := uint32(a)
		off[i] = o
		s.low |= o
		s.differ |= o ^ uint32(first)
		s.high = max(s.high, o)
		s.regions |= uint32((a ^ first) >> 32)
	}
	return s
}

// consecutive reports whether the lanes access neighbouring places, the first lane the lowest.
func consecutive(off *[32]uint32, bytes uint32) bool {
	o := off[0]
	for _, x := range off {
		if x != o {
			return false
		}
		o += bytes
	}
	return true
}

// load32 loads 32 bits into each lane of m.
func load32Go(dst *[32]uint32, buf []byte, off *[32]uint32, add, m uint32) {
	if m == fullMask {
		for i := range dst {
			dst[i] = le.Uint32(buf[off[i]+add:])
		}
		return
	}
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		dst[i] = le.Uint32(buf[off[i]+add:])
	}
}

// broadcast32 writes one value to the lanes of m.
func broadcast32(dst *[32]uint32, v, m uint32) {
	if m == fullMask {
		for i := range dst {
			dst[i] = v
		}
		return
	}
	for ; m != 0; m &= m - 1 {
		dst[lowest(m)] = v
	}
}

// loadLanes loads the elements of an access. same says that all lanes load from one place.
func (w *warp) loadLanes(a *access, buf []byte, m uint32, same bool) {
	if a.size == 4 && a.bank == 'r' {
		for k := range a.n {
			slot := a.vec[k]
			switch {
			case slot < 0:
			case same:
				broadcast32(&w.r[slot], le.Uint32(buf[w.off[lowest(m)]+4*k:]), m)
			default:
				load32(&w.r[slot], buf, &w.off, 4*k, m)
			}
		}
		return
	}
	for k := range a.n {
		slot := a.vec[k]
		if slot < 0 {
			continue
		}
		for x := m; x != 0; x &= x - 1 {
			i := lowest(x)
			v := a.read(buf[w.off[i]+k*a.size:])
			switch {
			case a.bank == 'q':
				w.q[slot][i] = v
			case a.halfDst:
				w.r[slot][i] = uint32(v) & 0xffff
			default:
				w.r[slot][i] = uint32(v)
			}
		}
	}
}

// read gives an element, extended by its sign or by zeros.
func (a *access) read(p []byte) uint64 {
	switch a.size {
	case 1:
		if a.signed {
			return uint64(int8(p[0]))
		}
		return uint64(p[0])
	case 2:
		if a.signed {
			return uint64(int16(le.Uint16(p)))
		}
		return uint64(le.Uint16(p))
	case 4:
		if a.signed {
			return uint64(int32(le.Uint32(p)))
		}
		return uint64(le.Uint32(p))
	}
	return le.Uint64(p)
}

func (a *access) write(p []byte, v uint64) {
	switch a.size {
	case 1:
		p[0] = byte(v)
	case 2:
		le.PutUint16(p, uint16(v))
	case 4:
		le.PutUint32(p, uint32(v))
	default:
		le.PutUint64(p, v)
	}
}

// element gives what a lane stores.
func (w *warp) element(a *access, k uint32, i int) uint64 {
	if a.bank == 'q' {
		return w.q[a.vec[k]][i]
	}
	return uint64(w.r[a.vec[k]][i])
}

func (w *warp) storeLanes(a *access, buf []byte, m uint32) {
	for k := range a.n {
		if a.size == 4 && a.bank == 'r' {
			pa := &w.r[a.vec[k]]
			for x := m; x != 0; x &= x - 1 {
				i := lowest(x)
				le.PutUint32(buf[w.off[i]+4*k:], pa[i])
			}
			continue
		}
		for x := m; x != 0; x &= x - 1 {
			i := lowest(x)
			a.write(buf[w.off[i]+k*a.size:], w.element(a, k, i))
		}
	}
}
