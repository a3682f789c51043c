package sim

import (
	"math"

	"cnn-gpu/device/sim/ptx"
)

// conversion is what cvt does, for the forms that have no row of their own.
type conversion struct {
	to, from   ptx.Type
	mode       rounding
	toInteger  bool // .rni and the like: round to an integer in floating point
	ftz, sat   bool
	relu       bool
	wide       bool // the destination register has 64 bits
	wideSource bool
	half       bool // the destination register has 16 bits
}

var roundings = map[string]rounding{"rn": toNearest, "rz": toZero, "rm": toMinusInf, "rp": toPlusInf}
var integerRoundings = map[string]rounding{"rni": toNearest, "rzi": toZero, "rmi": toMinusInf, "rpi": toPlusInf}

// decodeConvertRow takes the row's function where the registers have the sizes of the types.
func decodeConvertRow(d *decoder, in *inst, s *ptx.Instruction) {
	classes := arithmetic[s.Op.Text].operands
	for i, o := range s.Operands {
		if o.Kind == ptx.RegisterOperand && i < len(classes) && d.bankOf(d.frame.fn.Registers[o.Register].Type) != bankOfClass(classes[i]) {
			decodeConvert(d, in, s)
			return
		}
	}
	d.byClasses(in, classes)
}

func decodeConvert(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(2)
	var c conversion
	for _, m := range s.Op.Modifiers {
		if r, ok := roundings[m]; ok {
			c.mode = r
		} else if r, ok := integerRoundings[m]; ok {
			c.mode, c.toInteger = r, true
		} else if t := ptx.TypeByName(m); t != ptx.NoType && c.to == ptx.NoType {
			c.to = t
		} else if t != ptx.NoType {
			c.from = t
		} else if m == "ftz" {
			c.ftz = true
		} else if m == "sat" {
			c.sat = true
		} else if m == "relu" {
			c.relu = true
		} else {
			d.fail("%w", ErrUnknownInstruction)
		}
	}
	if !convertible(c.to) || !convertible(c.from) {
		d.fail("%w", ErrUnknownInstruction)
	}
	bank := func(o ptx.Operand, t ptx.Type) byte { // a register may be wider than the type
		if o.Kind == ptx.RegisterOperand {
			return d.bankOf(d.frame.fn.Registers[o.Register].Type)
		}
		return d.bankOf(t)
	}
	from, to := bank(s.Operands[1], c.from), bank(s.Operands[0], c.to)
	in.a, in.d = d.src(s.Operands[1], from), d.dst(s.Operands[0], to)
	c.wideSource, c.wide = from == 'q', to == 'q'
	if s.Operands[0].Kind == ptx.RegisterOperand {
		c.half = d.frame.fn.Registers[s.Operands[0].Register].Type.Size() == 2
	}
	in.exec = c.exec
}

func convertible(t ptx.Type) bool {
	return t >= ptx.U8 && t <= ptx.F64 && t != ptx.F16x2 && t != ptx.BF16x2
}

func (c conversion) exec(w *warp, in *inst, m uint32) {
	for ; m != 0; m &= m - 1 {
		i := lowest(m)
		var raw uint64
		if c.wideSource {
			raw = w.q[in.a][i]
		} else {
			raw = uint64(w.r[in.a][i])
		}
		v := c.value(raw)
		switch {
		case c.wide:
			w.q[in.d][i] = v
		case c.half:
			w.r[in.d][i] = uint32(v) & 0xffff
		default:
			w.r[in.d][i] = uint32(v)
		}
	}
}

// value converts one value. A result narrower than its register is extended by its own sign.
func (c conversion) value(raw uint64) uint64 {
	if !c.from.Float() {
		bits := 8 * c.from.Size()
		x := int64(raw << (64 - bits) >> (64 - bits))
		if c.from.Signed() {
			x = int64(raw<<(64-bits)) >> (64 - bits)
		}
		if c.to.Float() {
			return c.fromInteger(x)
		}
		return c.integer(x)
	}
	var f float64
	switch c.from {
	case ptx.F16:
		f = f16(uint32(raw))
	case ptx.BF16:
		f = bf16(uint32(raw))
	case ptx.F32:
		x := math.Float32frombits(uint32(raw))
		if c.ftz {
			x = flush(x)
		}
		f = float64(x)
	default:
		f = math.Float64frombits(raw)
	}
	if !c.to.Float() {
		return c.toInt(f)
	}
	if c.toInteger {
		f = roundToInteger(f, c.mode)
	}
	return c.float(f)
}

func roundToInteger(f float64, mode rounding) float64 {
	switch mode {
	case toZero:
		return math.Trunc(f)
	case toMinusInf:
		return math.Floor(f)
	case toPlusInf:
		return math.Ceil(f)
	}
	return math.RoundToEven(f)
}

