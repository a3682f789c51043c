package sim

import (
	"math"
	"slices"
	"strings"

	"cnn-gpu/device/sim/ptx"
)

// comparisonForm is the constant part of setp and set: a comparison, and the predicate that its result is joined with.
type comparisonForm struct {
	compare compareFunc
	upper   compareFunc              // of the upper halves of packed operands, else nil
	join    func(x, c uint32) uint32 // nil if the comparison stands alone
	flip    uint32                   // all ones for !c
}

// predicateJoins are the boolean operations of setp and set.
var predicateJoins = map[string]func(x, c uint32) uint32{
	"and": func(x, c uint32) uint32 { return x & c },
	"or":  func(x, c uint32) uint32 { return x | c },
	"xor": func(x, c uint32) uint32 { return x ^ c },
}

// decodeSetp: setp.CmpOp{.BoolOp}{.ftz}.type p{|q}, a, b{, {!}c}. q is the comparison's negation, or the result of the upper halves.
func decodeSetp(d *decoder, in *inst, s *ptx.Instruction) {
	in.exec = d.comparison(in, s).setp
	switch o := s.Operands[0]; o.Kind {
	case ptx.PairOperand:
		in.d, in.d2 = d.dst(o.Elements[0], 'p'), d.dst(o.Elements[1], 'p')
	default:
		in.d = d.dst(o, 'p')
	}
}

// comparison decodes what setp and set share: a comparison of operands 1 and 2, and a predicate to join it with.
func (d *decoder) comparison(in *inst, s *ptx.Instruction) *comparisonForm {
	f := &comparisonForm{}
	mods := slices.Clone(s.Op.Modifiers)
	if s.Op.Name == "set" { // set.CmpOp.dtype.stype: the type of the result is not the comparison's
		mods = slices.Delete(mods, len(mods)-2, len(mods)-1)
	}
	n := 3
	if len(mods) > 1 && predicateJoins[mods[1]] != nil {
		f.join, n = predicateJoins[mods[1]], 4
		mods = slices.Delete(mods, 1, 2)
	}
	d.need(n)
	name := ""
	for _, m := range mods {
		name += "." + m
	}
	name, packed := strings.CutSuffix(name, "16x2")
	if packed {
		name += "16"
	}
	f.compare = comparisons[name[min(1, len(name)):]]
	if f.compare == nil {
		d.fail("%w", ErrUnknownInstruction)
	}
	t := ptx.TypeByName(mods[len(mods)-1])
	bank, class := d.bankOf(t), byte('r')
	if t.Size() == 2 {
		class = 'h'
	}
	in.a = d.src(d.operandOfClass(s.Operands[1], class), bank)
	in.b = d.src(d.operandOfClass(s.Operands[2], class), bank)
	if packed {
		f.upper = upperComparison(f.compare, d.newSlot('r'), d.newSlot('r'))
	}
	if n == 4 {
		in.c = d.src(s.Operands[3], 'p')
		f.flip = spread(s.Operands[3].Not)
	}
	return f
}

// upperComparison compares upper halves. The two slots are registers of its own.
func upperComparison(compare compareFunc, x, y int32) compareFunc {
	return func(w *warp, a, b int32) uint32 {
		for i := range w.r[a] {
			w.r[x][i], w.r[y][i] = w.r[a][i]>>16, w.r[b][i]>>16
		}
		return compare(w, x, y)
	}
}

// joined applies the boolean operation to the lanes in which a comparison holds.
func (f *comparisonForm) joined(w *warp, in *inst, v uint32) uint32 {
	if f.join == nil {
		return v
	}
	return f.join(v, w.p[in.c]^f.flip)
}

func (f *comparisonForm) setp(w *warp, in *inst, m uint32) {
	v := f.compare(w, in.a, in.b)
	second := ^v
	if f.upper != nil {
		second = f.upper(w, in.a, in.b)
	}
	v, second = f.joined(w, in, v), f.joined(w, in, second)
	w.setPredicate(in.d, m, v)
	w.setPredicate(in.d2, m, second)
}

// setValues are those that set writes where the comparison holds: all ones, or the number 1.
var setValues = map[ptx.Type]uint32{
	ptx.U16: 0xffff, ptx.S16: 0xffff, ptx.U32: fullMask, ptx.S32: fullMask, ptx.F32: math.Float32bits(1),
	ptx.F16: f16Bits(1), ptx.F16x2: f16Bits(1), ptx.BF16: bf16Bits(1), ptx.BF16x2: bf16Bits(1),
}

