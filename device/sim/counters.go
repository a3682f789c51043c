package sim

// Class is a class of instructions, as the counters tell them apart.
type Class uint8

const (
	Integer Class = iota
	Float32
	FMA32
	Float64
	Half
	SpecialFunction
	Conversion
	Move
	Predicate
	Control
	GlobalLoad
	GlobalStore
	SharedLoad
	SharedStore
	LocalAccess
	ParameterLoad
	Atomic
	BarrierClass
	Shuffle
	TensorCore
	MatrixMove
	AsyncCopy
	Fence
	Classes // their number
)

var classNames = [Classes]string{
	"integer", "fp32", "fp32 fma", "fp64", "half", "special function", "conversion", "move", "predicate", "control",
	"global load", "global store", "shared load", "shared store", "local", "parameter", "atomic", "barrier", "shuffle and vote",
	"tensor core", "ldmatrix/stmatrix", "async copy", "fence",
}

func (c Class) String() string { return classNames[c] }

// Count counts instructions.
type Count struct {
	Warp   int64 // issued for a warp
	Thread int64 // executed by a thread
}

// pcCount counts the executions of one instruction. The first two fields are kept as differences along the code, so that a run
// of instructions costs two additions: what enters at its first instruction leaves behind its last.
type pcCount struct {
	warps, lanes int64
	idle         int64 // active lanes whose guard did not hold
}

type pcCounts []pcCount

func (c pcCounts) enter(pc int32, m uint32) {
	c[pc].warps++
	c[pc].lanes += int64(popcount(m))
}

func (c pcCounts) leave(pc int32, m uint32) {
	c[pc].warps--
	c[pc].lanes -= int64(popcount(m))
}

func (c pcCounts) idle(pc int32, m uint32) { c[pc].idle += int64(popcount(m)) }

// MemoryCounters counts the traffic of a launch. Requests are instructions of a warp; a sector is 32 bytes; a wavefront is
// one pass of the shared memory's 32 banks; Ideal is what the same bytes take when neighbours read neighbours.
type MemoryCounters struct {
	GlobalLoads, GlobalLoadSectors, GlobalLoadIdeal, GlobalLoadBytes     int64
	GlobalStores, GlobalStoreSectors, GlobalStoreIdeal, GlobalStoreBytes int64
	L2LoadSectors                                                        int64 // that a block reads for the first time: the others may come from L1
	SharedLoads, SharedLoadWavefronts, SharedLoadIdeal                   int64
	SharedStores, SharedStoreWavefronts, SharedStoreIdeal                int64
	SharedAtomics, SharedAtomicWavefronts, GlobalAtomics                 int64 // atomics of threads
	BytesRead, BytesWritten                                              int64 // in distinct sectors of global memory
	TF32Inexact                                                          int64 // operands of tf32 mma with bits that the tensor core drops
}

func (c *MemoryCounters) add(o *MemoryCounters) {
	c.GlobalLoads += o.GlobalLoads
	c.GlobalLoadSectors += o.GlobalLoadSectors
	c.GlobalLoadIdeal += o.GlobalLoadIdeal
	c.GlobalLoadBytes += o.GlobalLoadBytes
	c.GlobalStores += o.GlobalStores
	c.GlobalStoreSectors += o.GlobalStoreSectors
	c.GlobalStoreIdeal += o.GlobalStoreIdeal
	c.GlobalStoreBytes += o.GlobalStoreBytes
	c.L2LoadSectors += o.L2LoadSectors
	c.SharedLoads += o.SharedLoads
	c.SharedLoadWavefronts += o.SharedLoadWavefronts
	c.SharedLoadIdeal += o.SharedLoadIdeal
	c.SharedStores += o.SharedStores
	c.SharedStoreWavefronts += o.SharedStoreWavefronts
	c.SharedStoreIdeal += o.SharedStoreIdeal
	c.SharedAtomics += o.SharedAtomics
	c.SharedAtomicWavefronts += o.SharedAtomicWavefronts
	c.GlobalAtomics += o.GlobalAtomics
	c.BytesRead += o.BytesRead
	c.BytesWritten += o.BytesWritten
	c.TF32Inexact += o.TF32Inexact
}
