//go:build cuda && cgo

package driverapi

/*
#include <stdint.h>
#include "thread.h"
*/
import "C"
import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"unsafe"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
)

// Config says what the simulated machine is like.
type Config struct {
	Chips   []sim.Chip  // one device each; where it is empty, one of the first that sim.Chips lists
	Options sim.Options // of every device

	// Faults is a list like "oom@17,launch@3" of calls that fail; where it is empty, CNN_GPU_SIM_FAULT is taken. Counting
	// from 1 for all devices together:
	//
	//	oom@N       the Nth allocation, of device or pinned memory, finds no memory
	//	launch@N    the Nth kernel that runs ends with CUDA_ERROR_LAUNCH_FAILED
	//	copy@N      the Nth copy between host and device that runs ends with CUDA_ERROR_ECC_UNCORRECTABLE
	//	load@N      the Nth image that is loaded is refused with CUDA_ERROR_NO_BINARY_FOR_GPU
	//	function@N  so is the Nth function that is looked for
	//	lost@N      with the Nth piece of work that runs its device is gone: CUDA_ERROR_DEVICE_UNAVAILABLE for good
	//
	// launch, copy, load and function may name another answer, such as launch=715@N for CUDA_ERROR_ILLEGAL_INSTRUCTION.
	Faults string

	CUDA  int    // the version that the driver says that it knows, and PTX of which it takes: 12040 is 12.4; if 0, the newest
	Cards []Card // what is special about the devices, in their order

	Launched func(Launch) // is called after each kernel that ran to its end; may be nil, must not call cu
}

// Launch is a kernel that ran.
type Launch struct {
	Device      int
	Kernel      string
	Grid, Block [3]uint32
	Shared      uint32 // dynamic, in bytes
	Counters    *sim.Counters
}

// Install makes a simulated machine and puts it in libcuda's place. A second call replaces the first one's machine and voids
// all of its handles.
func Install(config Config) error {
	s, err := newSystem(config)
	if err != nil {
		return err
	}
	machine.Store(s)
	return driver.Install(driver.Implementation{Name: "simulated GPU", Functions: functions(), Detail: func() string { return machine.Load().takeDetail() }})
}

var machine atomic.Pointer[system]

// Held is what a program has taken of the machine and not given back.
type Held struct {
	DeviceBytes uint64
	PinnedBytes int
	Handles     int // of contexts, streams, events, modules, functions and graphs
}

