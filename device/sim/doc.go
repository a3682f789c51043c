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
// The errors that checks find come back as an error of type [*Findings], advice in the counters. Accesses that a real chip refuses (out of bounds, misaligned, freed)
// are always found; [Checks] chooses the others.
//
// # How it works
//
// A kernel is decoded when it is first asked for: calls are inlined but for recursions and calls by address, constants and special
// registers get slots behind the registers, and each instruction gets a function from the instruction table (table.go, and
// gen/alu/table.txt for the arithmetic).
// The function runs the instruction for a warp: 32-bit and 64-bit registers are arrays of 32 values, a predicate is a mask of lanes.
// Most loops over the lanes are generated, the hottest of them as AVX2 assembly (gen/simd), which gives the same bits.
//
// The lanes of a warp that are at different instructions form groups; the group with the lowest instruction runs, and groups that meet
// become one (warp.go). The warps of a block take turns until they have to wait, in the order that [Options] asks for; blocks run on as
// many goroutines as it allows. Results and counters do not depend on either, but for kernels that themselves depend on the order:
// where they have atomics whose order matters, their blocks take turns on one goroutine, so that the number of goroutines changes nothing.
//
// Every allocation has 4 GiB of addresses for itself, and shared arrays have gaps between them, so that a step out of one never meets
// another (memory.go, operand.go). Registers need a look only where some path reads them before it writes them, which the decoder finds
// out (analyse.go), and in warps that have loaded what nobody wrote (registers.go). The order of accesses to shared memory is kept with vector clocks (order.go), that of accesses to global memory by the
// same clocks within a block and by fences and strong accesses between blocks (fence.go); stamps in the shadow of an allocation say who
// last wrote and read a place (segment.go, shadow.go). Stamps grow from launch to launch, so that nothing has to be cleared.
//
// Blocks of kernels that may wait for each other take turns in the same way, as many as the chip holds at once (turns.go). A warp that comes back to a state
// without a change in memory is in an endless loop (cycle.go).
//
// # Files
//
// What a launch is made of:
//
//   - device.go: Device, its options, checks and errors; copies and fills of its memory
//   - chip.go: the GPUs that can be simulated, by published figures, and the limits of a launch
//   - module.go: a PTX module on a device: variables in global and constant memory, kernels, attributes
//   - launch.go: the grid: whether a launch is possible, and its blocks on the workers
//   - block.go: a thread block: its warps take turns until all have ended
//   - turns.go: blocks that wait for each other take turns
//   - deadlock.go: who waits where when nobody can go on
//   - orders.go: the same launch in several orders
//   - cycle.go: endless loops, and warps that only wait
//   - warp.go: a warp: groups of lanes at different instructions, guards, instructions that lanes wait for
//
// From PTX to what runs:
//
//   - decode.go: functions to instructions: branches resolved
//   - call.go: calls, which are inlined where that is possible, and addresses of functions
//   - operand.go: operands to registers: constants, special registers, addresses of variables
//   - analyse.go: control flow: registers that may be read before they are written, and how many are alive
//   - writable.go: the parameters that a kernel may write through
//   - inst.go: the decoded instruction
//   - table.go: the instruction table
//
// Instructions, by the sections of the PTX ISA:
//
//   - z_alu.go, z_compare.go: arithmetic, logic and shifts; the comparisons of setp and set (generated from gen/alu)
//   - z_simd_amd64.s, z_simd_amd64.go: the same in AVX2, for the instructions that kernels run most (generated from gen/simd)
//   - simd_amd64.go, simd_other.go: which processor runs which of the two
//   - integer.go: what integer rows of the table call: division, bit fields, prmt, dp4a
//   - video.go: the video instructions: vadd to vset4
//   - carry.go: extended precision: add.cc, addc, sub.cc, subc, mad.cc, madc
//   - float.go: what rows of f32 and f64 call: roundings, .ftz, .sat, fma
//   - half.go: f16, bf16 and tf32 as bits
//   - fp8.go: e4m3 and e5m2 as bits
//   - convert.go: cvt, cvt.pack
//   - predicate.go: setp, set, selp, slct, testp
//   - move.go: mov of vectors and clocks, cvta, isspacep, lop3
//   - special.go: the special registers: %tid, %ctaid, %laneid and their like
//   - flow.go: bra, brx, ret, exit
//   - stack.go: calls that are not inlined: frames and registers of the functions
//   - systemcall.go: vprintf and __assertfail, which the CUDA runtime provides
//   - access.go: ld, st, atom, red: modifiers, addresses, state spaces; createpolicy
//   - global.go: accesses to global and constant memory
//   - shared.go: accesses to shared memory
//   - local.go: accesses to local memory and to kernel parameters
//   - texfetch.go: tex, tld4, suld, sust
//   - lanes.go: the loops that load and store the lanes of a warp
//   - heap.go: malloc and free of device code
//   - atomic.go: the operations of atom and red
//   - asynccopy.go: cp.async and its groups
//   - bulk.go: cp.async.bulk and its groups
//   - mbarrier.go: mbarrier, cp.async.mbarrier
//   - barrier.go: bar, barrier
//   - collective.go: what the lanes of a warp do together: bar.warp, shfl, vote, match, redux, elect, activemask
//   - matrix.go: ldmatrix, stmatrix, movmatrix
//   - mmashape.go: the forms of mma.sync and wmma.mma, and where the elements of their matrices lie
//   - mma.go: mma.sync and wmma.mma
//   - mmavariants.go: those with code of their own: f64, single bits, m8n8k4 of f16
//   - wmma.go: wmma.load, wmma.store
//
// What is known beyond the results:
//
//   - texture.go: texture objects: texels, filtering, what lies outside
//   - memory.go: allocations: addresses, bytes and which of them were written
//   - registers.go: registers that depend on what was never written
//   - definedness.go: what instructions do with undefined bits
//   - probe.go: which bits of a result depend on undefined bits
//   - order.go: the order of accesses to shared memory, and races in it
//   - segment.go: who did an access to global memory: stamps of parts of a warp's work
//   - shadow.go: the stamps of each place of an allocation
//   - fence.go: membar, fence, and the order that strong accesses to one place make
//   - race.go: races in global memory
//   - node.go: races between launches that may run at the same time
//   - report.go: findings: their kinds, places in the source and texts
//   - counters.go: counts of instructions and of memory traffic
//   - traffic.go: sectors of global memory and wavefronts of shared memory
//   - profile.go: the counters of a launch, by class and by source line
//   - estimate.go: occupancy, and what a launch may take on the chip
//   - sample.go: the blocks whose memory accesses the estimate looks at, and that alone run if asked for
//   - trace.go: what a warp asks of global memory, recorded
//   - multiprocessor.go: the blocks that share an L1, replayed
//   - levels.go: the requests of a sample, through L1 and L2
//   - cache.go: a cache by reuse distance
//   - memoryuse.go: what a launch asks of L2 and DRAM, how long its loads wait, and what of it the next launch finds in L2
//   - wave.go: what the multiprocessor itself takes for the blocks that it holds at once
//   - machinecode.go, ptxcode.go: what its model runs: the machine code with how often each block runs, or else the PTX
//   - timings.go: how long the units of a multiprocessor take
//   - waits.go: what the warps wait for, by source line
//
// Folders:
//
//   - ptx: the parser
//   - sass: reads machine code
//   - sm: the model of a multiprocessor that runs it, for the estimate of the time
//   - compile: makes PTX and its machine code of CUDA C++
//   - gen: the generators of the files that begin with z_
//   - driverapi: the simulated GPU in place of libcuda
//   - inspect: runs kernels of any file, with arguments from the command line or a script; its folder cufile makes PTX of .cu files as they are, and
//     hostcode takes out of them what is for the host
//   - testdata: CUDA C++ of the tests, and the PTX that NVRTC made of it
//
// # A new instruction
//
// Arithmetic is a row in gen/alu/table.txt and "go generate ./device/sim"; TestArithmetic wants a reference for it, which knows nothing of
// the table. Any other instruction is a row in table.go with a function that decodes it, in the file of its section; what it has of its own
// (a mode, a flag, a constant) is a small type whose method executes it, as waitForm is. TestEveryInstructionHasItsRow wants it in one of
// the instruction_*_test.go.
//
// # What differs from a chip
//
// PTX is not machine code: the compiler to machine code removes moves and changes the schedule, so that counts of moves and of integer
// instructions are too high, while those of multiply-adds, tensor cores, memory and barriers hold. The time is an estimate. Registers and
// occupancy are those of the machine code where it is known, else estimates, too. The approximate functions (ex2.approx, sin.approx and the like) round the exact value where the chip has an error of
// some units in the last place. The tensor core drops bits of sums that are kept here. Memory is
// sequentially consistent: a program that lacks a fence is told so and computes what it would with it. Clusters, tensor copies (cp.async.bulk.tensor),
// wgmma, sparse mma, layered, cube and mipmapped textures are not supported; an instruction that the table does not have is
// an error that names it and its line. Functions that are not inlined have a stack of 16 KB a thread, malloc in kernels has 8 MB.
package sim
