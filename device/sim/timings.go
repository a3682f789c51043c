package sim

import (
	"cnn-gpu/device/sim/sass"
	"cnn-gpu/device/sim/sm"
)

// timings says how long the units of a multiprocessor take: cycles for which a warp's instruction keeps a unit of one of the four parts,
// and cycles until its result is there, where the code does not tell. Sources:
//
//   - lanes: see chips; of addresses: the pictures of a SM in NVIDIA's white papers of the A100, the H100, GA102 and Ada
//   - special functions, conversions, double precision: Abdelkhalik et al. 2022, "Demystifying the Nvidia Ampere Architecture through
//     Microbenchmarking and Instruction-level Analysis", table V
//   - shared memory, shuffles: Huerta et al. 2025, "Analyzing Modern NVIDIA GPU cores", table 2
//   - products of matrices: Sun et al. 2022, "Dissecting Tensor Cores via Microbenchmarks", table 3; rates: see chips
type timings struct{ *Chip }

const (
	sharedLatency          = 23
	deepMatrixLatency      = 33 // of m16n8k16, and of m16n8k8 with 32-bit numbers
	shallowMatrixLatency   = 25
	specialFunctionLatency = 18
	conversionLatency      = 14
	doubleLatency          = 16
	systemLatency          = 20 // of special registers and constants that are not in the instruction
)

// lanesOfPart gives the cycles for which 32 lanes keep those that a part has.
func lanesOfPart(perSM float64) float64 { return 32 / (perSM / 4) }

func (t timings) unit(u sass.Unit) (pipe sm.Pipe, busy, latency float64) {
	switch u {
	case sass.Float32:
		return sm.FMA, lanesOfPart(t.Float32), 0
	case sass.IntegerMultiply:
		// With half as many lanes for integers as for f32 they are half of those; else they are the same.
		if t.Float32 > t.Integer {
			return sm.IntegerMultiply, lanesOfPart(t.Integer), 0
		}
		return sm.FMA, lanesOfPart(t.Float32), 0
	case sass.Half:
		return sm.Half, lanesOfPart(float64(t.Half) / 2), 0
	case sass.Float64:
		return sm.FP64, lanesOfPart(t.Float64), doubleLatency
	case sass.Matrix64:
		const flops = 2 * 8 * 8 * 4
		return sm.Tensor, flops / t.Float64, deepMatrixLatency // twice as fast as the lanes
	case sass.SpecialFunction:
		return sm.XU, lanesOfPart(t.SpecialFunction), specialFunctionLatency
	case sass.Conversion:
		return sm.XU, lanesOfPart(t.Conversion), conversionLatency
	case sass.Uniform:
		return sm.Uniform, 1, 0
	case sass.Constant, sass.Special:
		return sm.NoPipe, 0, systemLatency
	}
	return sm.ALU, lanesOfPart(t.Integer), 0
}

// matrix gives what so many operations take at a rate of operations a cycle of the multiprocessor.
func (t timings) matrix(flops, rate float64) (pipe sm.Pipe, busy, latency float64) {
	const deep = 2 * 16 * 8 * 16
	busy, latency = flops/(rate/4), shallowMatrixLatency
	if flops/rate >= deep/t.TensorBF16 {
		latency = deepMatrixLatency
	}
	return sm.Tensor, busy, max(latency, busy)
}
