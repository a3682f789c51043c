package sim

import (
	"math"
	"slices"

	"cnn-gpu/device/sim/ptx"
)

// comparisonForm is the constant part of setp and set: a comparison, and the predicate that its result is joined with.
type comparisonForm struct {
	compare compareFunc
	join    func(x, c uint32) uint32 // nil if the comparison stands alone
	flip    uint32                   // all ones for !c
}

// predicateJoins are the boolean operations of setp and set.
var predicateJoins = map[string]func(x, c uint32) uint32{
	"and": func(x, c uint32) uint32 { return x & c },
	"or":  func(x, c uint32) uint32 { return x | c },
	"xor": func(x, c uint32) uint32 { return x ^ c },
}

// decodeSetp: setp.CmpOp{.BoolOp}{.ftz}.type p{|q}, a, b{, {!}c}
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
	if n == 4 {
		in.c = d.src(s.Operands[3], 'p')
		f.flip = spread(s.Operands[3].Not)
	}
	return f
}

// masks gives the lanes in which the comparison holds and those in which its negation does, after the boolean operation.
func (f *comparisonForm) masks(w *warp, in *inst) (v, not uint32) {
	v = f.compare(w, in.a, in.b)
	not = ^v
	if f.join == nil {
		return v, not
	}
	c := w.p[in.c] ^ f.flip
	return f.join(v, c), f.join(not, c)
}

func (f *comparisonForm) setp(w *warp, in *inst, m uint32) {
	v, not := f.masks(w, in)
	w.setPredicate(in.d, m, v)
	w.setPredicate(in.d2, m, not)
}

// decodeSet: set.CmpOp{.BoolOp}{.ftz}.dtype.stype writes all ones, or 1.0, where the comparison holds, and 0 elsewhere.
func decodeSet(d *decoder, in *inst, s *ptx.Instruction) {
	f := d.comparison(in, s)
	ones := fullMask
	switch s.Op.Modifiers[len(s.Op.Modifiers)-2] {
	case "u32", "s32":
	case "f32":
		ones = math.Float32bits(1)
	default:
		d.fail("%w", ErrUnknownInstruction)
	}
	in.d = d.dst(s.Operands[0], 'r')
	in.exec = func(w *warp, in *inst, m uint32) {
		v, _ := f.masks(w, in)
		for ; m != 0; m &= m - 1 {
			i := lowest(m)
			w.r[in.d][i] = ones & -(v >> i & 1)
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
