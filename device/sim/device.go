package sim

import (
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// Errors that callers tell apart; what the functions return wraps them.
var (
	ErrOutOfMemory   = errors.New("out of memory")
	ErrBadPointer    = errors.New("bad device pointer")
	ErrNotFound      = errors.New("not found")
	ErrConfiguration = errors.New("bad launch configuration")
	ErrResources     = errors.New("launch out of resources")
	ErrPTX           = errors.New("bad PTX")

	ErrUnknownInstruction = errors.New("unknown instruction")
)

// Checks says what a launch looks for besides the accesses that a real chip would refuse. The checks cost time and memory.
type Checks uint

const (
	SharedRaces   Checks = 1 << iota // order of accesses to shared memory, asynchronous copies; what was never written there, if Uninitialized is asked for too
	BlockRaces                       // order of accesses to global memory, of a block and between blocks
	Uninitialized                    // what depends on registers and memory that were never written
	Barriers                         // barriers that a part of a warp comes to
	Traffic                          // not a check: counts sectors, wavefronts and distinct bytes
	AllChecks     = SharedRaces | BlockRaces | Uninitialized | Barriers | Traffic
)

// Order is the order in which the warps of a block take turns.
type Order uint8

const (
	Forward Order = iota
	Reverse
	Random // by the seed, anew for each turn
)

// Options are the properties of a simulated device.
type Options struct {
	Checks   Checks
	Order    Order
	Seed     uint64
	Orders   int               // in how many orders of warps and blocks each launch runs, to compare memory after them; 0 is one
	Quantum  int               // warp instructions of a turn; 0 is until the warp has to wait
	Workers  int               // blocks that run at the same time; 0 is one for each processor
	Print    func(text string) // gets what kernels print; nil drops it
	Estimate bool              // of the time, by what a sample of the blocks does with the caches, see sample; needs Traffic. Without it the time is what the counters say at least
	Sample   bool              // run only that sample: results are incomplete, counters are scaled to all blocks; with it come Estimate and Traffic. What was sampled is not run again, see sampled
	MaxSteps int64             // instructions of a warp after which it counts as an endless loop; 0 is 2^30
}

// Device is a simulated GPU. Its methods may be called from several goroutines; they wait for each other where they have to.
type Device struct {
	chip Chip
	opts Options
	mem  memory

	textures textures
	heap     heap

	busy     sync.Mutex // held by a launch and by what changes the memory
	printing sync.Mutex
	stamp    uint32 // the last stamp of a launch, see segment.go
	sector   uint32 // counts launches, for the distinct sectors
	l2       l2Contents
	sampled  map[launchKey]*sampled
	launched []*Kernel // that have idle blocks, the last that was launched behind all others

	nodes, nodeSets uint32 // stamps of launches, and of sets of them, that were given: see node.go

	gridSpace *allocation // for cooperative groups, nil until a kernel asks for it
}

var devices atomic.Uint64

// NewDevice makes a device with empty memory. Addresses of different devices differ.
func NewDevice(chip Chip, opts Options) *Device {
	if opts.Workers <= 0 {
		opts.Workers = runtime.GOMAXPROCS(0)
	}
	if opts.MaxSteps <= 0 {
		opts.MaxSteps = 1 << 30
	}
	if opts.Quantum <= 0 {
		opts.Quantum = 1 << 20
	}
	if opts.Sample {
		opts.Estimate, opts.Checks = true, opts.Checks|Traffic
	}
	d := &Device{chip: chip, opts: opts, sampled: map[launchKey]*sampled{}}
	d.mem.base = devices.Add(1) << regionsPerDeviceLog
	return d
}

// Chip returns the chip that is simulated.
func (d *Device) Chip() Chip { return d.chip }

// Options returns the device's options with the defaults filled in.
func (d *Device) Options() Options { return d.opts }

// Alloc reserves memory and returns its address. The bytes are 0xff, NaN in every floating-point format, and count as not written. With
// Options.Sample they are 0.
func (d *Device) Alloc(bytes uint64) (uint64, error) {
	d.busy.Lock()
	defer d.busy.Unlock()
	if bytes == 0 {
		return 0, fmt.Errorf("sim: allocation of 0 bytes: %w", ErrConfiguration)
	}
	if live := d.mem.live.Load(); bytes > d.chip.MemoryBytes-live {
		return 0, fmt.Errorf("sim: %d bytes on a %s of %d bytes, of which %d are in use: %w", bytes, d.chip.Product, d.chip.MemoryBytes, live, ErrOutOfMemory)
	}
	a, err := d.mem.add("", bytes)
	if err != nil {
		return 0, err
	}
	a.sampled = d.opts.Sample
	return a.addr, nil
}

// Label says what findings shall call the allocation at ptr.
func (d *Device) Label(ptr uint64, label string) error {
	d.busy.Lock()
	defer d.busy.Unlock()
	a, _, err := d.mem.find(ptr, 0)
	if err == nil {
		a.label = label
	}
	return err
}

// Free releases memory that Alloc returned. Later accesses to it are found until its address has to be used again.
func (d *Device) Free(ptr uint64) error {
	d.busy.Lock()
	defer d.busy.Unlock()
	return d.mem.free(ptr)
}

// BlocksAtOnce is how many blocks of a launch the chip holds at once: as many may wait for each other.
func (d *Device) BlocksAtOnce(k *Kernel, threads int, sharedBytes uint32) int {
	return d.Occupancy(k, threads, sharedBytes).BlocksPerSM * d.chip.SMs
}

// MemoryInUse returns the bytes that are allocated.
func (d *Device) MemoryInUse() uint64 { return d.mem.live.Load() }

// Extent returns the start and the size of the allocation that holds ptr.
func (d *Device) Extent(ptr uint64) (start, size uint64, err error) {
	a, _, err := d.mem.find(ptr, 0)
	if err != nil {
		return 0, 0, err
	}
	return a.addr, a.size, nil
}

// Read copies device memory to p.
func (d *Device) Read(ptr uint64, p []byte) error {
	d.busy.Lock()
	defer d.busy.Unlock()
	a, off, err := d.mem.find(ptr, uint64(len(p)))
	if err != nil {
		return err
	}
	copy(p, a.data()[off:])
	return nil
}

// Unwritten lists the bytes of the allocation at ptr that neither the host nor a kernel has written. Stores of kernels are noted with the
// check Uninitialized.
func (d *Device) Unwritten(ptr uint64) ([]Range, error) {
	d.busy.Lock()
	defer d.busy.Unlock()
	a, _, err := d.mem.find(ptr, 0)
	if err != nil {
		return nil, err
	}
	return a.unwritten(), nil
}

// Write copies p to device memory.
func (d *Device) Write(ptr uint64, p []byte) error {
	d.busy.Lock()
	defer d.busy.Unlock()
	a, off, err := d.mem.find(ptr, uint64(len(p)))
	if err != nil {
		return err
	}
	copy(a.data()[off:], p)
	a.define(off, uint64(len(p)))
	return nil
}

// Copy copies bytes within the device, with the knowledge of which were written. The ranges must not overlap.
func (d *Device) Copy(dst, src, bytes uint64) error {
	d.busy.Lock()
	defer d.busy.Unlock()
	to, i, err := d.mem.find(dst, bytes)
	if err != nil {
		return err
	}
	from, j, err := d.mem.find(src, bytes)
	if err != nil {
		return err
	}
	copy(to.data()[i:i+bytes], from.data()[j:j+bytes])
	copy(to.written()[i:i+bytes], from.written()[j:j+bytes])
	return nil
}

// Fill writes the pattern, again and again, over bytes of device memory.
func (d *Device) Fill(ptr uint64, pattern []byte, bytes uint64) error {
	d.busy.Lock()
	defer d.busy.Unlock()
	a, off, err := d.mem.find(ptr, bytes)
	if err != nil {
		return err
	}
	if len(pattern) == 0 || bytes%uint64(len(pattern)) != 0 {
		return fmt.Errorf("sim: fill of %d bytes with a pattern of %d: %w", bytes, len(pattern), ErrConfiguration)
	}
	p := a.data()[off : off+bytes]
	for n := copy(p, pattern); n < len(p); n *= 2 {
		copy(p[n:], p[:n])
	}
	a.define(off, bytes)
	return nil
}
