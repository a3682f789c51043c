package kernels

import (
	"fmt"
	"slices"
	"strings"
)

// Precision is how a device multiplies the factors of convolutions and dense layers. Sums are float32 in all of them, and weights and the
// optimizer's state are kept as float32.
type Precision uint8

// The precisions.
const (
	// DefaultPrecision is TF32 on a GPU that has it, else FP32.
	DefaultPrecision Precision = iota
	// FP32 multiplies float32 values.
	FP32
	// TF32 rounds each factor to the nearest number with 10 bits of fraction and float32's range (NVIDIA, A100 Tensor Core GPU
	// Architecture, 2020).
	TF32
	// BF16 rounds each factor to the nearest bfloat16, which has 7 bits of fraction and float32's range.
	BF16
)

var precisionNames = [...]string{DefaultPrecision: "default", FP32: "fp32", TF32: "tf32", BF16: "bf16"}

func (p Precision) String() string { return precisionNames[p] }

// PrecisionNames lists the names that [ParsePrecision] knows.
func PrecisionNames() []string { return slices.Clone(precisionNames[:]) }

// ParsePrecision is the precision of a name.
func ParsePrecision(name string) (Precision, error) {
	i := slices.Index(precisionNames[:], name)
	if i < 0 {
		return 0, fmt.Errorf("kernels: unknown precision %q; choose %s", name, strings.Join(precisionNames[:], ", "))
	}
	return Precision(i), nil
}

// MarshalText is the precision's name.
func (p Precision) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// UnmarshalText reads a name.
func (p *Precision) UnmarshalText(name []byte) (err error) {
	*p, err = ParsePrecision(string(name))
	return err
}