// Holds says what is held now, of all devices: nothing, once a program has closed what it opened.
func Holds() Held {
	s := machine.Load()
	if s == nil {
		return Held{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	h := Held{Handles: len(s.handles)}
	for _, d := range s.devices {
		h.DeviceBytes += d.MemoryInUse()
	}
	for _, m := range s.pinned {
		h.PinnedBytes += len(m.bytes)
	}
	return h
}

// system is the state of the driver. Its lock is held by every call, but not while a piece of work runs.
type system struct {
	mu   sync.Mutex
	idle sync.Cond // a piece of work has ended

	config  Config
	faults  faults
	devices []*device
	handles map[uintptr]any // *context, *stream, *event, *module, *function, *graph, *graphExec
	pinned  []pinnedMemory
	detail  string
	calls   Calls
}

// Calls is how many calls a program made.
type Calls struct {
	All           int
	GraphLaunches int // among them
}

// Called says how many calls were made since the machine was installed.
func Called() Calls {
	s := machine.Load()
	if s == nil {
		return Calls{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls
}

// device is a simulated device. Its memory does not change hands while work runs on it.
type device struct {
	*sim.Device
	Card
	running sync.Mutex // taken after the system's lock, or without it
	ordinal int
	primary *context
	flags   uint32 // of the primary context
	lost    bool
	timeline
}

// Alloc waits for the piece of work that runs.
func (d *device) Alloc(bytes uint64) (uint64, error) {
	d.running.Lock()
	defer d.running.Unlock()
	if free := d.free(); d.Taken > 0 && bytes > free {
		return 0, fmt.Errorf("%w: %d bytes, and %d are free", sim.ErrOutOfMemory, bytes, free)
	}
	return d.Device.Alloc(bytes)
}

// Free waits for the piece of work that runs.
func (d *device) Free(ptr uint64) error {
	d.running.Lock()
	defer d.running.Unlock()
	return d.Device.Free(ptr)
}

// Load waits for the piece of work that runs.
func (d *device) Load(ptx []byte) (*sim.Module, error) {
	d.running.Lock()
	defer d.running.Unlock()
	return d.Device.Load(ptx)
}

func newSystem(config Config) (*system, error) {
	if config.Faults == "" {
		config.Faults = os.Getenv("CNN_GPU_SIM_FAULT")
	}
	config.CUDA = cmp.Or(config.CUDA, cudaVersion)
	if len(config.Chips) == 0 {
		config.Chips = sim.Chips()[:1]
	}
	s := &system{config: config, handles: map[uintptr]any{}}
	s.idle.L = &s.mu
	var err error
	if s.faults, err = parseFaults(config.Faults); err != nil {
		return nil, err
	}
	for i, chip := range config.Chips {
		d := &device{Device: sim.NewDevice(chip, config.Options), ordinal: i}
		if i < len(config.Cards) {
			d.Card = config.Cards[i]
		}
		s.devices = append(s.devices, d)
	}
	return s, nil
}

// handleSpace holds the handles that were not given yet: addresses that nobody can read, so that they never meet Go's or C's
// memory. None is given twice, whatever machine is installed.
var handleSpace struct {
	sync.Mutex
	free []byte
}

// add gives an object its handle; 0 when all are used up.
func (s *system) add(object any) uintptr {
	handleSpace.Lock()
	defer handleSpace.Unlock()
	if handleSpace.free == nil {
		var err error
		handleSpace.free, err = syscall.Mmap(-1, 0, 1<<30, syscall.PROT_NONE, syscall.MAP_ANON|syscall.MAP_PRIVATE|syscall.MAP_NORESERVE)
		if err != nil {
			s.explain("no addresses for handles: %v", err)
			return 0
		}
	}
	const size = 16
	if len(handleSpace.free) < size {
		return 0
	}
	h := uintptr(unsafe.Pointer(unsafe.SliceData(handleSpace.free)))
	handleSpace.free = handleSpace.free[size:]
	s.handles[h] = object
	return h
}

// explain keeps what is known about a failure beyond its code, until [driver.Detail] takes it.
func (s *system) explain(format string, args ...any) { s.detail = fmt.Sprintf(format, args...) }

func (s *system) takeDetail() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	d := s.detail
	s.detail = ""
	return d
}

// failed explains the error of the engine and gives the code.
func (s *system) failed(r driver.Result, err error) driver.Result {
	s.explain("%s", strings.TrimPrefix(err.Error(), "sim: "))
	return r
}

// call runs a driver call that needs no context. A failure without an explanation does not keep an older one's.
func call(f func(s *system) driver.Result) int32 {
	s := machine.Load()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls.All++
	older := s.detail
	s.detail = ""
	r := f(s)
	if (r == driver.Success || r == driver.NotReady) && s.detail == "" {
		s.detail = older
	}
	return int32(r)
}

// inContext runs a call in the calling thread's current context.
func inContext(f func(s *system, c *context) driver.Result) int32 {
	return call(func(s *system) driver.Result {
		c, r := s.current()
		if r != driver.Success {
			return r
		}
		if r := c.state(); r != driver.Success {
			s.detail = c.detail
			return r
		}
		return f(s, c)
	})
}

// current is the calling thread's current context.
func (s *system) current() (*context, driver.Result) {
	h := uintptr(C.thread_current())
	if h == 0 {
		s.explain("the calling thread has no current context: goroutines move between threads, so lock the thread (runtime.LockOSThread) and set the context in it")
		return nil, driver.InvalidContext
	}
	c, ok := s.handles[h].(*context)
	if !ok {
		return nil, driver.ContextIsDestroyed
	}
	return c, driver.Success
}
