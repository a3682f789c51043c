// Package device runs lists of ops: on the CPU here, on CUDA GPUs and on the simulated one in builds with CUDA.
package device

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"cnn-gpu/device/sim"
	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
)

// Device is where ops run. It is used by one goroutine at a time.
type Device interface {
	// Name is how the device is chosen, such as "cpu".
	Name() string
	// String describes the device to a person.
	String() string
	// Precision is the one in which the device multiplies where these options are asked for, or an error that says what it multiplies in.
	Precision(o CompileOptions) (kernels.Precision, error)
	// Compile makes a list of plain ops ready to run many times: it rewrites the list so that there is less to do, and places the buffers.
	Compile(ops []kernels.Op, o CompileOptions) (Program, error)
	// Upload copies a []float32, []int32 or []uint8 of the buffer's size to the device.
	Upload(dst *kernels.Buffer, src any) error
	// Download copies a kept buffer back, after all that was run before has finished.
	Download(dst any, src *kernels.Buffer) error
	// Roofline is what the device does at most, or an error that says why that is not known.
	Roofline() (Roofline, error)
	// Free gives back the memory of kept buffers. The programs that use them must have been closed; a buffer that is used again is zeros.
	Free(buffers ...*kernels.Buffer) error
	// Close frees everything that the device holds.
	Close() error
}

// Accelerator is a device with memory and a queue of its own: it works on while the host does other things, and waits where the host has
// brought it nothing to do.
type Accelerator interface {
	Device
	// Worked is for how long the device has run programs since it was opened, by its own clock, or as the simulated GPU estimates it. It waits
	// for what is queued.
	Worked() (worked time.Duration, estimated bool, err error)
}

// Program is a compiled op list.
type Program interface {
	// Run runs the ops in order. It may return before they have finished; Download waits.
	Run() error
	// Profile runs the ops in order, maybe more than once, and times each.
	Profile() (Times, error)
	// Schedule is what runs, and where the values lie.
	Schedule() Schedule
	// Close gives back what the program took: all but its kept buffers, which others may use. It cannot run any more.
	Close() error
}

// Repeater is a program that its device runs several times with few calls, as a GPU does a graph of copies of the list.
type Repeater interface {
	Program
	// Repeat runs the ops n times in a row. Like Run it may return before they have finished.
	Repeat(n int) error
}

// Repeat runs a program n times in a row.
func Repeat(p Program, n int) error {
	if r, ok := p.(Repeater); ok {
		return r.Repeat(n)
	}
	for range n {
		if err := p.Run(); err != nil {
			return err
		}
	}
	return nil
}

// Caller is a program that takes values and gives others in one go, as a GPU does by a graph that begins and ends with the copies.
type Caller interface {
	Program
	// Call uploads the inputs, runs the ops and downloads the outputs. The first call with other buffers than those of the last takes longer.
	Call(inputs, outputs []Transfer) error
}

// Transfer is a kept buffer, and the host's slice of its size that is copied to it or from it.
type Transfer struct {
	Buffer *kernels.Buffer
	Host   any
}

// Call runs a program of a device on inputs that it uploads, and downloads the outputs.
func Call(d Device, p Program, inputs, outputs []Transfer) error {
	if c, ok := p.(Caller); ok {
		return c.Call(inputs, outputs)
	}
	return callOneByOne(d, p, inputs, outputs)
}

func callOneByOne(d Device, p Program, inputs, outputs []Transfer) error {
	for _, in := range inputs {
		if err := d.Upload(in.Buffer, in.Host); err != nil {
			return err
		}
	}
	if err := p.Run(); err != nil {
		return err
	}
	for _, out := range outputs {
		if err := d.Download(out.Host, out.Buffer); err != nil {
			return err
		}
	}
	return nil
}

var errProgramClosed = errors.New("device: the program is closed")

// errClosed is the error of a call to a device that was closed.
func errClosed(name string) error { return fmt.Errorf("device: %s is closed", name) }

// freeable returns the roots of buffers, or an error if a program that is not closed uses one of them.
func freeable[P interface {
	comparable
	Program
}](buffers []*kernels.Buffer, programs map[P]bool) ([]*kernels.Buffer, error) {
	roots := map[*kernels.Buffer]bool{}
	for _, b := range buffers {
		root, _ := b.Root()
		roots[root] = true
	}
	for p := range programs {
		for _, b := range p.Schedule().Plan.Kept {
			if roots[b] {
				return nil, fmt.Errorf("device: %s cannot be freed: a program uses it; close that first", b.Name)
			}
		}
	}
	return slices.Collect(maps.Keys(roots)), nil
}

// Replayer is a program that the device itself runs again and again, as a GPU does a graph.
type Replayer interface {
	// Replay runs the ops many times, after a warm-up.
	Replay() (Replay, error)
}

// Replay is what came of it.
type Replay struct {
	Median    time.Duration // of a run by the device's clock, without the host's part
	Estimated bool          // by the simulated GPU: no measurement
	Sampled   int           // launches of which some blocks stood for all
}

