package cpu

import (
	"fmt"
	"slices"
	"strings"
)

// The variants of the CPU code, by the instructions that they use; what has no code for AVX-512 runs that for AVX2 there. AVX-512 has
// not run yet, for want of a CPU that has it: it is generated and its instructions are vetted, but it is used only where [Select] asks
// for it, and stays so until a run of the case table on such a CPU is on record. The tests run every variant that the CPU can run.
const (
	avx512   = "avx512"
	avx2     = "avx2"
	portable = "portable"
)

// variant is the code in use: by default the fastest that is proven.
var variant = func() string {
	if slices.Contains(Variants(), avx2) {
		return avx2
	}
	return portable
}()

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
