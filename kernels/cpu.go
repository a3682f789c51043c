package kernels

import (
	"fmt"
	"slices"
	"strings"
)

// A variant is a set of CPU instructions that the kernels have code for.
type variant string

const (
	avx2     variant = "avx2"
	portable variant = "portable"
)

// cpu is the variant in use.
var cpu = CPUVariants()[0]

// SelectCPU chooses the CPU code by name, one of [CPUVariants]; results may differ in the last bits. It must not be called
// while ops run.
func SelectCPU(name string) error {
	if v := variant(name); slices.Contains(CPUVariants(), v) {
		cpu = v
		return nil
	}
	var names []string
	for _, v := range CPUVariants() {
		names = append(names, string(v))
	}
	return fmt.Errorf("kernels: this CPU has no variant %q; it has %s", name, strings.Join(names, ", "))
}

// CPU names the variant of the CPU code in use.
func CPU() string { return string(cpu) }
