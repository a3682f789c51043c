package cpu

import (
	"fmt"
	"slices"
	"strings"
)

// The variants of the CPU code, by the instructions that they use. The inner kernels whose values stay in the caches have code of their own for AVX-512, all
// else runs that for AVX2 there; both round every sum alike. The tests run every variant that the CPU can run.
const (
	avx512   = "avx512"
	avx2     = "avx2"
	portable = "portable"
)

// variant is the code in use: by default the fastest.
var variant = Variants()[0]

// Select chooses the CPU code by name, one of [Variants]; results may differ in the last bits. It must not be called
// while ops run.
func Select(name string) error {
	if !slices.Contains(Variants(), name) {
		return fmt.Errorf("cpu: this CPU has no variant %q; it has %s", name, strings.Join(Variants(), ", "))
	}
	variant = name
	return nil
}

// Variant names the variant of the CPU code in use.
func Variant() string { return variant }

// Rounding names a variant that gives the same bits as the one in use: two of the same rounding go on with each other's work.
func Rounding() string {
	if variant == avx512 {
		return avx2
	}
	return variant
}
