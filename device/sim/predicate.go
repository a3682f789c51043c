package sim

import (
	"math"
	"slices"

	"cnn-gpu/device/sim/ptx"
)

// decodeSetp: setp.CmpOp{.BoolOp}{.ftz}.type p{|q}, a, b{, {!}c}
func decodeSetp(d *decoder, in *inst, s *ptx.Instruction) {
	d.comparison(in, s)
	in.exec = execSetp
	switch o := s.Operands[0]; o.Kind {
	case ptx.PairOperand:
		in.d, in.d2 = d.dst(o.Elements[0], 'p'), d.dst(o.Elements[1], 'p')
	default:
		in.d = d.dst(o, 'p')
	}
}

// comparison decodes what setp and set share: a comparison of operands 1 and 2, and a predicate to combine it with.
func (d *decoder) comparison(in *inst, s *ptx.Instruction) {
	mods := slices.Clone(s.Op.Modifiers)
	if s.Op.Name == "set" { // set.CmpOp.dtype.stype: the type of the result is not the comparison's
		mods = slices.Delete(mods, len(mods)-2, len(mods)-1)
	}
	n := 3
	if len(mods) > 1 && slices.Contains([]string{"and", "or", "xor"}, mods[1]) {
		in.mode, n = mods[1][0], 4
		mods = slices.Delete(mods, 1, 2)
	}
	d.need(n)
	name := ""
	for _, m := range mods {
		name += "." + m
	}
	in.compare = comparisons[name[min(1, len(name)):]]
	if in.compare == nil {
		d.fail("%w", ErrUnknownInstruction)
	}
	t := ptx.TypeByName(mods[len(mods)-1])
	bank, class := d.bankOf(t), byte('r')
	if t.Size() == 2 {
		class = 'h'
	}
	in.a = d.src(d.operandOfClass(s.Operands[1], class), bank)
	in.b = d.src(d.operandOfClass(s.Operands[2], class), bank)
	if n == 4 {
		in.c = d.src(s.Operands[3], 'p')
		if s.Operands[3].Not {
			in.imm = uint64(fullMask)
		}
	}
}

// combined gives the comparison's mask and that of its negation, after the boolean operation.
func (w *warp) combined(in *inst) (v, not uint32) {
	v = in.compare(w, in.a, in.b)
	not = ^v
	if in.c < 0 {
		return v, not
	}
	c := w.p[in.c] ^ uint32(in.imm)
	switch in.mode {
	case 'a':
		return v & c, not & c
	case 'o':
		return v | c, not | c
	}
	return v ^ c, not ^ c
}

func execSetp(w *warp, in *inst, m uint32) {
	v, not := w.combined(in)
	w.setPredicate(in.d, m, v)
	w.setPredicate(in.d2, m, not)
}

func decodeSet(d *decoder, in *inst, s *ptx.Instruction) {
	d.comparison(in, s)
	in.exec = execSet
	t := s.Op.Modifiers[len(s.Op.Modifiers)-2]
	switch t {
	case "u32", "s32":
		in.target = -1
	case "f32":
		in.target = int32(math.Float32bits(1))
	default:
		d.fail("%w", ErrUnknownInstruction)
	}
	in.d = d.dst(s.Operands[0], 'r')
}

// execSet writes all ones, or 1.0, where the comparison holds.
func execSet(w *warp, in *inst, m uint32) {
	v, _ := w.combined(in)
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		w.r[in.d][i] = uint32(in.target) & -(v >> i & 1)
	}
}

func decodeSelp(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(4)
	t := ptx.TypeByName(s.Op.Modifiers[0])
	bank, class := d.bankOf(t), byte('r')
	in.exec = execSelp32
	if bank == 'q' {
		in.exec = execSelp64
	} else if t.Size() == 2 {
		class = 'h'
	}
	in.a = d.src(d.operandOfClass(s.Operands[1], class), bank)
	in.b = d.src(d.operandOfClass(s.Operands[2], class), bank)
	in.c = d.src(s.Operands[3], 'p')
	if s.Operands[3].Not {
		in.a, in.b = in.b, in.a
	}
	in.d = d.dst(s.Operands[0], bank)
}

