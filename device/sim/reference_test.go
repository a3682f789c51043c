package sim_test

import (
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// reference is what an arithmetic instruction has to compute, found from its name alone, as the PTX ISA describes it.
type reference struct {
	result   string   // types
	operands []string //
	// value returns the result's bits; the string says if it is unspecified.
	value func(a []uint64) (uint64, string)
	// tolerance is the relative error that the documentation allows an approximate instruction. Zero: to the bit.
	tolerance, absolute float64
	anyNaN              bool // which NaN comes out is left open
}

// width returns the bits of a type's name.
func width(t string) int {
	if n, packed := strings.CutSuffix(t, "x2"); packed {
		return 2 * width(n)
	}
	if t == "pred" {
		return 1
	}
	switch t {
	case "tf32":
		return 32
	case "e4m3", "e5m2":
		return 8
	}
	n, _ := strconv.Atoi(strings.TrimLeft(t, "usbft"))
	return n
}

// laneOf returns the type of one half of a packed type, else the type itself.
func laneOf(t string) string { return strings.TrimSuffix(t, "x2") }

func integerType(t string) integer { return integer{uint(width(t)), t[0] == 's'} }

// arity of the arithmetic instructions.
var arity = map[string]int{
	"abs": 1, "neg": 1, "not": 1, "cnot": 1, "popc": 1, "clz": 1, "brev": 1, "bfind": 1, "mov": 1, "cvt": 1,
	"rcp": 1, "sqrt": 1, "rsqrt": 1, "ex2": 1, "lg2": 1, "sin": 1, "cos": 1, "tanh": 1,
	"mad": 3, "mad24": 3, "fma": 3, "sad": 3, "shf": 3, "bfe": 3, "prmt": 3, "fns": 3, "dp4a": 3, "dp2a": 3, "bfi": 4,
}

// referenceFor returns the reference of an instruction, or false for a name that is not arithmetic.
func referenceFor(text string) (reference, bool) {
	parts := strings.Split(text, ".")
	name, modifiers := parts[0], parts[1:]
	if name == "cvt" {
		return conversionReference(modifiers)
	}
	t := modifiers[len(modifiers)-1]
	switch name {
	case "prmt":
		t = "b32"
	case "dp4a", "dp2a":
		t = "s32"
	}
	n := arity[name]
	if n == 0 {
		n = 2
	}
	r := reference{result: t, operands: slices.Repeat([]string{t}, n)}
	if name == "mov" {
		r.value = func(a []uint64) (uint64, string) { return a[0], "" }
		return r, true
	}
	if _, float := formats[laneOf(t)]; float {
		f := formats[laneOf(t)]
		r.anyNaN = f.bits == 64 || name == "abs" || name == "neg"
		r.tolerance, r.absolute = toleranceOf(name, modifiers, t)
		r.value = func(a []uint64) (uint64, string) { return perLane(name, modifiers, t, f, a) }
		return r, true
	}
	switch name {
	case "shl", "shr", "szext":
		r.operands[1] = "u32"
	case "popc", "clz", "bfind":
		r.result = "u32"
	case "bfe":
		r.operands[1], r.operands[2] = "u32", "u32"
	case "bfi":
		r.operands[2], r.operands[3] = "u32", "u32"
	case "shf", "prmt":
		r.operands[2] = "u32"
	}
	if slices.Contains(modifiers, "wide") {
		r.result = t[:1] + strconv.Itoa(2*width(t))
		if n == 3 {
			r.operands[2] = r.result
		}
	}
	r.value = func(a []uint64) (uint64, string) { return integerReference(name, modifiers, integerType(t), a) }
	if laneOf(t) != t {
		r.value = func(a []uint64) (uint64, string) {
			half := func(shift int) uint64 {
				v, _ := integerReference(name, modifiers, integerType(laneOf(t)), []uint64{a[0] >> shift, a[1] >> shift})
				return v << shift
			}
			return half(0) | half(16), ""
		}
	}
	return r, true
}

// perLane applies the reference of one number to each half of packed operands.
func perLane(name string, modifiers []string, t string, f format, a []uint64) (result uint64, problem string) {
	lanes := width(t) / f.bits
	for lane := range lanes {
		shift := lane * f.bits
		part := make([]uint64, len(a))
		for i := range a {
			part[i] = a[i] >> shift & (1<<(f.bits-1)<<1 - 1)
		}
		v, p := floatReference(name, modifiers, f, part)
		result |= v << shift
		if p != "" {
			problem = p
		}
	}
	return result, problem
}

// floatReference evaluates a floating-point instruction from its description in the PTX ISA.
func floatReference(name string, modifiers []string, f format, a []uint64) (uint64, string) {
	has := func(m string) bool { return slices.Contains(modifiers, m) }
	mode := "rn"
	for _, m := range []string{"rz", "rm", "rp"} {
		if has(m) {
			mode = m
		}
	}
	if has("ftz") {
		a = slices.Clone(a)
		for i := range a {
			a[i] = f.flushed(a[i])
		}
	}
	var d uint64
	switch name {
	case "add":
		d = f.compute(mode, a, func(z *big.Float, x []*big.Float) *big.Float { return sum(x[0], x[1], mode) })
	case "sub":
		d = f.compute(mode, a, func(z *big.Float, x []*big.Float) *big.Float { return sum(x[0], z.Neg(x[1]), mode) })
	case "mul":
		d = f.compute(mode, a, func(z *big.Float, x []*big.Float) *big.Float { return z.Mul(x[0], x[1]) })
	case "fma", "mad":
		d = f.compute(mode, a, func(z *big.Float, x []*big.Float) *big.Float {
			return sum(z.Mul(x[0], x[1]), x[2], mode)
		})
	case "div":
		d = f.compute(mode, a, func(z *big.Float, x []*big.Float) *big.Float { return z.SetPrec(quotient).Quo(x[0], x[1]) })
	case "rcp":
		d = f.compute(mode, a, func(z *big.Float, x []*big.Float) *big.Float { return z.SetPrec(quotient).Quo(big.NewFloat(1), x[0]) })
	case "sqrt":
		if f.isNaN(a[0]) || a[0]&f.sign() != 0 && a[0] != f.sign() {
			d = f.canonicalNaN()
			break
		}
		d = f.compute(mode, a, func(z *big.Float, x []*big.Float) *big.Float { return z.SetPrec(quotient).Sqrt(x[0]) })
	case "rsqrt", "ex2", "lg2", "sin", "cos", "tanh":
		d = f.function(name, a[0])
	case "min", "max":
		if has("xorsign") {
			d = f.extreme(a[0]&^f.sign(), a[1]&^f.sign(), name == "max", has("NaN"))
			if !f.isNaN(d) {
				d |= (a[0] ^ a[1]) & f.sign()
			}
			break
		}
		d = f.extreme(a[0], a[1], name == "max", has("NaN"))
	case "neg":
		d = a[0] ^ f.sign()
	case "abs":
		d = a[0] &^ f.sign()
	case "copysign":
		d = a[1]&^f.sign() | a[0]&f.sign()
	default:
		return 0, "no reference for " + name
	}
	if has("ftz") {
		d = f.flushed(d)
	}
	if has("sat") {
		d = f.saturated(d)
	}
	if has("relu") {
		d = f.relu(d)
	}
	return d, ""
}

// quotient is a precision at which a quotient or a root of doubles cannot come so near to a tie that its rounding changes.
const quotient = 300

// function evaluates a transcendental function in double precision.
func (f format) function(name string, a uint64) uint64 {
	if f.isNaN(a) {
		return f.canonicalNaN()
	}
	x, _ := f.value(a).Float64()
	y := map[string]func(float64) float64{
		"rsqrt": func(x float64) float64 { return 1 / math.Sqrt(x) },
		"ex2":   math.Exp2, "lg2": math.Log2, "sin": math.Sin, "cos": math.Cos, "tanh": math.Tanh,
	}[name](x)
	if math.IsNaN(y) {
		return f.canonicalNaN()
	}
	return f.encode(big.NewFloat(y), "rn")
}

// toleranceOf returns the greatest relative and absolute error that the documentation of an approximate instruction states.
func toleranceOf(name string, modifiers []string, t string) (relative, absolute float64) {
	half := map[string]map[string]float64{
		"ex2": {"f16": 0x1p-9, "bf16": 0x1p-7}, "tanh": {"f16": 0x1p-10, "bf16": 0x1p-8},
	}
	approximate := slices.Contains(modifiers, "approx") || slices.Contains(modifiers, "full")
	switch {
	case !approximate:
		return 0, 0
	case laneOf(t) == "f16" || laneOf(t) == "bf16":
		return half[name][laneOf(t)], 0
	case t == "f64" && slices.Contains(modifiers, "ftz"):
		return 0x1p-19, 0
	}
	switch name {
	case "tanh":
		return 0x1p-11, 0
	case "sin", "cos":
		return 0, 0x1p-20
	case "lg2":
		return 0x1p-22, 0x1p-22
	}
	return 0x1p-22, 0
}
