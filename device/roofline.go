package device

import "cnn-gpu/kernels"

// Roofline is what a device does at most, after Williams, Waterman and Patterson, "Roofline: an insightful visual performance model
// for multicore architectures", 2009.
type Roofline struct {
	GFLOPS float64 `json:"gflops"` // 10^9 floating-point operations in a second
	// TF32 and BF16 are those of tensor cores; 0 where there are none, or their speed is not known.
	TF32   float64 `json:"tf32_gflops,omitempty"`
	BF16   float64 `json:"bf16_gflops,omitempty"`
	GBS    float64 `json:"gbs"`    // 10^9 bytes to and from memory in a second
	Source string  `json:"source"` // where the figures come from
}

// Seconds is the least time that an op of this cost takes if its operands come from memory:
// max(FLOPs / peak, bytes / bandwidth), the peak being that of tensor cores where it multiplies on them in a precision, and not the default. It is 0
// where that is not known. An op whose operands lie in a cache may take less.
func (r Roofline) Seconds(c kernels.Cost, tensor kernels.Precision) float64 {
	peak := r.GFLOPS
	switch tensor {
	case kernels.TF32:
		peak = r.TF32
	case kernels.BF16:
		peak = r.BF16
	}
	if peak == 0 {
		return 0
	}
	return max(float64(c.FLOPs)/(peak*1e9), float64(c.Bytes)/(r.GBS*1e9))
}
