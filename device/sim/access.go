package sim

import (
	"encoding/binary"
	"slices"
	"strings"

	"cnn-gpu/device/sim/ptx"
)

var le = binary.LittleEndian

// paramWindow is the region of generic addresses of kernel parameters.
const paramWindow = uint64(3) << 32

var spaces = map[string]ptx.Space{
	"global": ptx.GlobalSpace, "shared": ptx.SharedSpace, "shared::cta": ptx.SharedSpace, "local": ptx.LocalSpace,
	"const": ptx.ConstSpace, "param": ptx.ParamSpace, "param::entry": ptx.ParamSpace, "param::func": ptx.ParamSpace,
}

// memoryOrders are the modifiers that make an access a strong one (PTX ISA, "Operation types").
var memoryOrders = map[string]struct{ acquire, release bool }{
	"volatile": {}, "relaxed": {}, "acquire": {acquire: true}, "release": {release: true}, "acq_rel": {acquire: true, release: true},
}

// vectors gives the elements of a vector access.
var vectors = map[string]int{"v2": 2, "v4": 4, "v8": 8}

// hints are modifiers that do not change what an access does here.
func hint(m string) bool {
	switch m {
	case "nc", "ca", "cg", "cs", "cv", "lu", "wb", "wt", "weak", "cta", "cluster", "gpu", "sys", "noftz", "unified", "mmio":
		return true
	}
	return strings.HasPrefix(m, "L1::") || strings.HasPrefix(m, "L2::")
}

// bypasses tells the cache operators that leave L1 out (PTX ISA, "Cache Operators").
func bypasses(m string) bool { return m == "cg" || m == "cv" }

// access decodes the modifiers that loads, stores and atomics share; other gets the remaining ones.
func (d *decoder) access(s *ptx.Instruction, other func(m string) bool) (*access, ptx.Type) {
	a := &access{n: 1}
	mods := slices.Clone(s.Op.Modifiers)
	named := func(m string) bool { return ptx.TypeByName(m) != ptx.NoType }
	at := slices.IndexFunc(mods, named) // the last one, but in "atom.global.v4.f32.add"
	if at < 0 {
		d.fail("%w", ErrUnknownInstruction)
	}
	t := ptx.TypeByName(mods[at])
	if t == ptx.Pred || t == ptx.B128 {
		d.fail("%w", ErrUnknownInstruction)
	}
	a.size, a.signed = uint32(t.Size()), t.Signed()
	for _, m := range slices.Delete(mods, at, at+1) {
		if space, ok := spaces[m]; ok {
			a.space = space
		} else if n, ok := vectors[m]; ok {
			a.n = uint32(n)
		} else if order, ok := memoryOrders[m]; ok {
			a.strong, a.acquire, a.release = true, order.acquire, order.release
			a.bypass = a.bypass || !order.release
		} else if !hint(m) && (other == nil || !other(m)) {
			d.fail("%w", ErrUnknownInstruction)
		}
		a.bypass = a.bypass || bypasses(m)
	}
	a.narrow = a.strong && narrowScope(s.Op)
	a.bytes = uint64(a.size * a.n)
	if a.bytes > 32 {
		d.fail("%w", ErrUnknownInstruction)
	}
	return a, t
}

// memoryOperand decodes [base+offset] into in.a and the access.
func (d *decoder) memoryOperand(in *inst, a *access, o ptx.Operand) {
	in.a, a.offset, a.wideAddr = d.base(o)
}

func (d *decoder) base(o ptx.Operand) (slot int32, offset uint64, wide bool) {
	if o.Kind != ptx.AddressOperand || len(o.Elements) > 0 {
		d.fail("expected an address in brackets")
	}
	switch {
	case o.Variable != nil:
		return d.address(o.Variable, o.Value, 'q'), 0, true
	case o.Register >= 0:
		bank, slot := d.register(o.Register)
		if bank == 'p' {
			d.fail("a predicate is no address")
		}
		d.read(bank, slot)
		return slot, o.Value, bank == 'q'
	}
	return d.constant(o.Value, 'q'), 0, true
}

