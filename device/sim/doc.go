// Package sim is a simulated NVIDIA GPU. It runs the PTX that NVRTC makes from CUDA C++, lane by lane and bit by bit, finds the mistakes
// that a sanitizer finds and counts what a profiler counts.
//
// A [Device] has memory, [Device.Load] brings a [Module] into it, and [Device.Launch] runs a [Kernel]:
//
//	chip, err := sim.ChipByName("h200")
//	d := sim.NewDevice(chip, sim.Options{Checks: sim.AllChecks})
//	x, err := d.Alloc(4 * n)
//	m, err := d.Load(ptx)
//	k, err := m.Kernel("scale")
//	counters, err := d.Launch(k, grid, block, 0, params)
//
// What the checks find comes back as an error of type [*Findings]. Accesses that a real chip refuses (out of bounds, misaligned, freed)
// are always found; [Checks] chooses the others.
//
// # How it works
//
// A kernel is decoded when it is first asked for: calls are inlined, constants and special registers get places behind the
// registers, and each instruction gets a function from the instruction table (table.go, and gen/alu/table.txt for the arithmetic).
// The function runs the instruction for a warp: 32-bit and 64-bit registers are arrays of 32 values, a predicate is a mask of lanes.
// Most loops over the lanes are generated, the hottest of them as AVX2 assembly (gen/simd), which gives the same bits.
//
// The lanes of a warp that are at different instructions form groups; the group with the lowest instruction runs, and groups that meet
// become one (warp.go). The warps of a block take turns until they have to wait, in the order that [Options] asks for; blocks run on as
// many goroutines as it allows. Results and counters do not depend on either, but for kernels that themselves depend on the order:
// those with atomics whose order matters run their blocks one after the other.
//
// Every allocation has 4 GiB of addresses for itself, and shared arrays have gaps between them, so that a step out of one never meets
// another (memory.go, operand.go). Registers need a look only where some path reads them before it writes them, which the decoder finds
// out (analyse.go). The order of accesses to shared memory is kept with vector clocks (order.go), that of accesses of several blocks
// to global memory with stamps of the blocks, and of fences and atomics where a kernel has them (shadow.go, fence.go). Stamps grow from
// block to block and from launch to launch, so that nothing has to be cleared.
//
// # What differs from a chip
//
// PTX is not machine code: the compiler to machine code removes moves and changes the schedule, so that counts of moves and of integer
// instructions are too high, while those of multiply-adds, tensor cores, memory and barriers hold. Registers, occupancy and the time
// are estimates. The approximate functions (ex2.approx, sin.approx and the like) round the exact value where the chip has an error of
// some units in the last place. The tensor core drops bits of sums that are kept here. Blocks are not all there at once: a
// kernel whose blocks wait for each other, as in a barrier of the grid, ends as an endless loop. Clusters, tensor copies (cp.async.bulk.tensor),
// wgmma, integer and fp8 mma, textures, recursion and indirect calls are not supported; an instruction that the table does not have is
// an error that names it and its line.
package sim
