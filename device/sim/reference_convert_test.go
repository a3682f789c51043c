package sim_test

import (
	"math/big"
	"slices"
	"strings"
)

// conversionReference describes cvt: modifiers, then the type of the result, then that of the source.
func conversionReference(modifiers []string) (reference, bool) {
	n := len(modifiers)
	to, from := modifiers[n-2], modifiers[n-1]
	modifiers = modifiers[:n-2]
	has := func(m string) bool { return slices.Contains(modifiers, m) }
	if r, small := fp8Reference(to, from, has("relu")); small {
		return r, true
	}
	r := reference{result: to, operands: []string{from}}
	one := func(a uint64) uint64 { return convert(modifiers, laneOf(to), from, a) }
	r.value = func(a []uint64) (uint64, string) { return one(a[0]), "" }
	if strings.HasSuffix(to, "x2") {
		r.operands = []string{from, from}
		r.value = func(a []uint64) (uint64, string) { return one(a[0])<<16 | one(a[1]), "" }
	}
	_, toFloat := formats[laneOf(to)]
	_, fromFloat := formats[from]
	r.anyNaN = to == "f64"
	return r, toFloat || fromFloat || !has("rn")
}

func convert(modifiers []string, to, from string, a uint64) uint64 {
	has := func(m string) bool { return slices.Contains(modifiers, m) }
	mode := "rn"
	for _, m := range modifiers {
		if m[0] == 'r' && m != "relu" {
			mode = m
		}
	}
	target, toFloat := formats[to]
	source, fromFloat := formats[from]
	if fromFloat && has("ftz") && from == "f32" {
		a = source.flushed(a)
	}
	var d uint64
	switch {
	case toFloat && fromFloat && source.isNaN(a):
		d = target.canonicalNaN()
	case toFloat && fromFloat:
		x := source.value(a)
		if strings.HasSuffix(mode, "i") && len(mode) == 3 && !x.IsInf() { // to an integer of the same format
			negative := x.Signbit()
			x.SetInt(roundToInteger(x.Abs(x), mode, negative))
			if negative {
				x.Neg(x)
			}
			mode = "rn"
		}
		d = target.encode(x, mode)
	case toFloat:
		d = target.encode(new(big.Float).SetPrec(exact).SetInt(integerType(from).value(a)), mode)
	case fromFloat:
		return floatToInteger(source, a, mode, from, to)
	default:
		x := integerType(from).value(a)
		if has("sat") {
			x = integerType(to).clamp(x)
		}
		return extend(integerType(to).wrap(x), to)
	}
	if has("ftz") && to == "f32" {
		d = target.flushed(d)
	}
	if has("sat") {
		d = target.saturated(d)
	}
	if has("relu") {
		d = target.relu(d)
	}
	return d
}

// floatToInteger clamps; a NaN becomes 0, or the lone top bit where a 64-bit type takes part.
func floatToInteger(source format, a uint64, mode, from, to string) uint64 {
	t := integerType(to)
	if source.isNaN(a) {
		if from == "f64" || t.bits == 64 {
			return extend(1<<(t.bits-1), to)
		}
		return 0
	}
	x := source.value(a)
	least, greatest := t.limits()
	if x.IsInf() {
		return extend(t.wrap(map[bool]*big.Int{true: least, false: greatest}[x.Signbit()]), to)
	}
	negative := x.Signbit()
	n := roundToInteger(x.Abs(x), mode, negative)
	if negative {
		n.Neg(n)
	}
	return extend(t.wrap(t.clamp(n)), to)
}

// extend is what a register of 16 or more bits holds of an 8-bit result: its sign or zeros above it.
func extend(b uint64, to string) uint64 {
	if to == "s8" && b&0x80 != 0 {
		return b | 0xff00
	}
	return b
}