// data decodes the registers that are loaded or stored. A register may be wider than the type of the access.
func (d *decoder) data(a *access, o ptx.Operand, t ptx.Type) {
	elements := elementsOf(o)
	if len(elements) != int(a.n) {
		d.fail("%d registers, expected %d", len(elements), a.n)
	}
	a.bank = d.bankOf(t)
	for _, e := range elements {
		if e.Kind == ptx.RegisterOperand {
			r := d.frame.fn.Registers[e.Register].Type
			a.bank, a.halfDst = d.bankOf(r), r.Size() == 2
		}
	}
	if a.size == 8 && a.bank != 'q' {
		d.fail("a register of 32 bits for an access of 64")
	}
	for i, e := range elements {
		if a.op == load {
			a.vec[i] = d.dst(e, a.bank)
		} else {
			class := byte('r')
			if a.size == 2 {
				class = 'h'
			}
			a.vec[i] = d.src(d.operandOfClass(e, class), a.bank)
		}
	}
}

// chooseSpace chooses the function for the space of the access.
func (d *decoder) chooseSpace(in *inst, a *access) {
	in.mem = a
	switch a.space {
	case ptx.SharedSpace:
		in.exec = execShared
	case ptx.GlobalSpace, ptx.ConstSpace:
		in.exec = execGlobal
	case ptx.LocalSpace:
		in.exec = execLocal
	case ptx.ParamSpace:
		in.exec = execParam
	default:
		in.exec = execGeneric
	}
	if a.space == ptx.SharedSpace || a.space == ptx.NoSpace {
		d.k.cellBytes = min(d.k.cellBytes, uint64(a.size))
	}
	a.polls = a.strong && (a.op == load || a.op == update && in.d >= 0)
	inMemory := a.space == ptx.GlobalSpace || a.space == ptx.NoSpace
	switch {
	case a.polls:
		d.k.spins = true
		d.k.ordered = d.k.ordered || inMemory
	case a.release && inMemory && !a.narrow:
		d.k.ordered = true
	}
	d.k.fences = d.k.fences || a.release || a.acquire
	d.k.narrow = d.k.narrow || a.narrow
}

// operands gives the operands without a cache policy, which is a hint.
func (d *decoder) operands(n int) []ptx.Operand {
	args := d.s.Operands
	if d.s.Op.Has("L2::cache_hint") && len(args) > 0 {
		args = args[:len(args)-1]
	}
	if len(args) != n {
		d.fail("%d operands, expected %d", len(args), n)
	}
	return args
}

// decodePolicy: createpolicy makes a cache policy, a hint that nothing here reads.
func decodePolicy(d *decoder, in *inst, s *ptx.Instruction) {
	in.a = d.constant(0, 'q')
	in.d = d.dst(s.Operands[0], 'q')
	in.exec = arithmetic["mov.b64"].exec
}

func decodeLoad(d *decoder, in *inst, s *ptx.Instruction) {
	args := d.operands(2)
	a, t := d.access(s, nil)
	if a.space == ptx.ParamSpace && args[1].Variable != nil && !d.kernelParam(args[1].Variable) {
		a.space = ptx.LocalSpace // a parameter of a call
	}
	d.memoryOperand(in, a, args[1])
	d.data(a, args[0], t)
	in.class = map[ptx.Space]Class{ptx.SharedSpace: SharedLoad, ptx.LocalSpace: LocalAccess, ptx.ParamSpace: ParameterLoad}[a.space]
	if in.class == 0 {
		in.class = GlobalLoad
	}
	d.chooseSpace(in, a)
}

