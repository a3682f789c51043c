//go:build !cuda || !cgo

package nvrtc

import "errors"

// Library is one NVRTC; there is none in this program.
type Library struct {
	Path         string
	Major, Minor int
}

var errNotBuilt = errors.New("nvrtc: this program was built without CUDA: `make build` builds it with, where there is a C compiler")

// Open says that there is no CUDA in this program.
func Open() (*Library, error) { return nil, errNotBuilt }

// OpenFor says that there is no CUDA in this program.
func OpenFor(int) (*Library, error) { return nil, errNotBuilt }

// Load says that there is no CUDA in this program.
func Load(string) (*Library, error) { return nil, errNotBuilt }

// Compile cannot be reached.
func (*Library) Compile(Source, ...string) (*Code, error) { return nil, errNotBuilt }

// ArchitectureFor cannot be reached.
func (*Library) ArchitectureFor(int) (string, error) { return "", errNotBuilt }

// Architectures cannot be reached.
func (*Library) Architectures() ([]int, error) { return nil, errNotBuilt }
