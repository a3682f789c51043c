package sim_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// specials are the values of each type at which instructions go wrong.
func specials(t string) []uint64 {
	if f, float := formats[laneOf(t)]; float {
		return floatSpecials(f, width(t) != f.bits)
	}
	n := width(t)
	top := uint64(1) << (n - 1)
	s := []uint64{0, 1, 2, 3, 7, 8, 15, 16, 31, 32, 33, 63, 64, 255, 256, top - 1, top, top + 1, ^uint64(0), ^uint64(1), 0x123456789abcdef0}
	for i := range s {
		s[i] &= 1<<(n-1)<<1 - 1
	}
	return s
}

func floatSpecials(f format, packed bool) []uint64 {
	one := f.encode(f.value(0).SetInt64(1), "rn")
	step := uint64(1) << f.spare
	magnitudes := []uint64{
		0, step, 2*step + step<<1, 1<<f.fraction() - step, 1 << f.fraction(), 1<<f.fraction() + step, // subnormal and the least normal numbers
		one, one + step, one - step, one + 1<<(f.fraction()-1), one + 1<<f.fraction(), // 1, its neighbours, 1.5, 2
		one + uint64(f.fraction()/2)<<f.fraction() + step, f.infinity() - step, f.infinity(), f.infinity() + 1<<(f.fraction()-1),
	}
	var s []uint64
	for i, m := range magnitudes {
		s = append(s, m, m|f.sign())
		if packed {
			other := magnitudes[(i*7+3)%len(magnitudes)]
			s[len(s)-2] |= other << f.bits
			s[len(s)-1] |= (other | f.sign()) << f.bits
		}
	}
	return s
}

// random draws values that meet: exponents near to each other, small integers, bits at random.
func random(r *rand.Rand, t string) uint64 {
	mask := uint64(1)<<(width(t)-1)<<1 - 1
	f, float := formats[laneOf(t)]
	choice := r.IntN(3)
	switch {
	case choice == 0 || !float && choice == 1:
		return r.Uint64() & mask
	case !float:
		return (r.Uint64N(80) - 8) & mask
	}
	var v uint64
	for lane := 0; lane < width(t); lane += f.bits {
		exponent := uint64(1-f.least) + r.Uint64N(11) - 5
		x := exponent<<f.fraction() | r.Uint64N(1<<(f.precision-1))<<f.spare
		if choice == 1 { // few bits: ties
			x &^= 1<<(f.fraction()*2/3) - 1
		}
		v |= (x | r.Uint64N(2)*f.sign()) << lane
	}
	return v
}

// tuples are the inputs of one instruction: the special values combined, then random ones. An operand that repeats the product
// of the first two with the other sign makes sums cancel.
func tuples(ref reference, seed uint64) [][]uint64 {
	var all [][]uint64
	lists := make([][]uint64, len(ref.operands))
	for i, t := range ref.operands {
		lists[i] = specials(t)
	}
	r := rand.New(rand.NewPCG(seed, 1))
	combinations := 1
	for _, l := range lists {
		combinations *= len(l)
	}
	const most = 1200
	for i := range min(combinations, most) {
		n := i
		if combinations > most {
			n = r.IntN(combinations)
		}
		tuple := make([]uint64, len(lists))
		for j, l := range lists {
			tuple[j] = l[n%len(l)]
			n /= len(l)
		}
		all = append(all, tuple)
	}
	f, float := formats[ref.result]
	for range 800 {
		tuple := make([]uint64, len(lists))
		for j, t := range ref.operands {
			tuple[j] = random(r, t)
		}
		if len(tuple) == 3 && float && ref.operands[2] == ref.result && r.IntN(2) == 0 {
			product, _ := floatReference("mul", nil, f, tuple[:2])
			tuple[2] = (product ^ f.sign()) + r.Uint64N(3)<<f.spare
		}
		all = append(all, tuple)
	}
	return all
}

// register returns a name for operand n of a type: the widths have registers of their own.
func register(t string, n int) string {
	switch bits := width(t); {
	case bits <= 16:
		return fmt.Sprintf("%%h%d", 10+n)
	case bits == 32:
		return fmt.Sprintf("%%r%d", 10+n)
	}
	return fmt.Sprintf("%%d%d", 10+n)
}

// loadOperand and storeResult move values between registers and the 64-bit words that the tests keep them in.
func loadOperand(t string, n, count int) string {
	address := fmt.Sprintf("\tmad.lo.s64 %%d3, %%d2, %d, %%d0;\n", 8*count)
	switch bits := width(t); {
	case bits <= 16:
		return address + fmt.Sprintf("\tld.global.u16 %s, [%%d3+%d];\n", register(t, n), 8*n)
	case bits == 32:
		return address + fmt.Sprintf("\tld.global.u32 %s, [%%d3+%d];\n", register(t, n), 8*n)
	}
	return address + fmt.Sprintf("\tld.global.u64 %s, [%%d3+%d];\n", register(t, n), 8*n)
}

