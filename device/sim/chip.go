package sim

import "fmt"

// Chip describes a GPU by figures that its maker or others have published. Rates are for one streaming multiprocessor (SM) and
// clock cycle. Figures marked "assumed" in the table of chips have no public source; they only enter the estimate of the time.
type Chip struct {
	Name        string // as in "sim:h200"
	Product     string // as the driver reports it
	Major       int    // compute capability
	Minor       int
	Half        int // lanes of a SM for 16-bit numbers
	LoadStore   int // lanes of a SM for addresses
	SMs         int
	ClockMHz    int // boost
	MemoryBytes uint64
	MemoryMHz   int     // of the memory's data bus, half of its data rate
	BusBits     int     // width of the memory's data bus
	DRAM        float64 // bytes a second, at most: see dramReached
	L2Bytes     uint64

	// Of all multiprocessors together: bytes a second that L2 delivers and takes, and sectors of which it takes a part. Cycles until a
	// load has its value where it finds it in L1, L2 and DRAM.
	L2Read, L2Write, L2Partial        float64
	L1Latency, L2Latency, DRAMLatency float64

	WarpsPerSM, BlocksPerSM int
	RegistersPerSM          int
	UnifiedPerSM            uint32 // of L1 and shared memory together
	SharedPerSM             uint32
	SharedPerBlockOptin     uint32
	SharedReserved          uint32 // of each block, by the system

	Float32, Integer, Float64   float64 // lanes
	SpecialFunction, Conversion float64
	TensorBF16, TensorTF32      float64 // operations of dense mma; f16 as bf16
	TensorFP8, TensorInt8       float64 // 0 where the tensor cores lack the type, see tensorRate
	TensorInt4, TensorB1        float64
	TensorF64                   float64
	TensorF16Gain               float64 // how many times as fast mma is that adds up in f16
	L2PerSM                     float64 // bytes

	LaunchMicroseconds, NodeMicroseconds float64 // what a kernel costs besides its work, in a stream and in a graph
	EarlyMicroseconds                    float64 // the same of one that has begun already, from the end of what it waits for
}

// Sources, by field:
//   - SMs, clock, memory, bandwidth, L2, tensor rates: NVIDIA's data sheets and white papers (H200 data sheet and "NVIDIA H100 Tensor Core
//     GPU Architecture"; "NVIDIA A100 Tensor Core GPU Architecture"; "NVIDIA Ada GPU Architecture"), tensor rates as peak over SMs and
//     clock. Integers of 4 bits and single bits left the tensor cores with Hopper (CUDA C++ Programming Guide, "Sub-byte Operations").
//   - limits of a SM: CUDA C++ Programming Guide, "Technical Specifications per Compute Capability", and the Hopper, Ampere and
//     Ada tuning guides.
//   - lanes: CUDA C++ Programming Guide, "Throughput of Native Arithmetic Instructions".
//   - latencies: Luo et al., "Benchmarking and Dissecting the Nvidia Hopper GPU Architecture" (arXiv 2402.13499), table IV, of an H100, an
//     A100 and an RTX 4090. The H100 ran at 1755 MHz: what DRAM takes beyond L2 is so many nanoseconds at 1980 MHz too.
//   - L2Read: the plateau of gpu-l2-cache of github.com/te42kyfo/gpu-benches, on an H200, an A100 and, for the RTX 4090, an L40 of the same
//     die. L2Write: from its gpu-small-kernels, which read as much as they write: 5.85, 3.7 and 5.05 TB/s both ways together.
//   - L2Partial: naive transposes in blocks of 32 x 32 on an H100 (475 GB/s, github.com/yencal/gpu-matrix-transpose) and of 16 x 16 on an
//     A100 (161 us for 4096 x 4096, github.com/ayush-os/transpose); for the RTX 4090 as the A100.
//   - NodeMicroseconds, LaunchMicroseconds: a dependent node 1.3 us (H100: hazyresearch.stanford.edu, "No Bubbles") and 0.6 to 0.9 us;
//     what is left of the time of the smallest of gpu-small-kernels in a stream (2.5, 2.7 and 1.6 us) when 0.5 us of work are taken off.
//   - EarlyMicroseconds: 0.73 us is published for a barrier of a grid (RTX 3090: RESULTS.md of MegaQwen), which does what an early kernel waits for:
//     all blocks are told that all have come. It fits what programmatic launch saves in pull request 22522 of ggml-org/llama.cpp: a token of
//     gpt-oss 20B takes 2.66 ms instead of 3.01 on an RTX PRO 6000, 0.6 us for each of about 600 kernels.
//   - L2PerSM: 64 bytes ("NVIDIA A100 Tensor Core GPU Architecture").
//   - assumed: mma.sync reaches 60 % of the dense peak on Hopper, which wgmma alone reaches, and all of it elsewhere.
var chips = []Chip{
	{
		Name: "h200", Product: "NVIDIA H200", Major: 9, Minor: 0, SMs: 132, ClockMHz: 1980, Half: 256, LoadStore: 32,
		MemoryBytes: 141e9, MemoryMHz: 3201, BusBits: 6144, DRAM: 4.8e12, L2Bytes: 50 << 20,
		L2Read: 9.7e12, L2Write: 4.2e12, L2Partial: 59e9, L1Latency: 40.7, L2Latency: 263, DRAMLatency: 506,
		WarpsPerSM: 64, BlocksPerSM: 32, RegistersPerSM: 65536, UnifiedPerSM: 256 << 10, SharedPerSM: 228 << 10, SharedPerBlockOptin: 227 << 10, SharedReserved: 1 << 10,
		Float32: 128, Integer: 64, Float64: 64, SpecialFunction: 16, Conversion: 64,
		TensorBF16: 0.6 * 4096, TensorTF32: 0.6 * 2048, TensorInt8: 0.6 * 8192, TensorF64: 256, TensorF16Gain: 1,
		L2PerSM: 64, LaunchMicroseconds: 2, NodeMicroseconds: 1.3, EarlyMicroseconds: 0.73,
	},
	{
		Name: "a100", Product: "NVIDIA A100-SXM4-80GB", Major: 8, Minor: 0, SMs: 108, ClockMHz: 1410, Half: 256, LoadStore: 32,
		MemoryBytes: 80e9, MemoryMHz: 1593, BusBits: 5120, DRAM: 2.039e12, L2Bytes: 40 << 20,
		L2Read: 5.4e12, L2Write: 2.8e12, L2Partial: 52e9, L1Latency: 37.9, L2Latency: 261.5, DRAMLatency: 466.3,
		WarpsPerSM: 64, BlocksPerSM: 32, RegistersPerSM: 65536, UnifiedPerSM: 192 << 10, SharedPerSM: 164 << 10, SharedPerBlockOptin: 163 << 10, SharedReserved: 1 << 10,
		Float32: 64, Integer: 64, Float64: 32, SpecialFunction: 16, Conversion: 16,
		TensorBF16: 2048, TensorTF32: 1024, TensorInt8: 4096, TensorInt4: 8192, TensorB1: 32768, TensorF64: 128, TensorF16Gain: 1,
		L2PerSM: 64, LaunchMicroseconds: 2.2, NodeMicroseconds: 0.9,
	},
	{
		Name: "rtx4090", Product: "NVIDIA GeForce RTX 4090", Major: 8, Minor: 9, SMs: 128, ClockMHz: 2520, Half: 128, LoadStore: 16,
		MemoryBytes: 24 << 30, MemoryMHz: 10501, BusBits: 384, DRAM: 1.008e12, L2Bytes: 72 << 20,
		L2Read: 5.2e12, L2Write: 4.9e12, L2Partial: 52e9, L1Latency: 43.4, L2Latency: 273, DRAMLatency: 541.5,
		WarpsPerSM: 48, BlocksPerSM: 24, RegistersPerSM: 65536, UnifiedPerSM: 128 << 10, SharedPerSM: 100 << 10, SharedPerBlockOptin: 99 << 10, SharedReserved: 1 << 10,
		Float32: 128, Integer: 64, Float64: 2, SpecialFunction: 16, Conversion: 16,
		TensorBF16: 512, TensorTF32: 256, TensorFP8: 1024, TensorInt8: 2048, TensorInt4: 4096, TensorF16Gain: 2,
		L2PerSM: 64, LaunchMicroseconds: 1.1, NodeMicroseconds: 0.6,
	},
}