// Times are how long each op of a program took.
type Times struct {
	Ops       []time.Duration // in the order of the schedule's ops
	Estimated bool            // by the simulated GPU: no measurement
	Limits    []OpLimit       // of each op, where the device was opened with Options.Timing; else nil
	Median    bool            // of many runs of each op, after a warm-up, without the host's launching: timing again tells nothing new
}

// OpLimit says what the time of an op is made of, by the estimate of the simulated GPU.
type OpLimit struct {
	Limit     string  `json:"limit"` // what the longest of its kernels waits for most, or what it keeps busy: "latency", "L2", "fp32"
	L1HitRate float64 `json:"l1_hit_rate"`
	L2HitRate float64 `json:"l2_hit_rate"`
	L2Bytes   int64   `json:"l2_bytes"`   // read and written
	DRAMBytes int64   `json:"dram_bytes"` // read and written

	Sample *sim.SampleCount `json:"sample,omitempty"` // of the longest of its kernels, if only some of its blocks ran

	Waits sim.WaitShares  `json:"waits"` // of its warps, by the time of its kernels
	Lines []sim.LineWaits `json:"lines"` // of the longest of them, those with the most cycles
}

// Options are how a device runs.
type Options struct {
	Workers int  // threads of the CPU device; GOMAXPROCS if 0. The results do not depend on it.
	Sync    bool // wait for each op, so that an error of a GPU names the op that made it
	NoCache bool // compile the kernels of a GPU anew
	Timing  bool // a simulated GPU estimates times by what it knows of caches too, which costs time of its own
	Sample  bool // the same, and of a launch of many blocks it runs some all over the grid, for the time alone: no values are computed, nothing is checked

	simulated bool
	kernels   *simulatedKernels // those that ran on a simulated GPU that was opened with Timing
}

// Open opens a device by name: "cpu", "cuda", "cuda:1" for the second GPU, "sim" or "sim:h200" for a simulated one. "auto" is
// the first GPU that can be used, else the CPU, whose String then says why; see [Remarks].
func Open(name string, o Options) (Device, error) {
	kind, detail, _ := strings.Cut(name, ":")
	switch kind {
	case "", "auto":
		d, noGPU := openFirst(o)
		if noGPU == nil {
			return d, nil
		}
		return openCPU(o, noGPU)
	case "cpu":
		return OpenCPU(o)
	case "cuda":
		ordinal := 0
		if detail != "" {
			var err error
			if ordinal, err = strconv.Atoi(detail); err != nil || ordinal < 0 {
				return nil, fmt.Errorf("device: %q: give the number of a GPU, such as cuda:0", name)
			}
		}
		return openCUDA(name, ordinal, o)
	case "sim":
		return openSim(name, detail, o)
	default:
		return nil, unknownDevice(name)
	}
}

// Remarks are clauses on how a device came to be chosen and how it starts, for people. They are no part of what the device is.
func Remarks(d Device) []string {
	if r, ok := d.(interface{ remarks() []string }); ok {
		return r.remarks()
	}
	return nil
}

func unknownDevice(name string) error {
	return fmt.Errorf("device: unknown device %q; choose auto, cpu, cuda, cuda:N or sim", name)
}

// OutOfMemoryError says that a device has too little memory.
type OutOfMemoryError struct {
	Device     string
	Need, Free int64  // bytes: what was asked for, and what there was then
	Limit      string // what leaves no more, where that is not the device's size
	Others     int64  // bytes that other processes held when the device was opened, if they matter
}

func (e *OutOfMemoryError) Error() string {
	s := wording.English.Sprintf("out of memory on %s: %d bytes (%s) are needed, %d bytes (%s) are free",
		e.Device, e.Need, wording.Bytes(e.Need), e.Free, wording.Bytes(e.Free))
	if e.Limit != "" {
		s += " within " + e.Limit
	}
	if e.Others > 0 {
		s += wording.English.Sprintf("; other processes held %d bytes (%s): nvidia-smi lists them, --device cuda:N takes another GPU",
			e.Others, wording.Bytes(e.Others))
	}
	return s
}

// checkCopy says what is wrong with copying between a host slice and a buffer.
func checkCopy(host any, b *kernels.Buffer) error {
	var t kernels.Type
	var elements int
	switch s := host.(type) {
	case []float32:
		t, elements = kernels.Float32, len(s)
	case []int32:
		t, elements = kernels.Int32, len(s)
	case []uint8:
		t, elements = kernels.Uint8, len(s)
	default:
		return fmt.Errorf("device: %s: cannot copy a %T; use []float32, []int32 or []uint8", b.Name, host)
	}
	if root, _ := b.Root(); !root.Keep {
		return fmt.Errorf("device: %s does not outlive a run; make it a kept buffer", b.Name)
	}
	if t != b.Type || elements != b.Elements() {
		return fmt.Errorf("device: %s is %v%v, the host slice is %v[%d]", b.Name, b.Type, b.Shape, t, elements)
	}
	return nil
}