func execSelp32(w *warp, in *inst, m uint32) {
	pd, pa, pb, c := &w.r[in.d], &w.r[in.a], &w.r[in.b], w.p[in.c]
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		if c>>i&1 != 0 {
			pd[i] = pa[i]
		} else {
			pd[i] = pb[i]
		}
	}
}

func execSelp64(w *warp, in *inst, m uint32) {
	pd, pa, pb, c := &w.q[in.d], &w.q[in.a], &w.q[in.b], w.p[in.c]
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		if c>>i&1 != 0 {
			pd[i] = pa[i]
		} else {
			pd[i] = pb[i]
		}
	}
}

// decodeSlct: slct{.ftz}.dtype.{s32,f32} d, a, b, c gives a where c >= 0, else b.
func decodeSlct(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(4)
	mods := s.Op.Modifiers
	in.flag = s.Op.Has("ftz")
	in.mode = mods[len(mods)-1][0]
	bank := d.bankOf(ptx.TypeByName(mods[len(mods)-2]))
	in.exec = execSlct32
	if bank == 'q' {
		in.exec = execSlct64
	}
	in.a, in.b, in.c = d.src(s.Operands[1], bank), d.src(s.Operands[2], bank), d.src(s.Operands[3], 'r')
	in.d = d.dst(s.Operands[0], bank)
}

func (w *warp) notNegative(in *inst, i int) bool {
	c := w.r[in.c][i]
	if in.mode != 'f' {
		return int32(c) >= 0
	}
	f := math.Float32frombits(c)
	if in.flag {
		f = flush(f)
	}
	return f >= 0
}

func execSlct32(w *warp, in *inst, m uint32) {
	for ; m != 0; m &= m - 1 {
		if i := lowest(m); w.notNegative(in, i) {
			w.r[in.d][i] = w.r[in.a][i]
		} else {
			w.r[in.d][i] = w.r[in.b][i]
		}
	}
}

func execSlct64(w *warp, in *inst, m uint32) {
	for ; m != 0; m &= m - 1 {
		if i := lowest(m); w.notNegative(in, i) {
			w.q[in.d][i] = w.q[in.a][i]
		} else {
			w.q[in.d][i] = w.q[in.b][i]
		}
	}
}

// testpProperties are the properties that testp asks for.
var testpProperties = []string{"finite", "infinite", "number", "notanumber", "normal", "subnormal"}

func decodeTestp(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(2)
	i := slices.Index(testpProperties, s.Op.Modifiers[0])
	if i < 0 {
		d.fail("%w", ErrUnknownInstruction)
	}
	in.mode = uint8(i)
	bank := d.bankOf(ptx.TypeByName(s.Op.Modifiers[len(s.Op.Modifiers)-1]))
	in.flag = bank == 'q'
	in.a, in.d = d.src(s.Operands[1], bank), d.dst(s.Operands[0], 'p')
}

func execTestp(w *warp, in *inst, m uint32) {
	var v uint32
	for x := m; x != 0; x &= x - 1 {
		i := lowest(x)
		var f, smallest float64
		if in.flag {
			f, smallest = math.Float64frombits(w.q[in.a][i]), 0x1p-1022
		} else {
			f, smallest = float64(math.Float32frombits(w.r[in.a][i])), 0x1p-126
		}
		finite := f-f == 0
		holds := [...]bool{finite, math.IsInf(f, 0), f == f, f != f, finite && math.Abs(f) >= smallest, f != 0 && math.Abs(f) < smallest}
		v |= bit(holds[in.mode]) << i
	}
	w.setPredicate(in.d, m, v)
}
