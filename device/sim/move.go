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
	case t == ptx.NoType || len(s.Op.Modifiers) != 1:
		d.fail("%w", ErrUnknownInstruction)
	case dst.Kind == ptx.VectorOperand:
		d.unpack(in, t, dst.Elements, src)
	case src.Kind == ptx.VectorOperand:
		d.pack(in, t, dst, src.Elements)
	case src.Kind == ptx.SpecialOperand && clocks[src.Name]:
		in.exec, in.d = execClock32, d.dst(dst, d.bankOf(t))
		if d.bankOf(t) == 'q' {
			in.exec = execClock64
		}
		in.flag = strings.HasSuffix(src.Name, "_hi")
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

// clocks are the special registers that count time; here all count the instructions of the warp.
var clocks = map[string]bool{"%clock": true, "%clock_hi": true, "%clock64": true, "%globaltimer": true, "%globaltimer_lo": true, "%globaltimer_hi": true}

func execClock32(w *warp, in *inst, m uint32) {
	for ; m != 0; m &= m - 1 {
		w.r[in.d][lowest(m)] = uint32(w.clock() >> (32 * bit(in.flag)))
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

func (d *decoder) unpack(in *inst, t ptx.Type, dst []ptx.Operand, src ptx.Operand) {
	in.mode = uint8(t.Size() * 8 / uint64(len(dst))) // bits of an element
	bank := d.bankOf(t)
	in.a = d.src(src, bank)
	for _, o := range dst {
		in.list = append(in.list, d.dst(o, map[bool]byte{true: 'q', false: 'r'}[in.mode == 64]))
	}
	in.exec = execUnpack32
	if bank == 'q' {
		in.exec = execUnpack64
	}
}

func execUnpack32(w *warp, in *inst, m uint32) {
	v := w.r[in.a]
	for k, slot := range in.list {
		if slot < 0 {
			continue
		}
		pd, shift, mask := &w.r[slot], k*int(in.mode), uint32(1)<<in.mode-1
		for x := m; x != 0; x &= x - 1 {
			i := lowest(x)
			pd[i] = v[i] >> shift & mask
		}
	}
}

func execUnpack64(w *warp, in *inst, m uint32) {
	for k, slot := range in.list {
		if slot < 0 {
			continue
		}
		pa, pd, shift, mask := &w.q[in.a], &w.r[slot], k*int(in.mode), uint64(1)<<in.mode-1
		for x := m; x != 0; x &= x - 1 {
			i := lowest(x)
			pd[i] = uint32(pa[i] >> shift & mask)
		}
	}
}

func (d *decoder) pack(in *inst, t ptx.Type, dst ptx.Operand, src []ptx.Operand) {
	in.mode = uint8(t.Size() * 8 / uint64(len(src)))
	for _, o := range src {
		in.list = append(in.list, d.src(o, 'r'))
	}
	bank := d.bankOf(t)
	in.d = d.dst(dst, bank)
	in.exec = execPack32
	if bank == 'q' {
		in.exec = execPack64
	}
}

func execPack32(w *warp, in *inst, m uint32) {
	var v [32]uint32
	for k, slot := range in.list {
		pa, shift, mask := &w.r[slot], k*int(in.mode), uint32(1)<<in.mode-1
		for i := range v {
			v[i] |= pa[i] & mask << shift
		}
	}
	for pd := &w.r[in.d]; m != 0; m &= m - 1 {
		i := lowest(m)
		pd[i] = v[i]
	}
}

func execPack64(w *warp, in *inst, m uint32) {
	var v [32]uint64
	for k, slot := range in.list {
		pa, shift, mask := &w.r[slot], k*int(in.mode), uint64(1)<<in.mode-1
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

func decodeIsSpace(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(2)
	window, ok := windows[s.Op.Modifiers[0]]
	if !ok {
		d.fail("%w", ErrUnknownInstruction)
	}
	in.imm = window >> 32
	in.a, in.d = d.src(s.Operands[1], 'q'), d.dst(s.Operands[0], 'p')
}

func execIsSpace(w *warp, in *inst, m uint32) {
	var v uint32
	for i, a := range w.q[in.a] {
		region := a >> 32
		v |= bit(region == in.imm || in.imm == 0 && region >= 1<<regionsPerDeviceLog) << i
	}
	w.setPredicate(in.d, m, v)
}

func decodeLop3(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(5)
	if s.Op.Text != "lop3.b32" || s.Operands[4].Kind != ptx.IntegerOperand {
		d.fail("%w", ErrUnknownInstruction)
	}
	in.a, in.b, in.c = d.src(s.Operands[1], 'r'), d.src(s.Operands[2], 'r'), d.src(s.Operands[3], 'r')
	in.imm = s.Operands[4].Value
	in.d = d.dst(s.Operands[0], 'r')
}

// execLop3 joins the minterms of the truth table in imm.
func execLop3(w *warp, in *inst, m uint32) {
	pa, pb, pc, pd := &w.r[in.a], &w.r[in.b], &w.r[in.c], &w.r[in.d]
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		var v uint32
		for k := range uint32(8) {
			if in.imm>>k&1 != 0 {
				v |= (pa[i] ^ (k>>2&1 - 1)) & (pb[i] ^ (k>>1&1 - 1)) & (pc[i] ^ (k&1 - 1))
			}
		}
		pd[i] = v
	}
}
