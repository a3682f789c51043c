package sim

import (
	"bytes"
	"fmt"
	"sync"
	"sync/atomic"
)

// Each allocation has a region of 4 GiB of addresses for itself: the upper half of an address says which allocation, the lower
// half where in it. A step out of an array never meets another one, and the check costs two compares.
const (
	regionsPerDeviceLog = 20
	maxRegions          = 1<<regionsPerDeviceLog - 16
	maxAllocation       = 1<<32 - 64
)

// Generic addresses of shared and local memory lie in these regions.
const (
	sharedWindow = uint64(1) << 32
	localWindow  = uint64(2) << 32
)

// memory is the global memory of a device.
type memory struct {
	mu      sync.Mutex
	base    uint64 // the first region
	regions []*allocation
	live    atomic.Uint64
}

// allocation is memory with what is known about its bytes. The parts of the shadow are made when a check first needs them.
type allocation struct {
	name     string // of a variable; empty for Alloc's
	label    string // what findings call it, if anything
	constant bool   // no kernel may write it
	heap     bool   // malloc of a kernel gave it
	zero     bool   // its bytes are zero and count as written, and not NaN
	sampled  bool   // its bytes are zero: see sample
	addr     uint64
	size     uint64
	host     atomic.Pointer[contents] // nil until the first use
	freed    bool
	atomics  sync.Mutex
	shadow   atomic.Pointer[shadow]
	nodes    atomic.Pointer[nodeShadow]
	writable atomic.Uint32 // the last launch that may write it: see writable.go
}

func (m *memory) add(name string, size uint64) (*allocation, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case size > maxAllocation:
		return nil, fmt.Errorf("sim: %d bytes, a simulated device has at most %d for one allocation: %w", size, uint64(maxAllocation), ErrOutOfMemory)
	case len(m.regions) >= maxRegions:
		return nil, fmt.Errorf("sim: more than %d allocations: %w", maxRegions, ErrOutOfMemory)
	}
	a := &allocation{name: name, addr: (m.base + uint64(len(m.regions))) << 32, size: size}
	m.regions = append(m.regions, a)
	m.live.Add(size)
	return a, nil
}

// contents are the bytes of an allocation and, for each, which of its bits are defined: none before it is written, most often all after.
type contents struct{ data, written []byte }

func (a *allocation) data() []byte    { return a.touch().data }
func (a *allocation) written() []byte { return a.touch().written }

// touch takes the host's memory when the allocation is first used.
func (a *allocation) touch() *contents {
	if c := a.host.Load(); c != nil {
		return c
	}
	a.atomics.Lock()
	defer a.atomics.Unlock()
	c := a.host.Load()
	if c == nil {
		c = &contents{make([]byte, a.size), make([]byte, a.size)}
		switch {
		case a.zero:
			fillBytes(c.written, 0xff)
		case !a.sampled:
			fillBytes(c.data, 0xff)
		}
		a.host.Store(c)
	}
	return c
}

func fillBytes(p []byte, v byte) {
	if len(p) == 0 {
		return
	}
	p[0] = v
	for n := 1; n < len(p); n *= 2 {
		copy(p[n:], p[:n])
	}
}

// replace gives the addresses of freed memory to a new allocation.
func (m *memory) replace(old, a *allocation) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.regions[old.addr>>32-m.base] = a
	m.live.Add(a.size)
}

func (m *memory) free(ptr uint64) error {
	a, off, err := m.find(ptr, 0)
	if err != nil {
		return err
	}
	if off != 0 || a.name != "" || a.heap {
		return fmt.Errorf("sim: free of %#x, which Alloc did not return: %w", ptr, ErrBadPointer)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.drop(a)
	return nil
}

func (m *memory) drop(a *allocation) {
	m.live.Add(-a.size)
	a.freed = true
	a.host.Store(nil)
	a.shadow.Store(nil)
	a.nodes.Store(nil)
}

// find gives the allocation that holds the bytes and their offset in it.
func (m *memory) find(ptr, size uint64) (*allocation, uint64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := ptr>>32 - m.base
	if r >= uint64(len(m.regions)) {
		return nil, 0, fmt.Errorf("sim: address %#x belongs to no allocation: %w", ptr, ErrBadPointer)
	}
	a := m.regions[r]
	off := ptr - a.addr
	switch {
	case a.freed:
		return nil, 0, fmt.Errorf("sim: address %#x belongs to memory that was freed: %w", ptr, ErrBadPointer)
	case off > a.size || size > a.size-off:
		return nil, 0, fmt.Errorf("sim: %d bytes at offset %d of an allocation of %d bytes: %w", size, off, a.size, ErrBadPointer)
	}
	return a, off, nil
}

func (a *allocation) define(off, n uint64) { fillBytes(a.written()[off:off+n], 0xff) }

// allDefined reports whether all bits of the bytes are defined.
func allDefined(written []byte) bool {
	for len(written) >= 8 {
		if le.Uint64(written) != 1<<64-1 {
			return false
		}
		written = written[8:]
	}
	for _, d := range written {
		if d != 0xff {
			return false
		}
	}
	return true
}

// Range is a range of bytes of an allocation, the last among them.
type Range struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// unwritten lists the bytes of which no bit was ever written.
func (a *allocation) unwritten() (all []Range) {
	written := a.written()
	for i := 0; i < len(written); {
		gap := bytes.IndexByte(written[i:], 0)
		if gap < 0 {
			return all
		}
		i += gap
		first := i
		for i < len(written) && written[i] == 0 {
			i++
		}
		all = append(all, Range{uint64(first), uint64(i - 1)})
	}
	return all
}