// float rounds f to the floating-point type of the result.
func (c conversion) float(f float64) uint64 {
	if c.sat {
		f = sat(f)
	}
	if c.relu {
		f = relu(f)
	}
	mode := c.mode
	if c.toInteger {
		mode = toNearest
	}
	switch c.to {
	case ptx.F16:
		return uint64(toSmall(f, 5, 10, mode))
	case ptx.BF16:
		return uint64(toSmall(f, 8, 7, mode))
	case ptx.F32:
		x := round32(f, mode)
		if c.ftz {
			x = flush(x)
		}
		return uint64(f32Bits(x))
	}
	return f64Bits(f)
}

// fromInteger rounds an integer of 64 bits, which float64 may not hold, once.
func (c conversion) fromInteger(x int64) uint64 {
	unsigned := c.from == ptx.U64 && x < 0
	f := float64(x)
	if unsigned {
		f = float64(uint64(x))
	}
	exact := f < 1<<63 && int64(f) == x
	if unsigned {
		exact = f < 1<<64 && uint64(f) == uint64(x)
	}
	if exact {
		return c.float(f)
	}
	above := f >= 1<<63 || int64(f) > x
	if unsigned {
		above = f >= 1<<64 || uint64(f) > uint64(x)
	}
	if c.to == ptx.F64 {
		switch {
		case above && (c.mode == toMinusInf || c.mode == toZero && f > 0):
			f = math.Nextafter(f, math.Inf(-1))
		case !above && (c.mode == toPlusInf || c.mode == toZero && f < 0):
			f = math.Nextafter(f, math.Inf(1))
		}
		return f64Bits(f)
	}
	// round to odd: the second rounding is then as good as one of x itself
	if u := math.Float64bits(f); u&1 == 0 {
		if above == (f > 0) {
			u--
		} else {
			u++
		}
		f = math.Float64frombits(u)
	}
	return c.float(f)
}

// toInt rounds and clamps to the range of the type. NaN becomes 0, or with 64 bits on either side the number with only the highest bit.
func (c conversion) toInt(f float64) uint64 {
	r := roundToInteger(f, c.mode)
	width := 8 * c.to.Size()
	signed := c.to.Signed()
	low, limit := 0.0, math.Ldexp(1, int(width))
	if signed {
		low, limit = -math.Ldexp(1, int(width)-1), math.Ldexp(1, int(width)-1)
	}
	switch {
	case r != r && (width == 64 || c.from == ptx.F64):
		v := uint64(1) << (width - 1)
		if signed {
			return -v
		}
		return v
	case r != r:
		return 0
	case r >= limit && signed:
		return 1<<(width-1) - 1
	case r >= limit:
		return 1<<width - 1
	case r <= low:
		return uint64(int64(low))
	case signed:
		return uint64(int64(r))
	}
	return uint64(r)
}

// integer converts between integer types: cuts, or clamps with .sat.
func (c conversion) integer(x int64) uint64 {
	width := 8 * c.to.Size()
	if c.sat {
		switch {
		case c.to.Signed() && c.from == ptx.U64:
			if uint64(x) > 1<<(width-1)-1 {
				x = 1<<(width-1) - 1
			}
		case c.to.Signed():
			h := int64(1)<<(width-1) - 1
			x = max(min(x, h), -h-1)
		case c.from != ptx.U64:
			x = max(x, 0)
			fallthrough
		default:
			if width < 64 && uint64(x) > 1<<width-1 {
				x = 1<<width - 1
			}
		}
	}
	if c.to.Signed() {
		return uint64(x << (64 - width) >> (64 - width))
	}
	return uint64(x) << (64 - width) >> (64 - width)
}

// decodePack: cvt.pack.sat.{u16,s16}.s32 d, a, b and cvt.pack.sat.{u8,s8,...}.s32.b32 d, a, b, c clamp a and b, a above b, and shift
// the low part of c up by both.
func decodePack(d *decoder, in *inst, s *ptx.Instruction) {
	mods := s.Op.Modifiers
	t := ptx.TypeByName(mods[2])
	width, ok := map[ptx.Type]uint{ptx.U16: 16, ptx.S16: 16, ptx.U8: 8, ptx.S8: 8}[t]
	if !ok || mods[1] != "sat" || mods[3] != "s32" || len(mods) != 4+int(bit(width == 8)) {
		d.fail("%w", ErrUnknownInstruction)
	}
	d.byClasses(in, map[uint]string{16: "rrr", 8: "rrrr"}[width])
	c := conversion{to: t, from: ptx.S32, sat: true}
	in.exec = func(w *warp, in *inst, m uint32) {
		for ; m != 0; m &= m - 1 {
			i := lowest(m)
			part := func(slot int32) uint32 { return uint32(c.value(uint64(w.r[slot][i]))) & (1<<width - 1) }
			v := part(in.a)<<width | part(in.b)
			if width == 8 {
				v |= w.r[in.c][i] << 16
			}
			w.r[in.d][i] = v
		}
	}
}
