package sim

import "strings"

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

// key is the class's name in JSON.
func (c Class) key() string { return strings.NewReplacer(" ", "_", "/", "_").Replace(c.String()) }

// Count counts instructions.
type Count struct {
	Warp   int64 `json:"warp"`   // issued for a warp
	Thread int64 `json:"thread"` // executed by a thread
}

// pcCount counts the executions of one instruction. The first two fields are kept as differences along the code, so that a run
// of instructions costs two additions: what enters at its first instruction leaves behind its last.
type pcCount struct {
	warps, lanes int64
	idle         int64 // active lanes whose guard did not hold
}

type pcCounts []pcCount

func (c pcCounts) add(o pcCounts) {
	for pc, n := range o {
		c[pc].warps += n.warps
		c[pc].lanes += n.lanes
		c[pc].idle += n.idle
	}
}

// next gives what is counted at an instruction, where c is what was up to the one before.
func (c *pcCount) next(at pcCount) Count {
	c.warps += at.warps
	c.lanes += at.lanes
	return Count{c.warps, c.lanes - at.idle}
}

func (c pcCounts) enter(pc int32, m uint32) {
	c[pc].warps++
	c[pc].lanes += int64(popcount(m))
}

func (c pcCounts) leave(pc int32, m uint32) {
	c[pc].warps--
	c[pc].lanes -= int64(popcount(m))
}

func (c pcCounts) idle(pc int32, m uint32) { c[pc].idle += int64(popcount(m)) }

// pcTraffic counts the traffic of one access to memory, with the check Traffic. An asynchronous copy has both sides.
type pcTraffic struct {
	globalRequests, globalLines, globalSectors int64 // of a warp; distinct lines of 128 bytes and sectors of 32 bytes of each
	sharedRequests, sharedWavefronts           int64

	// Of the first requests: what they would take with elements of 8 and 16 bytes at the same places, as the compiler to machine code
	// makes one access of several to neighbours.
	wideRequests int64
	wide         [2]int64
}

func (t *pcTraffic) add(o *pcTraffic) {
	t.globalRequests += o.globalRequests
	t.globalLines += o.globalLines
	t.globalSectors += o.globalSectors
	t.sharedRequests += o.sharedRequests
	t.sharedWavefronts += o.sharedWavefronts
	t.wideRequests += o.wideRequests
	t.wide[0] += o.wide[0]
	t.wide[1] += o.wide[1]
}

// MemoryCounters counts the traffic of a launch. Requests are instructions of a warp; a sector is 32 bytes; a wavefront is
// one pass of the shared memory's 32 banks; Ideal is what the same bytes take when neighbours read neighbours.
type MemoryCounters struct {
	GlobalLoads            int64 `json:"global_loads"`
	GlobalLoadSectors      int64 `json:"global_load_sectors"`
	GlobalLoadIdeal        int64 `json:"global_load_ideal"`
	GlobalLoadBytes        int64 `json:"global_load_bytes"`
	GlobalStores           int64 `json:"global_stores"`
	GlobalStoreSectors     int64 `json:"global_store_sectors"`
	GlobalStoreIdeal       int64 `json:"global_store_ideal"`
	GlobalStoreBytes       int64 `json:"global_store_bytes"`
	L2LoadSectors          int64 `json:"l2_load_sectors"` // that a block reads for the first time: the others may come from L1
	SharedLoads            int64 `json:"shared_loads"`
	SharedLoadWavefronts   int64 `json:"shared_load_wavefronts"`
	SharedLoadIdeal        int64 `json:"shared_load_ideal"`
	SharedStores           int64 `json:"shared_stores"`
	SharedStoreWavefronts  int64 `json:"shared_store_wavefronts"`
	SharedStoreIdeal       int64 `json:"shared_store_ideal"`
	SharedAtomics          int64 `json:"shared_atomics"`           // atomics of threads
	SharedAtomicWavefronts int64 `json:"shared_atomic_wavefronts"` // atomics of threads
	GlobalAtomics          int64 `json:"global_atomics"`           // atomics of threads
	BytesRead              int64 `json:"bytes_read"`               // in distinct sectors of global memory
	BytesWritten           int64 `json:"bytes_written"`            // in distinct sectors of global memory
	HeapAllocations        int64 `json:"heap_allocations"`         // by malloc of device code
	HeapFrees              int64 `json:"heap_frees"`               // likewise
	HeapRefused            int64 `json:"heap_refused"`             // malloc gave 0
	TF32Inexact            int64 `json:"tf32_inexact"`             // operands of tf32 mma with bits that the tensor core drops
}

// all gives the counters themselves.
func (c *MemoryCounters) all() []*int64 {
	return []*int64{
		&c.GlobalLoads, &c.GlobalLoadSectors, &c.GlobalLoadIdeal, &c.GlobalLoadBytes,
		&c.GlobalStores, &c.GlobalStoreSectors, &c.GlobalStoreIdeal, &c.GlobalStoreBytes, &c.L2LoadSectors,
		&c.SharedLoads, &c.SharedLoadWavefronts, &c.SharedLoadIdeal, &c.SharedStores, &c.SharedStoreWavefronts, &c.SharedStoreIdeal,
		&c.SharedAtomics, &c.SharedAtomicWavefronts, &c.GlobalAtomics, &c.BytesRead, &c.BytesWritten,
		&c.HeapAllocations, &c.HeapFrees, &c.HeapRefused, &c.TF32Inexact,
	}
}

func (c *MemoryCounters) add(o *MemoryCounters) {
	more := o.all()
	for i, n := range c.all() {
		*n += *more[i]
	}
}

// scale scales all counters.
func (c *MemoryCounters) scale(by func(int64) int64) {
	for _, n := range c.all() {
		*n = by(*n)
	}
}
