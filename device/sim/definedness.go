package sim

import (
	"slices"
	"strings"

	"cnn-gpu/device/sim/ptx"
)

// What an instruction does with undefined bits of its operands: it passes them on, or something depends on them.

// pure reports whether an instruction only computes its results from registers, so that it may run again.
func (in *inst) pure() bool {
	switch in.class {
	case BarrierClass, AsyncCopy, Fence, Control, Atomic:
		return false
	}
	return in.mem == nil
}

// moving reports whether an instruction moves bits and computes nothing with them, as one that copies a structure with its padding.
func (k *Kernel) moving(pc int32) bool {
	op := k.source[pc].instr.Op
	switch op.Name {
	case "mov", "prmt", "selp", "shfl", "movmatrix", "cvta":
		return true
	case "cvt": // between integers
		return !slices.ContainsFunc(op.Modifiers, func(m string) bool { return strings.Contains(m, "f") })
	}
	return false
}

// track executes an instruction in a warp that holds undefined bits.
func (w *warp) track(in *inst, m uint32) {
	refs := &w.b.k.refs[w.pc]
	any := false
	for _, r := range refs.reads {
		if u := w.undefined[w.b.k.index(r)]; u != nil && (u.lanes&m != 0 || in.kind == collect) && !(r.bank == 'p' && r.slot == in.guard) {
			any = true
		}
	}
	switch {
	case in.mem != nil && (in.mem.op == load || in.mem.op == store):
		w.trackAccess(in, m)
		return
	case any && in.depends():
		w.spread(in, m, refs)
		return
	case any && in.pure():
		w.probe(in, m, refs)
		return
	}
	w.useAll(refs, m)
	in.exec(w, in, m)
	for _, r := range refs.writes {
		w.clean(r, m)
	}
}

// depends reports whether each bit of a result depends on each bit of the operands of its lane, as in arithmetic with rounding: such
// instructions are the many that need no probes.
func (in *inst) depends() bool {
	switch in.class {
	case Float32, FMA32, Float64, SpecialFunction:
		return true
	}
	return false
}

// spread executes an instruction whose results are undefined where an operand has undefined bits.
func (w *warp) spread(in *inst, m uint32, refs *references) {
	var origins [32]*origin
	lanes := uint32(0)
	for _, r := range refs.reads {
		u := w.undefined[w.b.k.index(r)]
		if u == nil || r.bank == 'p' && r.slot == in.guard {
			continue
		}
		for x := u.lanes & m &^ lanes; x != 0; x &= x - 1 {
			origins[lowest(x)] = u.origin[lowest(x)]
		}
		lanes |= u.lanes & m
	}
	in.exec(w, in, m)
	for _, r := range refs.writes {
		w.clean(r, m&^lanes)
		for x := lanes; x != 0; x &= x - 1 {
			w.taint(r, lowest(x), allBits(r.bank), true, origins[lowest(x)])
		}
	}
}

// useAll reports operands of an instruction for which nothing undefined is good enough.
func (w *warp) useAll(refs *references, m uint32) {
	if w.tracking == 0 {
		return
	}
	for _, r := range refs.reads {
		w.use("an operand", r, m)
	}
}

// trackAccess executes a load or a store: something undefined in an address is reported, and so is a store to global memory
// of a value that was computed from something undefined, or of which nothing is defined.
func (w *warp) trackAccess(in *inst, m uint32) {
	a, k := in.mem, w.b.k
	bank := byte('r')
	if a.wideAddr {
		bank = 'q'
	}
	lanes := m
	if in.kind == collect {
		lanes = fullMask
	}
	w.use("the address", registerRef{bank, in.a}, lanes)
	if a.op == load {
		for _, r := range k.refs[w.pc].writes {
			w.clean(r, m)
		}
		in.exec(w, in, m)
		return
	}
	if in.kind == collect { // stmatrix, wmma.store
		w.useAll(&k.refs[w.pc], m)
		in.exec(w, in, m)
		return
	}
	in.exec(w, in, m)
	for e := range a.n {
		r := registerRef{a.bank, a.vec[e]}
		u := w.undefined[k.index(r)]
		if u == nil {
			continue
		}
		for x := u.lanes & m; x != 0; x &= x - 1 {
			i := lowest(x)
			w.storeUndefined(in, e, i, u, m)
		}
	}
}

func (w *warp) laneAddress(in *inst, i int) uint64 {
	if in.mem.wideAddr {
		return w.q[in.a][i] + in.mem.offset
	}
	return uint64(w.r[in.a][i] + uint32(in.mem.offset))
}

// undefinedBits gives the undefined bits of an element that was loaded, from the defined bits of its bytes in memory.
func (a *access) undefinedBits(defined []byte) (bits uint64) {
	for i, d := range defined[:a.size] {
		bits |= uint64(^d) << (8 * i)
	}
	if top := 8*uint64(a.size) - 1; a.signed && bits>>top != 0 { // it extends
		bits |= ^uint64(0) << top
	}
	return bits & allBits(a.bank)
}

// taintLoad marks what a lane has loaded: defined are the defined bits of the access's bytes.
func (w *warp) taintLoad(a *access, lane int, defined []byte, o *origin) {
	for e := range a.n {
		slot := a.vec[e]
		if slot < 0 {
			continue
		}
		from := o
		if known := w.b.origins[o.place(w, uint64(e*a.size))]; known != nil {
			from = known
		}
		w.taint(registerRef{a.bank, slot}, lane, a.undefinedBits(defined[e*a.size:]), false, from)
	}
}

// place is where an origin lies, or a place some bytes behind it.
func (o *origin) place(w *warp, add uint64) originAt {
	if o.kind == UninitializedShared {
		w = nil
	}
	return originAt{o.kind, w, o.at + add}
}

