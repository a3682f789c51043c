//go:build !(cuda && cgo)

package device

import (
	"errors"
	"fmt"

	"cnn-gpu/kernels"
)

var errNoCUDA = errors.New("this program was built without CUDA; build it where there is a C compiler (make build), or use --device cpu")

func openCUDA(name string, _ int, _ Options) (Device, error) {
	return nil, fmt.Errorf("device: %s: %w", name, errNoCUDA)
}

func openFirst(o Options) (Device, error) { return openCUDA("cuda", 0, o) }

func openSim(name, _ string, _ Options) (Device, error) {
	return nil, fmt.Errorf("device: %s: %w", name, errNoCUDA)
}

// CompileKernels needs a build with CUDA.
func CompileKernels([][]kernels.Op, CompileOptions, string, string) (int, error) {
	return 0, fmt.Errorf("device: %w", errNoCUDA)
}

// CheckArchitecture needs a build with CUDA.
func CheckArchitecture(string) error { return fmt.Errorf("device: %w", errNoCUDA) }
