package kernels

import (
	"fmt"
	"slices"
	"strings"
)

// The variants of the CPU code, by the instructions that they use.
const (
	avx2     = "avx2"
	portable = "portable"
)

// cpu is the variant in use.
var cpu = CPUVariants()[0]

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
