package sim

import (
	"strings"

	"cnn-gpu/device/sim/ptx"
)

// decodeMove: packing and unpacking of vectors, and the special registers that change while a kernel runs. Plain moves have rows
// of their own.
func decodeMove(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(2)
	t := ptx.TypeByName(s.Op.Modifiers[0])
	dst, src := s.Operands[0], s.Operands[1]
	switch {
	case len(s.Op.Modifiers) == 2 && vectors[s.Op.Modifiers[0]] > 0:
		d.moveVector(in, dst, src)
	case t == ptx.NoType || len(s.Op.Modifiers) != 1:
		d.fail("%w", ErrUnknownInstruction)
	case dst.Kind == ptx.VectorOperand:
		d.unpack(in, t, dst.Elements, src)
	case src.Kind == ptx.VectorOperand:
		d.pack(in, t, dst, src.Elements)
	case src.Kind == ptx.SpecialOperand && clocks[src.Name]:
		in.d = d.dst(dst, d.bankOf(t))
		switch {
		case d.bankOf(t) == 'q':
			in.exec = execClock64
		case strings.HasSuffix(src.Name, "_hi"):
			in.exec = execClockHigh
		default:
			in.exec = execClock32
		}
	default:
		in.exec = arithmetic["mov.b32"].exec
		if d.bankOf(t) == 'q' {
			in.exec = arithmetic["mov.b64"].exec
		}
		class := byte('r')
		if t.Size() == 2 {
			class = 'h'
		}
		in.a = d.src(d.operandOfClass(src, class), d.bankOf(t))
		in.d = d.dst(dst, d.bankOf(t))
	}
}

// moveVector: mov.v4.u32 d, %tid (section "Special Registers": the type of %tid is .v4.u32).
func (d *decoder) moveVector(in *inst, dst, src ptx.Operand) {
	if src.Kind != ptx.SpecialOperand || dst.Kind != ptx.VectorOperand || len(dst.Elements) > 4 {
		d.fail("%w", ErrUnknownInstruction)
	}
	for i, o := range dst.Elements {
		if i > 0 {
			in = d.emit(opcode{class: Move})
		}
		in.exec = arithmetic["mov.b32"].exec
		in.a, in.d = d.specialRegister(src.Name+"."+"xyzw"[i:i+1], 'r'), d.dst(o, 'r')
	}
}

// clocks are the special registers that count time; here all count the instructions of the warp.
var clocks = map[string]bool{"%clock": true, "%clock_hi": true, "%clock64": true, "%globaltimer": true, "%globaltimer_lo": true, "%globaltimer_hi": true}

func execClock32(w *warp, in *inst, m uint32) {
	for ; m != 0; m &= m - 1 {
		w.r[in.d][lowest(m)] = uint32(w.clock())
	}
}

func execClockHigh(w *warp, in *inst, m uint32) {
	for ; m != 0; m &= m - 1 {
		w.r[in.d][lowest(m)] = uint32(w.clock() >> 32)
	}
}

func execClock64(w *warp, in *inst, m uint32) {
	for ; m != 0; m &= m - 1 {
		w.q[in.d][lowest(m)] = w.clock()
	}
}

// clock grows with each reading, so that a loop that waits for time ends.
func (w *warp) clock() uint64 {
	w.b.clock += 64
	return w.b.clock
}

// vectorForm is the vector of a mov that takes a register apart or puts one together: the registers of its elements, the lowest first.
type vectorForm struct {
	bits  int // of an element
	slots []int32
}

func vectorOf(t ptx.Type, elements []ptx.Operand) *vectorForm {
	return &vectorForm{bits: int(t.Size()) * 8 / len(elements)}
}

func (d *decoder) unpack(in *inst, t ptx.Type, dst []ptx.Operand, src ptx.Operand) {
	f := vectorOf(t, dst)
	bank := d.bankOf(t)
	in.a = d.src(src, bank)
	for _, o := range dst {
		f.slots = append(f.slots, d.dst(o, map[bool]byte{true: 'q', false: 'r'}[f.bits == 64]))
	}
	in.exec = f.unpack32
	if bank == 'q' {
		in.exec = f.unpack64
	}
}

func (f *vectorForm) unpack32(w *warp, in *inst, m uint32) {
	v := w.r[in.a]
	for k, slot := range f.slots {
		if slot < 0 {
			continue
		}
		pd, shift, mask := &w.r[slot], k*f.bits, uint32(1)<<f.bits-1
		for x := m; x != 0; x &= x - 1 {
			i := lowest(x)
			pd[i] = v[i] >> shift & mask
		}
	}
}

func (f *vectorForm) unpack64(w *warp, in *inst, m uint32) {
	for k, slot := range f.slots {
		if slot < 0 {
			continue
		}
		pa, pd, shift, mask := &w.q[in.a], &w.r[slot], k*f.bits, uint64(1)<<f.bits-1
		for x := m; x != 0; x &= x - 1 {
			i := lowest(x)
			pd[i] = uint32(pa[i] >> shift & mask)
		}
	}
}

func (d *decoder) pack(in *inst, t ptx.Type, dst ptx.Operand, src []ptx.Operand) {
	f := vectorOf(t, src)
	for _, o := range src {
		f.slots = append(f.slots, d.src(o, 'r'))
	}
	bank := d.bankOf(t)
	in.d = d.dst(dst, bank)
	in.exec = f.pack32
	if bank == 'q' {
		in.exec = f.pack64
	}
}