// tensorRate gives the operations a cycle of a form of mma. What the tensor cores lack other parts do: fp8 is multiplied as f16 (the
// answer of CUTLASS's maintainers in issue 1986 of NVIDIA/cutlass, for Hopper), f64, narrow integers and bits on the ordinary lanes.
func (c *Chip) tensorRate(t TensorCount) float64 {
	or := func(rate, otherwise float64) float64 {
		if rate == 0 {
			return otherwise
		}
		return rate
	}
	rate := c.TensorBF16
	switch t.Type {
	case "tf32":
		rate = c.TensorTF32
	case "e4m3", "e5m2":
		rate = or(c.TensorFP8, c.TensorBF16)
	case "s8", "u8":
		rate = c.TensorInt8
	case "s4", "u4":
		rate = or(c.TensorInt4, 2*c.Integer)
	case "b1":
		rate = or(c.TensorB1, 2*c.Integer)
	case "f64":
		rate = or(c.TensorF64, 2*c.Float64)
	}
	if t.Accumulator == "f16" {
		rate *= c.TensorF16Gain
	}
	return rate
}

func (c *Chip) hertz() float64 { return float64(c.ClockMHz) * 1e6 }

// dramReached is the share of DRAM that kernels reach which do nothing but stream: Luo et al. (arXiv 2402.13499) measure 0.92, 0.90 and
// 0.91 on an RTX 4090, an A100 and an H100.
const dramReached = 0.9

// Chips lists the chips that can be simulated; the first is the default.
func Chips() []Chip { return append([]Chip(nil), chips...) }

// ChipByName finds a chip by its short name.
func ChipByName(name string) (Chip, error) {
	known := ""
	for _, c := range chips {
		if c.Name == name {
			return c, nil
		}
		known += " " + c.Name
	}
	return Chip{}, fmt.Errorf("sim: no chip %q; there are%s", name, known)
}

// The limits of a launch that all compute capabilities share (CUDA C++ Programming Guide, "Technical Specifications").
var (
	maxGrid  = [3]uint32{1<<31 - 1, 65535, 65535}
	maxBlock = [3]uint32{1024, 1024, 64}
)

const (
	maxBlockThreads = 1024
	staticShared    = 48 << 10 // what a kernel may use without asking for more
)
