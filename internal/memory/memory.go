// Package memory says how much of the machine's memory this process may still take: Go ends a process that asks for more, and so does the
// kernel.
package memory

import (
	"math"
	"os"
	"runtime/debug"
	"runtime/metrics"
)

// Limit is what bounds the memory of this process, and how much it leaves.
type Limit struct {
	Name string // for people
	Free int64  // bytes; below 0 where the limit is lower than what is taken already
}

// Enough says whether so many bytes can be taken, and which limit is the tightest. It collects garbage before it says that they cannot.
func Enough(need int64) (Limit, bool) {
	if l := Available(); need <= l.Free {
		return l, true
	}
	debug.FreeOSMemory()
	l := Available()
	return l, need <= l.Free
}

// mapping is what Go may map without using it: it takes address space in pieces of 64 MiB, and threads need some too.
const mapping = 128 << 20

// Available is the tightest of the limits: the machine's free memory, those of control groups, of ulimit and of GOMEMLIMIT. A part of what
// they leave is kept back for what nobody asks for here.
func Available() Limit {
	heap := readHeap()
	return tightest(append(systemLimits(os.DirFS("/")), goLimit(heap)), heap)
}

func tightest(limits []Limit, heap heap) Limit {
	least := Limit{"nothing", math.MaxInt64}
	for _, l := range limits {
		switch l.Name {
		case addressSpace, dataSize:
			l.Free = saturated(l.Free, heap.free+heap.released-mapping)
		case goMemory:
			l.Free = saturated(l.Free, heap.free)
		default:
			l.Free = saturated(l.Free, heap.free-heap.untouched)
		}
		if l.Free -= l.Free / 16; l.Free < least.Free {
			least = l
		}
	}
	return least
}

// saturated adds to what a limit leaves, which is MaxInt64 if there is none.
func saturated(free, more int64) int64 {
	if free == math.MaxInt64 {
		return free
	}
	return free + more
}

const (
	addressSpace = "ulimit -v"
	dataSize     = "ulimit -d"
	goMemory     = "GOMEMLIMIT"
)

// goLimit is what GOMEMLIMIT, or debug.SetMemoryLimit, leaves.
func goLimit(h heap) Limit {
	most := debug.SetMemoryLimit(-1)
	if most == math.MaxInt64 {
		return Limit{goMemory, most}
	}
	return Limit{goMemory, most - h.used - h.free}
}

// heap is the memory that Go has of the system, in bytes.
type heap struct {
	used      int64
	free      int64 // not used: given to who asks next
	released  int64 // address space without memory
	untouched int64 // used, but the system has not given it yet: nobody has written to it
}

func readHeap() heap {
	const classes = "/memory/classes/"
	samples := []metrics.Sample{{Name: classes + "total:bytes"}, {Name: classes + "heap/free:bytes"}, {Name: classes + "heap/released:bytes"}}
	metrics.Read(samples)
	bytes := func(i int) int64 { return int64(samples[i].Value.Uint64()) }
	h := heap{free: bytes(1), released: bytes(2)}
	h.used = bytes(0) - h.free - h.released
	if resident := resident(os.DirFS("/")); resident > 0 {
		h.untouched = max(0, h.used-resident)
	}
	return h
}

// Adopt has Go's garbage collector keep below the limit of a control group, as by GOMEMLIMIT, if nobody has set that: it leaves a tenth for
// what is not Go's.
func Adopt() {
	if os.Getenv("GOMEMLIMIT") != "" {
		return
	}
	if most := groupLimit(os.DirFS("/")); most < math.MaxInt64 {
		debug.SetMemoryLimit(most - most/10)
	}
}
