//go:build cuda && cgo

package micro

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"runtime"
	"strconv"
	"strings"

	"gorgonia.org/cu"

	"cnn-gpu/device"
	"cnn-gpu/device/driver"
	"cnn-gpu/device/driver/nvrtc"
)

//go:embed micro.cu
var source string

// card is an open GPU with the kernels of micro.cu.
type card struct {
	*Report
	ctx      context.Context
	device   device.Device // for what it costs to go through it
	number   cu.Device
	retained bool // the primary context
	stream   cu.Stream
	module   cu.Module
	timing   driver.Timing
	sms      int
	sm       int     // compute capability: 90
	hertz    float64 // of a multiprocessor at work
	taken    []cu.DevicePtr
}

var groups = map[string]func(*card) error{
	"clock": (*card).clock, "graph": (*card).graph, "host": (*card).host, "memory": (*card).memory, "tensor": (*card).tensor,
}

// Run measures the groups on a device by its name, such as "cuda:1" or "sim:h200".
func Run(ctx context.Context, name string, which []string) (r *Report, err error) {
	if kind, _, _ := strings.Cut(name, ":"); kind != "cuda" && kind != "sim" {
		return nil, fmt.Errorf("micro: device %q: give a GPU, such as cuda or sim:h200", name)
	}
	for _, g := range which {
		if groups[g] == nil {
			return nil, fmt.Errorf("micro: there is no group %q; there are %s", g, strings.Join(Groups(), ", "))
		}
	}
	err = with(ctx, name, func(c *card) error {
		r = c.Report
		for _, g := range which {
			if err := ctx.Err(); err != nil {
				return err
			}
			if g != "clock" { // which wants to see how the clock rises
				if err := c.wakeUp(); err != nil {
					return err
				}
			}
			if err := groups[g](c); err != nil {
				return fmt.Errorf("%s: %w", g, err)
			}
		}
		return nil
	})
	return r, err
}

// with opens a card for f.
func with(ctx context.Context, name string, f func(*card) error) (err error) {
	d, err := device.Open(name, device.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	c := &card{ctx: ctx, device: d, timing: driver.Steady,
		Report: &Report{Device: d.Name(), Description: d.String(), Estimated: strings.HasPrefix(name, "sim")}}
	if c.Estimated {
		c.timing = driver.Timing{}
	}
	defer func() { err = errors.Join(err, c.close()) }()
	if err = c.open(name); err == nil {
		err = f(c)
	}
	if err != nil {
		err = fmt.Errorf("micro: %s: %w", name, driver.Explain(err))
	}
	return err
}

func (c *card) open(name string) error {
	if _, ordinal, found := strings.Cut(name, ":"); found && !c.Estimated {
		n, err := strconv.Atoi(ordinal)
		if err != nil {
			return err
		}
		c.number = cu.Device(n)
	}
	major, minor, err := c.number.ComputeCapability()
	if err != nil {
		return err
	}
	c.sm = 10*major + minor
	if c.sms, err = c.number.Attribute(cu.MultiprocessorCount); err != nil {
		return err
	}
	ctx, err := c.number.RetainPrimaryCtx()
	if err != nil {
		return err
	}
	c.retained = true
	if err := cu.SetCurrentContext(ctx); err != nil {
		return err
	}
	if c.stream, err = cu.MakeStream(cu.NonBlocking); err != nil {
		return err
	}
	image, err := c.compile()
	if err != nil {
		return err
	}
	c.module, err = driver.LoadModule(image)
	return err
}

func (c *card) compile() ([]byte, error) {
	library, err := nvrtc.OpenFor(cu.Version())
	if err != nil {
		return nil, err
	}
	arch := fmt.Sprintf("compute_%d", c.sm)
	if !c.Estimated {
		if arch, err = library.ArchitectureFor(c.sm); err != nil {
			return nil, err
		}
	}
	code, err := library.Compile(nvrtc.Source{Name: "micro.cu", Text: source}, "-arch="+arch, "-std=c++17", "-lineinfo")
	if err != nil {
		return nil, err
	}
	return code.Image, nil
}

func (c *card) close() error {
	var errs []error
	for _, p := range c.taken {
		errs = append(errs, cu.MemFree(p))
	}
	if c.module != (cu.Module{}) {
		errs = append(errs, c.module.Unload())
	}
	if c.stream != (cu.Stream{}) {
		errs = append(errs, c.stream.Destroy())
	}
	if c.retained {
		errs = append(errs, cu.SetCurrentContext(cu.CUContext{}), c.number.ReleasePrimaryCtx())
	}
	return errors.Join(errs...)
}

// alloc takes zeroed memory until the end.
func (c *card) alloc(bytes int64) (cu.DevicePtr, error) {
	p, err := cu.MemAlloc(bytes)
	if err != nil {
		return 0, err
	}
	c.taken = append(c.taken, p)
	return p, cu.MemsetD32Async(p, 0, bytes/4, c.stream)
}

// launch prepares a launch of a kernel.
func (c *card) launch(kernel string, grid, block int, params ...any) (func(cu.Stream) error, error) {
	return c.launchOverlapping(kernel, false, grid, block, params...)
}

// launchOverlapping prepares one that may begin before its predecessor has ended, if overlap is true.
func (c *card) launchOverlapping(kernel string, overlap bool, grid, block int, params ...any) (func(cu.Stream) error, error) {
	f, err := driver.Function(c.module, kernel)
	if err != nil {
		return nil, err
	}
	l := driver.Launch{Grid: [3]uint32{uint32(grid), 1, 1}, Block: [3]uint32{uint32(block), 1, 1}, Params: params, Overlap: overlap}
	return func(s cu.Stream) error { return driver.LaunchKernel(f, l, s) }, nil
}

// repeated queues a launch n times.
func (c *card) repeated(n int, launch func(cu.Stream) error) func() error {
	return func() error {
		for range n {
			if err := launch(c.stream); err != nil {
				return err
			}
		}
		return nil
	}
}

// seconds times what record queues, as a graph.
func (c *card) seconds(record func() error) (float64, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	g, err := driver.Capture(c.stream, record)
	if err != nil {
		return 0, err
	}
	t, err := g.Time(c.stream, c.timing)
	return t.Seconds(), errors.Join(err, g.Close())
}

// perIteration times a kernel of 2n and one of n iterations and shares the difference out.
func (c *card) perIteration(n int, kernel string, grid, block int, params func(n int) []any) (float64, error) {
	var times [2]float64
	for i := range times {
		run, err := c.launch(kernel, grid, block, params((i+1)*n)...)
		if err != nil {
			return 0, err
		}
		if times[i], err = c.seconds(c.repeated(1, run)); err != nil {
			return 0, err
		}
	}
	return (times[1] - times[0]) / float64(n), nil
}

// lacks says whether the GPU is too old for what is to be measured, and reports that.
func (c *card) lacks(what string, since int) bool {
	if c.sm >= since {
		return false
	}
	c.skip(what, fmt.Sprintf("it needs compute capability %d.%d", since/10, since%10))
	return true
}

// size is a count for a GPU, or the much smaller one that is as good for a simulated GPU.
func (c *card) size(real, simulated int) int {
	if c.Estimated {
		return simulated
	}
	return real
}