func decodeStore(d *decoder, in *inst, s *ptx.Instruction) {
	args := d.operands(2)
	a, t := d.access(s, nil)
	a.op = store
	if a.space == ptx.ParamSpace {
		a.space = ptx.LocalSpace
	}
	d.memoryOperand(in, a, args[0])
	d.data(a, args[1], t)
	in.class = map[ptx.Space]Class{ptx.SharedSpace: SharedStore, ptx.LocalSpace: LocalAccess}[a.space]
	if in.class == 0 {
		in.class = GlobalStore
	}
	d.chooseSpace(in, a)
}

func decodeAtomic(d *decoder, in *inst, s *ptx.Instruction) {
	name := ""
	a, t := d.access(s, func(m string) bool {
		if name != "" || !slices.Contains(atomicNames, m) {
			return false
		}
		name = m
		return true
	})
	a.op, a.bank = update, d.bankOf(t)
	a.strong, a.narrow = true, narrowScope(s.Op)
	a.atom = atomicOps[name+"."+t.String()]
	a.globalAtom = a.atom
	a.floatAdd = name == "add" && !a.atom.commutes
	if global, ok := globalAtomics[name+"."+t.String()]; ok {
		a.globalAtom = global
	}
	if a.atom.f32 == nil && a.atom.f64 == nil {
		d.fail("%w", ErrUnknownInstruction)
	}
	args := d.operands(2 + int(bit(s.Op.Name == "atom")) + int(bit(name == "cas")))
	if a.n > 1 && (a.space != ptx.GlobalSpace && a.space != ptx.NoSpace || !t.Float() || t == ptx.F64) {
		d.fail("%w", ErrUnknownInstruction)
	}
	if s.Op.Name == "atom" {
		if a.n > 1 {
			in.list = d.vectorResult(args[0], int(a.n), a.bank)
			in.d = in.list[0]
		} else {
			in.d = d.dst(args[0], a.bank)
		}
		args = args[1:]
	}
	d.memoryOperand(in, a, args[0])
	if a.n > 1 { // one element after the other: the access is atomic for each (section "atom")
		d.data(a, args[1], t)
	} else {
		class := byte('r')
		if a.size == 2 {
			class = 'h'
		}
		a.vec[0] = d.src(d.operandOfClass(args[1], class), a.bank)
	}
	if len(args) > 2 {
		in.c = d.src(args[2], a.bank)
	}
	if a.space != ptx.SharedSpace && !a.atom.commutes {
		d.k.ordered = true
	}
	d.chooseSpace(in, a)
}

// vectorResult gives the slots of "{a, b}".
func (d *decoder) vectorResult(o ptx.Operand, n int, bank byte) (slots []int32) {
	if o.Kind != ptx.VectorOperand || len(o.Elements) != n {
		d.fail("the result must be %d registers in braces", n)
	}
	for _, e := range o.Elements {
		slots = append(slots, d.dst(e, bank))
	}
	return slots
}

// addresses computes the 64-bit addresses of an access.
func (w *warp) addresses(slot int32, wide bool, offset uint64) {
	if wide {
		for i, x := range &w.q[slot] {
			w.addr[i] = x + offset
		}
		return
	}
	for i, x := range &w.r[slot] {
		w.addr[i] = uint64(x + uint32(offset))
	}
}

// execGeneric sorts the lanes by the space that their address lies in.
func execGeneric(w *warp, in *inst, m uint32) {
	a := in.mem
	w.addresses(in.a, a.wideAddr, a.offset)
	w.genericLanes(in, m)
}

// genericLanes does the same with the addresses in w.addr.
func (w *warp) genericLanes(in *inst, m uint32) {
	var masks [4]uint32
	for x := m; x != 0; x &= x - 1 {
		i := lowest(x)
		r := w.addr[i] >> 32
		if r > 3 {
			r = 0
		}
		masks[r] |= 1 << i
		w.addr[i] -= r << 32
	}
	for r, f := range [4]func(*inst, uint32){w.globalLanes, w.sharedLanes, w.localLanes, w.paramLanes} {
		if masks[r] != 0 {
			f(in, masks[r])
		}
	}
}