// decodeSet: set.CmpOp{.BoolOp}{.ftz}.dtype.stype d, a, b{, {!}c} writes 0 where the comparison does not hold. Packed operands give a half
// of d each (section "Half Precision Comparison Instructions: set").
func decodeSet(d *decoder, in *inst, s *ptx.Instruction) {
	f := d.comparison(in, s)
	t := ptx.TypeByName(s.Op.Modifiers[len(s.Op.Modifiers)-2])
	value, known := setValues[t]
	pair := t == ptx.F16x2 || t == ptx.BF16x2
	if !known || pair && f.upper == nil || f.upper != nil && !pair && t != ptx.U32 && t != ptx.S32 {
		d.fail("%w", ErrUnknownInstruction)
	}
	in.d = d.dst(s.Operands[0], 'r')
	if f.upper != nil {
		value &= 0xffff
	}
	in.exec = func(w *warp, in *inst, m uint32) {
		lower, upper := f.compare(w, in.a, in.b), uint32(0)
		if f.upper != nil {
			upper = f.joined(w, in, f.upper(w, in.a, in.b))
		}
		lower = f.joined(w, in, lower)
		for ; m != 0; m &= m - 1 {
			i := lowest(m)
			w.r[in.d][i] = value&-(lower>>i&1) | value<<16&-(upper>>i&1)
		}
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

// slctForm says how slct looks at its last operand.
type slctForm struct{ float, ftz bool }

// decodeSlct: slct{.ftz}.dtype.{s32,f32} d, a, b, c gives a where c >= 0, else b.
func decodeSlct(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(4)
	mods := s.Op.Modifiers
	f := slctForm{float: mods[len(mods)-1] == "f32", ftz: s.Op.Has("ftz")}
	bank := d.bankOf(ptx.TypeByName(mods[len(mods)-2]))
	in.exec = f.exec32
	if bank == 'q' {
		in.exec = f.exec64
	}
	in.a, in.b, in.c = d.src(s.Operands[1], bank), d.src(s.Operands[2], bank), d.src(s.Operands[3], 'r')
	in.d = d.dst(s.Operands[0], bank)
}

func (f slctForm) notNegative(c uint32) bool {
	if !f.float {
		return int32(c) >= 0
	}
	x := math.Float32frombits(c)
	if f.ftz {
		x = flush(x)
	}
	return x >= 0
}

func (f slctForm) exec32(w *warp, in *inst, m uint32) {
	for ; m != 0; m &= m - 1 {
		if i := lowest(m); f.notNegative(w.r[in.c][i]) {
			w.r[in.d][i] = w.r[in.a][i]
		} else {
			w.r[in.d][i] = w.r[in.b][i]
		}
	}
}

func (f slctForm) exec64(w *warp, in *inst, m uint32) {
	for ; m != 0; m &= m - 1 {
		if i := lowest(m); f.notNegative(w.r[in.c][i]) {
			w.q[in.d][i] = w.q[in.a][i]
		} else {
			w.q[in.d][i] = w.q[in.b][i]
		}
	}
}

// properties are what testp asks of a number; smallest is the least normal one.
var properties = map[string]func(f, smallest float64) bool{
	"finite":     func(f, _ float64) bool { return f-f == 0 },
	"infinite":   func(f, _ float64) bool { return math.IsInf(f, 0) },
	"number":     func(f, _ float64) bool { return f == f },
	"notanumber": func(f, _ float64) bool { return f != f },
	"normal":     func(f, smallest float64) bool { return f-f == 0 && math.Abs(f) >= smallest },
	"subnormal":  func(f, smallest float64) bool { return f != 0 && math.Abs(f) < smallest },
}

func decodeTestp(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(2)
	holds := properties[s.Op.Modifiers[0]]
	if holds == nil {
		d.fail("%w", ErrUnknownInstruction)
	}
	bank := d.bankOf(ptx.TypeByName(s.Op.Modifiers[len(s.Op.Modifiers)-1]))
	in.a, in.d = d.src(s.Operands[1], bank), d.dst(s.Operands[0], 'p')
	in.exec = func(w *warp, in *inst, m uint32) {
		var v uint32
		for x := m; x != 0; x &= x - 1 {
			i := lowest(x)
			if bank == 'q' {
				v |= bit(holds(math.Float64frombits(w.q[in.a][i]), 0x1p-1022)) << i
			} else {
				v |= bit(holds(float64(math.Float32frombits(w.r[in.a][i])), 0x1p-126)) << i
			}
		}
		w.setPredicate(in.d, m, v)
	}
}
