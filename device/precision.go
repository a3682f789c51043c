package device

import (
	"fmt"
	"strconv"
	"strings"

	"cnn-gpu/kernels"
)

// CompileOptions say how an op list is computed.
type CompileOptions struct {
	Strict    bool              // every sum as it stands, by no algorithm that rounds otherwise: slower, and with smaller error bounds
	Precision kernels.Precision // of the factors of products; FP32 with Strict
}

// on is what a device makes of the options, if it multiplies in any precision, or in FP32 alone. The error does not name the device.
func (c CompileOptions) on(inAny bool) (CompileOptions, error) {
	switch {
	case c.Strict && c.Precision > kernels.FP32:
		return c, fmt.Errorf("strict sums are of factors in %v, and not in %v: leave out --strict or --precision", kernels.FP32, c.Precision)
	case !inAny && c.Precision > kernels.FP32:
		return c, fmt.Errorf("it multiplies in %v, and not in %v: leave out --precision, or take a GPU of compute capability 8.0 or above", kernels.FP32, c.Precision)
	case c.Precision != kernels.DefaultPrecision:
	case inAny && !c.Strict:
		c.Precision = kernels.TF32
	default:
		c.Precision = kernels.FP32
	}
	return c, nil
}

// precisionOf is [Device.Precision] of a device that multiplies in any precision, or in FP32 alone.
func precisionOf(device string, c CompileOptions, inAny bool) (kernels.Precision, error) {
	c, err := c.on(inAny)
	if err != nil {
		return 0, fmt.Errorf("device: %s: %w", device, err)
	}
	return c.Precision, nil
}

// multipliesInAny says whether GPUs of a compute capability, such as 80, have asynchronous copies and products in TF32 and BF16.
func multipliesInAny(capability int) bool { return capability >= 80 }

// ArchitecturePrecision is the precision in which GPUs of an architecture that exists, such as sm_90, multiply where these options are asked for.
func ArchitecturePrecision(arch string, c CompileOptions) (kernels.Precision, error) {
	return precisionOf(arch, c, multipliesInAny(capabilityOf(arch)))
}

// capabilityOf is the compute capability of an architecture that exists, such as sm_90.
func capabilityOf(arch string) int {
	_, digits, _ := strings.Cut(arch, "_")
	capability, _ := strconv.Atoi(digits)
	return capability
}
