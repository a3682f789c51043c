package kerneltest

import (
	"fmt"
	"math"
	"slices"

	"cnn-gpu/kernels"
)

// tensorCoreUnit is the largest part of the magnitudes by which an addition of a tensor core errs. Its products of rounded factors are exact. It
// adds some of them and a float32 sum at once: all but the largest lose what lies below the 24 bits of the largest, and so does their sum, by
// truncation (Fasi, Higham, Mikaitis and Pranesh, "Numerical behavior of NVIDIA tensor cores", 2021, find one or two bits more since the A100).
// So m additions lose m terms and their sum, m+1 times 2^-23 at most and no more than 2^-22 each.
const tensorCoreUnit = 0x1p-22

// precisionNamed is the precision by whose name a device says that an op multiplied factors rounded to it, or stored its result so.
func precisionNamed(algorithm string) (p kernels.Precision, ok bool) {
	p, err := kernels.ParsePrecision(algorithm)
	return p, err == nil && p > kernels.FP32
}

// narrowed is a value that may be rounded to a precision: to nearest, or not at all.
func narrowed(p kernels.Precision, v Value) Value {
	bits, unit, least := 13, 0x1p-11, 0x1p-137 // that a float32 has more, the largest error as a part of the number, and that of a subnormal one
	if p == kernels.BF16 {
		bits, unit, least = 16, 0x1p-8, 0x1p-134
	}
	isKept := math.Float32bits(float32(v.Want))<<(32-bits) == 0 && float64(float32(v.Want)) == v.Want
	if v.Bound == 0 && isKept || math.IsNaN(v.Want) || math.IsInf(v.Want, 0) {
		return v
	}
	return Value{v.Want, v.Bound + unit*v.size() + least}
}

func allNarrowed(p kernels.Precision, values []Value) []Value {
	if values == nil {
		return nil
	}
	list := make([]Value, len(values))
	for i, v := range values {
		list[i] = narrowed(p, v)
	}
	return list
}

// factorsOf are the operands that tensor cores multiply, by each other or by ones.
func factorsOf(op kernels.Op) []int {
	switch op.(type) {
	case kernels.Conv2DFprop, kernels.Conv2DDgrad, kernels.Conv2DWgrad, kernels.DenseFprop, kernels.DenseDgrad, kernels.DenseWgrad:
		return []int{0, 1}
	case kernels.BiasWgrad:
		return []int{0}
	}
	return nil
}

// mayBeStoredNarrow says whether an operand is a value that an op hands on to the next, forward or backward.
func mayBeStoredNarrow(o kernels.Operand) bool {
	return o.Access == kernels.Write && o.Type == kernels.Float32 && slices.Contains([]string{"y", "dx", "da", "db"}, o.Name)
}

// computeNarrow is compute for an op that a device computed in a precision: of factors rounded to it, summed up in float32, with a result that may
// be rounded once more as it is stored. Of an op without factors that is all.
func computeNarrow(op kernels.Op, p kernels.Precision, in, out [][]Value) error {
	factors := factorsOf(op)
	in = slices.Clone(in)
	for _, i := range factors {
		in[i] = allNarrowed(p, in[i])
	}
	if factors != nil {
		sums, at := productSums(op, in)
		out[at] = roundedBy(tensorCoreUnit, sums)
	} else {
		computed, err := compute(op, "", in)
		if err != nil {
			return err
		}
		copy(out, computed)
	}
	areAny := factors != nil
	for i, o := range op.Operands() {
		if mayBeStoredNarrow(o) {
			areAny = true
			out[i] = allNarrowed(p, out[i])
		}
	}
	if !areAny {
		return fmt.Errorf("kerneltest: %s was computed in %v, which is for products and for what is handed on to them", op.Name(), p)
	}
	return nil
}

// asIntegers are the results of an op on integers, whose sums are exact in float32, unless an algorithm rounds.
func asIntegers(op kernels.Op, algorithm string, in, out [][]Value) [][]Value {
	p, isPrecision := precisionNamed(algorithm)
	for _, i := range factorsOf(op) {
		if isPrecision && !areExact(allNarrowed(p, in[i])) {
			return out
		}
	}
	if !keepsIntegers(algorithm) {
		return out
	}
	list := make([][]Value, len(out))
	for i, o := range op.Operands() {
		list[i] = exacts(exactly(out[i]))
		if isPrecision && mayBeStoredNarrow(o) {
			list[i] = allNarrowed(p, list[i])
		}
	}
	return list
}