func (f *vectorForm) pack32(w *warp, in *inst, m uint32) {
	var v [32]uint32
	for k, slot := range f.slots {
		pa, shift, mask := &w.r[slot], k*f.bits, uint32(1)<<f.bits-1
		for i := range v {
			v[i] |= pa[i] & mask << shift
		}
	}
	for pd := &w.r[in.d]; m != 0; m &= m - 1 {
		i := lowest(m)
		pd[i] = v[i]
	}
}

func (f *vectorForm) pack64(w *warp, in *inst, m uint32) {
	var v [32]uint64
	for k, slot := range f.slots {
		pa, shift, mask := &w.r[slot], k*f.bits, uint64(1)<<f.bits-1
		for i := range v {
			v[i] |= uint64(pa[i]) & mask << shift
		}
	}
	for pd := &w.q[in.d]; m != 0; m &= m - 1 {
		i := lowest(m)
		pd[i] = v[i]
	}
}

// windows gives the generic address of the first byte of a space. Global and constant addresses are generic ones.
var windows = map[string]uint64{"global": 0, "const": 0, "shared": sharedWindow, "shared::cta": sharedWindow, "local": localWindow, "param": paramWindow}

// decodeCvta adds the window's address, or takes it away.
func decodeCvta(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(2)
	mods := s.Op.Modifiers
	to := mods[0] == "to"
	if to {
		mods = mods[1:]
	}
	window, ok := windows[mods[0]]
	if !ok || mods[len(mods)-1] != "u64" {
		d.fail("%w", ErrUnknownInstruction)
	}
	if to {
		window = -window
	}
	in.a = d.src(s.Operands[1], 'q')
	if window == 0 {
		in.exec = arithmetic["mov.b64"].exec
	} else {
		in.exec = arithmetic["add.u64"].exec
		in.b = d.constant(window, 'q')
	}
	in.d = d.dst(s.Operands[0], 'q')
}

// spaceWindow is the window of the space that isspacep asks for: the upper half of its generic addresses. 0 stands for global memory,
// which has all windows from the device's first allocation on.
type spaceWindow uint64

func (s spaceWindow) holds(addr uint64) bool {
	region := addr >> 32
	return region == uint64(s) || s == 0 && region >= 1<<regionsPerDeviceLog
}

func decodeIsSpace(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(2)
	window, ok := windows[s.Op.Modifiers[0]]
	if !ok {
		d.fail("%w", ErrUnknownInstruction)
	}
	in.exec = spaceWindow(window >> 32).exec
	in.a, in.d = d.src(s.Operands[1], 'q'), d.dst(s.Operands[0], 'p')
}

func (s spaceWindow) exec(w *warp, in *inst, m uint32) {
	var v uint32
	for i, a := range w.q[in.a] {
		v |= bit(s.holds(a)) << i
	}
	w.setPredicate(in.d, m, v)
}

// truthTable is a function of three bits: bit 4a+2b+c is its value.
type truthTable uint8

func decodeLop3(d *decoder, in *inst, s *ptx.Instruction) {
	if len(s.Operands) < 5 || s.Operands[4].Kind != ptx.IntegerOperand {
		d.fail("%w", ErrUnknownInstruction)
	}
	table := truthTable(s.Operands[4].Value)
	in.a, in.b, in.c = d.src(s.Operands[1], 'r'), d.src(s.Operands[2], 'r'), d.src(s.Operands[3], 'r')
	switch {
	case s.Op.Text == "lop3.b32":
		d.need(5)
		in.exec = table.exec
		in.d = d.dst(s.Operands[0], 'r')
	case s.Op.Text == "lop3.or.b32", s.Op.Text == "lop3.and.b32":
		d.need(6)
		if s.Operands[0].Kind != ptx.PairOperand {
			d.fail("the result must be a register and a predicate, d|p")
		}
		form := lop3Predicate{table, predicateJoins[s.Op.Modifiers[0]], spread(s.Operands[5].Not)}
		in.exec = form.exec
		in.e = d.src(s.Operands[5], 'p')
		in.d, in.d2 = d.dstOrScratch(s.Operands[0].Elements[0], 'r'), d.dst(s.Operands[0].Elements[1], 'p')
	default:
		d.fail("%w", ErrUnknownInstruction)
	}
}

// lop3Predicate is lop3 with a predicate: whether the result is not zero, joined with another one.
type lop3Predicate struct {
	table truthTable
	join  func(x, c uint32) uint32
	flip  uint32
}

func (f *lop3Predicate) exec(w *warp, in *inst, m uint32) {
	other := w.p[in.e] ^ f.flip
	f.table.exec(w, in, m)
	var set uint32
	for x := m; x != 0; x &= x - 1 {
		i := lowest(x)
		set |= bit(w.r[in.d][i] != 0) << i
	}
	w.setPredicate(in.d2, m, f.join(set, other))
}

// exec joins the minterms of the table.
func (t truthTable) exec(w *warp, in *inst, m uint32) {
	pa, pb, pc, pd := &w.r[in.a], &w.r[in.b], &w.r[in.c], &w.r[in.d]
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		var v uint32
		for k := range uint32(8) {
			if t>>k&1 != 0 {
				v |= (pa[i] ^ (k>>2&1 - 1)) & (pb[i] ^ (k>>1&1 - 1)) & (pc[i] ^ (k&1 - 1))
			}
		}
		pd[i] = v
	}
}
