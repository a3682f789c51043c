package sim

import "slices"

// How undefined bits get from the operands of an instruction to its results is found out by experiment.

// patterns are what probes write into undefined bits: each bit is 0 in some and 1 in some, and as floating-point numbers they
// are of all kinds.
var patterns = [...]uint64{0, ^uint64(0), 0x5555555555555555, 0xaaaaaaaaaaaaaaaa, 0x41c64e6dc0490fdb, 0xbe39b192bfb6f024}

// registerCopy is the content of a register.
type registerCopy struct {
	ref registerRef
	r   [32]uint32
	q   [32]uint64
	p   uint32
}

func (w *warp) save(refs []registerRef) []registerCopy {
	all := make([]registerCopy, len(refs))
	for i, r := range refs {
		all[i].ref = r
		switch r.bank {
		case 'q':
			all[i].q = w.q[r.slot]
		case 'p':
			all[i].p = w.p[r.slot]
		default:
			all[i].r = w.r[r.slot]
		}
	}
	return all
}

func (w *warp) restore(all []registerCopy) {
	for i := range all {
		c := &all[i]
		switch c.ref.bank {
		case 'q':
			w.q[c.ref.slot] = c.q
		case 'p':
			w.p[c.ref.slot] = c.p
		default:
			w.r[c.ref.slot] = c.r
		}
	}
}

// get gives the bits of a lane's register.
func (w *warp) get(r registerRef, lane int) uint64 {
	switch r.bank {
	case 'q':
		return w.q[r.slot][lane]
	case 'p':
		return uint64(w.p[r.slot] >> lane & 1)
	}
	return uint64(w.r[r.slot][lane])
}

func (w *warp) put(r registerRef, lane int, v uint64) {
	switch r.bank {
	case 'q':
		w.q[r.slot][lane] = v
	case 'p':
		w.p[r.slot] = w.p[r.slot]&^(1<<lane) | uint32(v&1)<<lane
	default:
		w.r[r.slot][lane] = uint32(v)
	}
}

// probe executes an instruction of which operands have undefined bits, and finds out which bits of the results depend on them.
func (w *warp) probe(in *inst, m uint32, refs *references) {
	b := w.b
	reads := slices.DeleteFunc(slices.Clone(refs.reads), func(r registerRef) bool { return w.undefined[b.k.index(r)] == nil })
	operands, before, carry := w.save(reads), w.save(refs.writes), w.carry
	in.exec(w, in, m)
	after, carried, counted := w.save(refs.writes), w.carry, b.traffic
	differ := make([][32]uint64, len(refs.writes))
	b.silent = true
	for _, pattern := range patterns {
		w.restore(before)
		w.restore(operands)
		w.carry = carry
		for _, r := range reads {
			u := w.undefined[b.k.index(r)]
			for x := u.lanes; x != 0; x &= x - 1 {
				i := lowest(x)
				w.put(r, i, w.get(r, i)&^u.bits[i]|pattern&u.bits[i])
			}
		}
		in.exec(w, in, m)
		for i, r := range refs.writes {
			for x := m; x != 0; x &= x - 1 {
				l := lowest(x)
				differ[i][l] |= w.get(r, l) ^ after[i].lane(l)
			}
		}
	}
	b.silent = false
	w.restore(operands)
	w.restore(after)
	w.carry, b.traffic = carried, counted
	var first *origin
	var origins [32]*origin
	computed := uint32(0)
	for _, r := range reads {
		u := w.undefined[b.k.index(r)]
		for x := u.lanes; x != 0; x &= x - 1 {
			i := lowest(x)
			origins[i] = u.origin[i]
			first = u.origin[i]
		}
		computed |= u.computed
	}
	moved := b.k.moving(w.pc)
	for i, r := range refs.writes {
		w.clean(r, m)
		for x := m; x != 0; x &= x - 1 {
			l := lowest(x)
			o := origins[l]
			if o == nil {
				o = first
			}
			w.taint(r, l, differ[i][l], !moved || computed>>l&1 != 0, o)
		}
	}
}

func (c *registerCopy) lane(i int) uint64 {
	switch c.ref.bank {
	case 'q':
		return c.q[i]
	case 'p':
		return uint64(c.p >> i & 1)
	}
	return uint64(c.r[i])
}
