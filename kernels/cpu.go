package kernels

import (
	"fmt"
	"slices"
	"strings"
)

// The variants of the CPU code, by the instructions that they use; what has no code for AVX-512 runs that for AVX2 there. AVX-512 has
// not run yet, for want of a CPU that has it: it is generated and its instructions are vetted, but it is used only where [SelectCPU] asks
// for it, and stays so until a run of the case table on such a CPU is on record. The tests run every variant that the CPU can run.
const (
	avx512   = "avx512"
	avx2     = "avx2"
	portable = "portable"
)

// cpu is the variant in use: by default the fastest that is proven.
var cpu = func() string {
	if slices.Contains(CPUVariants(), avx2) {
		return avx2
	}
	return portable
}()

// SelectCPU chooses the CPU code by name, one of [CPUVariants]; results may differ in the last bits. It must not be called
// while ops run.
func SelectCPU(name string) error {
	if !slices.Contains(CPUVariants(), name) {
		return fmt.Errorf("kernels: this CPU has no variant %q; it has %s", name, strings.Join(CPUVariants(), ", "))
	}
	cpu = name
	return nil
}

// CPU names the variant of the CPU code in use.
func CPU() string { return cpu }