func storeResult(t string) string {
	address := "\tmad.lo.s64 %d4, %d2, 8, %d1;\n"
	switch bits := width(t); {
	case bits <= 16:
		return address + "\tcvt.u64.u16 %d5, %h30;\n\tst.global.u64 [%d4], %d5;\n"
	case bits == 32:
		return address + "\tcvt.u64.u32 %d5, %r30;\n\tst.global.u64 [%d4], %d5;\n"
	}
	return address + "\tst.global.u64 [%d4], %d30;\n"
}

func body(name string, ref reference) string {
	var s strings.Builder
	names := []string{register(ref.result, 20)}
	for i, t := range ref.operands {
		s.WriteString(loadOperand(t, i, len(ref.operands)))
		names = append(names, register(t, i))
	}
	fmt.Fprintf(&s, "\t%s %s;\n", name, strings.Join(names, ", "))
	s.WriteString(storeResult(ref.result))
	return s.String()
}

// evaluate runs code on many operands.
func evaluate(t *testing.T, d *sim.Device, code string, ref reference, inputs [][]uint64) []uint64 {
	k := kernelOf(t, d, snippet("", code), "snippet")
	const threads = 128
	blocks := (len(inputs) + threads - 1) / threads
	words := make([]uint64, blocks*threads*len(ref.operands))
	for i, tuple := range inputs {
		copy(words[i*len(ref.operands):], tuple)
	}
	in, out := upload(t, d, words), alloc(t, d, uint64(8*blocks*threads))
	_, err := d.Launch(k, linear(blocks), linear(threads), 0, pack(in, out))
	require.NoError(t, err, code)
	result := make([]uint64, blocks*threads)
	download(t, d, out, result)
	require.NoError(t, d.Free(in))
	require.NoError(t, d.Free(out))
	return result[:len(inputs)]
}

// agree compares a result with what is wanted: to the bit, or within the tolerance of an approximate instruction.
func agree(ref reference, got, want uint64) bool {
	f, float := formats[laneOf(ref.result)]
	if got == want {
		return true
	}
	if !float {
		return false
	}
	for shift := 0; shift < width(ref.result); shift += f.bits {
		mask := uint64(1)<<(f.bits-1)<<1 - 1
		g, w := got>>shift&mask, want>>shift&mask
		switch {
		case g == w:
		case f.isNaN(w) && f.isNaN(g) && ref.anyNaN:
		case ref.tolerance == 0 && ref.absolute == 0, f.isNaN(w), f.isNaN(g):
			return false
		default:
			x, _ := f.value(g).Float64()
			y, _ := f.value(w).Float64()
			least := math.Ldexp(1, f.least-f.precision+1)
			if !(math.Abs(x-y) <= math.Abs(y)*ref.tolerance+ref.absolute+least) {
				return false
			}
		}
	}
	return true
}

// unspecifiedInput says that the documentation of an approximate instruction leaves open what it does there.
func unspecifiedInput(name string, ref reference, a []uint64) bool {
	f := formats[laneOf(ref.result)]
	switch {
	case strings.HasPrefix(name, "sin.") || strings.HasPrefix(name, "cos."):
		x, _ := f.value(a[0] &^ f.sign()).Float64()
		return !f.isNaN(a[0]) && x > math.Pi && !math.IsInf(x, 0)
	case strings.HasPrefix(name, "div.approx") || strings.HasPrefix(name, "div.full"):
		y, _ := f.value(a[1] &^ f.sign() &^ (f.infinity() + 1)).Float64()
		return f.isNaN(a[0]) == f.isNaN(a[1]) && (y < 0x1p-126 || y > 0x1p126)
	}
	return false
}

// TestArithmetic holds every arithmetic instruction of the table against math/big.
func TestArithmetic(t *testing.T) {
	d := sim.NewDevice(hopper(t), sim.Options{Workers: 2})
	for seed, name := range sim.ArithmeticNames() {
		ref, ok := referenceFor(name)
		if !assert.True(t, ok, "%s has no reference", name) {
			continue
		}
		inputs := tuples(ref, uint64(seed))
		got := evaluate(t, d, body(name, ref), ref, inputs)
		for i, a := range inputs {
			want, problem := ref.value(a)
			if problem == unspecified || unspecifiedInput(name, ref, a) {
				continue
			}
			require.Empty(t, problem)
			if !agree(ref, got[i], want) {
				t.Errorf("%s of %x is %x, should be %x", name, a, got[i], want)
				break
			}
		}
	}
}
