package device

import "cnn-gpu/kernels"

// Roofline is what a device does at most, after Williams, Waterman and Patterson, "Roofline: an insightful visual performance model
// for multicore architectures", 2009.
type Roofline struct {
	GFLOPS float64 `json:"gflops"` // 10^9 floating-point operations in a second
	GBS    float64 `json:"gbs"`    // 10^9 bytes to and from memory in a second
	Source string  `json:"source"` // where the figures come from
}

// Seconds is the least time that an op of this cost takes if its operands come from memory:
// max(FLOPs / peak, bytes / bandwidth). An op whose operands lie in a cache may take less.
func (r Roofline) Seconds(c kernels.Cost) float64 {
	return max(float64(c.FLOPs)/(r.GFLOPS*1e9), float64(c.Bytes)/(r.GBS*1e9))
}