// storeUndefined notes that an element of a store of the lanes of m has undefined bits.
func (w *warp) storeUndefined(in *inst, e uint32, lane int, u *undefinedRegister, m uint32) {
	a, b := in.mem, w.b
	addr := w.laneAddress(in, lane) + uint64(e*a.size)
	space := a.space
	if space == ptx.NoSpace {
		space = map[uint64]ptx.Space{sharedWindow >> 32: ptx.SharedSpace, localWindow >> 32: ptx.LocalSpace}[addr>>32]
		if space != ptx.NoSpace {
			addr = uint64(uint32(addr))
		}
	}
	var defined []byte
	switch space {
	case ptx.SharedSpace:
		defined = b.definedShared()[addr:]
		b.noteOrigin(originAt{UninitializedShared, nil, addr}, u.origin[lane])
	case ptx.LocalSpace:
		addr += uint64(lane) * b.k.localBytes
		defined = w.localDef[addr:]
		b.noteOrigin(originAt{UninitializedLocal, w, addr}, u.origin[lane])
	default:
		switch {
		case u.computed>>lane&1 != 0:
			w.reportUse(Error, "the value stored", lane, u.origin[lane])
			return
		case !w.nothingDefined(a, lane) || a.padding(addr-uint64(e*a.size)):
		case w.apart(in, m), u.origin[lane].kind != UninitializedLocal && recurs(u.lanes&m, m):
			w.reportUse(Advice, "the value stored, unless it is the padding of structures,", lane, u.origin[lane])
		default:
			w.reportUse(Error, "the value stored", lane, u.origin[lane])
			return
		}
		al := b.d.mem.region(addr)
		defined = al.written()[uint32(addr):]
	}
	for i := range defined[:a.size] {
		defined[i] = ^byte(u.bits[lane] >> (8 * i))
	}
}

// originAt is a place in shared memory, or in the local memory of a warp, to which something undefined was stored.
type originAt struct {
	kind Kind
	w    *warp
	addr uint64
}

// noteOrigin keeps where the undefined bits come from that are stored somewhere.
func (b *block) noteOrigin(at originAt, o *origin) {
	if b.origins == nil {
		b.origins = map[originAt]*origin{}
	}
	b.origins[at] = o
}

// apart reports whether the lanes of m access different places of which none follows another, as the members of structures lie.
func (w *warp) apart(in *inst, m uint32) bool {
	for x := m; x != 0; x &= x - 1 {
		for y := m &^ (x & -x); y != 0; y &= y - 1 {
			if d := w.laneAddress(in, lowest(y)) - w.laneAddress(in, lowest(x)); d == 0 || d == in.mem.bytes {
				return false
			}
		}
	}
	return m&(m-1) != 0
}

// recurs reports whether lanes are each so-manieth one of m, as those that copy one member of structures word by word.
func recurs(lanes, m uint32) bool {
	first := lowest(lanes)
	next := lanes & (lanes - 1)
	if next == 0 {
		return false
	}
	period := lowest(next) - first
	if period < 2 || first-lowest(m) >= period {
		return false
	}
	for i := lowest(m); i < 32; i++ {
		if m>>i&1 != 0 && (lanes>>i&1 != 0) != ((i-first)%period == 0) {
			return false
		}
	}
	return true
}

// padding reports whether an access at an address may be the end of a structure, copied by itself: less than a word, up to the end of one.
func (a *access) padding(addr uint64) bool {
	const word = 4
	return a.bytes < word && (addr+a.bytes)%word == 0
}

// nothingDefined reports whether each byte that a lane stores has undefined bits.
func (w *warp) nothingDefined(a *access, lane int) bool {
	for e := range a.n {
		u := w.undefined[w.b.k.index(registerRef{a.bank, a.vec[e]})]
		if u == nil {
			return false
		}
		for i := range a.size {
			if byte(u.bits[lane]>>(8*i)) == 0 {
				return false
			}
		}
	}
	return true
}

// definedShared gives the defined bits of shared memory that was written. They are kept only in blocks that store something undefined there.
func (b *block) definedShared() []byte {
	if !b.sharedUndefined {
		if b.sharedBits == nil {
			b.sharedBits = make([]byte, len(b.shared))
		}
		fillBytes(b.sharedBits, 0xff)
		b.sharedUndefined = true
	}
	return b.sharedBits
}

// defineShared notes a write to shared memory of defined bits.
func (b *block) defineShared(off, bytes uint32) {
	if b.sharedUndefined {
		fillBytes(b.sharedBits[off:off+bytes], 0xff)
	}
}

// definedBytes gives the defined bits of bytes of shared memory: never are those that nobody wrote, a bit for each.
func (b *block) definedBytes(off, bytes, never uint32) (defined [32]byte) {
	for i := range bytes {
		switch {
		case never>>i&1 != 0:
		case b.sharedUndefined:
			defined[i] = b.sharedBits[off+i]
		default:
			defined[i] = 0xff
		}
	}
	return defined
}

func (w *warp) sharedOrigin(off, never uint32) *origin {
	return &origin{kind: UninitializedShared, pc: w.pc, at: uint64(off), stored: never == 0}
}

// taintShared marks what a lane has loaded from shared memory.
func (w *warp) taintShared(a *access, lane int, off, never uint32) {
	b := w.b
	if b.checks&Uninitialized == 0 || never == 0 && !b.sharedUndefined || b.k.isReserved(off) {
		return
	}
	defined := b.definedBytes(off, uint32(a.bytes), never)
	w.taintLoad(a, lane, defined[:], w.sharedOrigin(off, never))
}
