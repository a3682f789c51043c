//go:build cuda && cgo

package micro

import (
	"errors"
	"slices"
	"time"
	"unsafe"

	"gorgonia.org/cu"

	"cnn-gpu/device"
	"cnn-gpu/device/driver"
	"cnn-gpu/kernels"
)

const batch = 4 * 32 * 28 * 28 // bytes of 32 images as floats

// host times what the host's calls cost.
func (c *card) host() error {
	if err := c.handOver(); err != nil {
		return err
	}
	if c.Estimated {
		c.skip("graph launch, copy, upload", "the simulator's own time is none of a driver's")
		return nil
	}
	for _, measure := range []func() error{c.graphLaunch, c.copy, c.upload} {
		if err := measure(); err != nil {
			return err
		}
	}
	return nil
}

// medianOf calls f for the warm-up's time and then a number of times, and gives the median of what it returns in microseconds.
func (c *card) medianOf(f func() (time.Duration, error)) (float64, error) {
	const calls = 501
	for begun := time.Now(); time.Since(begun) < c.timing.WarmUp; {
		if _, err := f(); err != nil {
			return 0, err
		}
	}
	times := make([]time.Duration, calls)
	for i := range times {
		var err error
		if times[i], err = f(); err != nil {
			return 0, err
		}
	}
	slices.Sort(times)
	return 1e6 * times[calls/2].Seconds(), c.ctx.Err()
}

// callAndWait gives the medians of a call until it returns, and until what it began is done.
func (c *card) callAndWait(call, wait func() error) (called, done float64, err error) {
	measure := func(isDone bool) (float64, error) {
		return c.medianOf(func() (time.Duration, error) {
			begun := time.Now()
			err := call()
			spent := time.Since(begun)
			if err == nil {
				err = wait()
			}
			if isDone {
				spent = time.Since(begun)
			}
			return spent, err
		})
	}
	if called, err = measure(false); err == nil {
		done, err = measure(true)
	}
	return called, done, err
}

// handOver runs a program of no ops: all that is left is to take the context and to give it back.
func (c *card) handOver() error {
	nothing, err := c.device.Compile(nil, device.CompileOptions{})
	if err != nil {
		return err
	}
	us, err := c.medianOf(func() (time.Duration, error) {
		begun := time.Now()
		err := nothing.Run()
		return time.Since(begun), err
	})
	if err != nil {
		return err
	}
	c.add("host", "hand_over", us, "us", "a call that does nothing: the context is taken and given back")
	return nil
}

func (c *card) graphLaunch() (err error) {
	x, err := c.alloc(4 * 32)
	if err != nil {
		return err
	}
	node, err := c.launch("node", 1, 32, x)
	if err != nil {
		return err
	}
	g, err := driver.Capture(c.stream, c.repeated(51, node))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, g.Close()) }()
	called, done, err := c.callAndWait(func() error { return g.Launch(c.stream) }, c.stream.Synchronize)
	if err != nil {
		return err
	}
	c.add("host", "graph_launch", called, "us", "the call that launches a graph of 51 nodes, until it returns")
	c.add("host", "graph_launch_and_wait", done, "us", "the same until the graph is done and the host knows it")
	return nil
}

// copy sends a batch of 32 images as floats from page-locked memory, as a node of a graph.
func (c *card) copy() (err error) {
	host, err := driver.AllocPinned(batch)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, driver.FreePinned(host)) }()
	x, err := c.alloc(batch)
	if err != nil {
		return err
	}
	s, err := c.seconds(func() error { return cu.MemcpyHtoDAsync(x, unsafe.Pointer(&host[0]), batch, c.stream) })
	if err != nil {
		return err
	}
	c.add("host", "copy_100_kb", 1e6*s, "us", "a graph of one copy of 100 KB from page-locked memory to the GPU")
	return nil
}

// upload sends the same from the heap, and reads one value back, which waits for it.
func (c *card) upload() error {
	x, one := kernels.Kept("batch", kernels.Float32, batch/4), kernels.Kept("one", kernels.Float32, 1)
	host, back := make([]float32, batch/4), make([]float32, 1)
	called, done, err := c.callAndWait(func() error { return c.device.Upload(x, host) }, func() error { return c.device.Download(back, one) })
	if err != nil {
		return err
	}
	c.add("host", "upload_100_kb", called, "us", "the call that uploads 100 KB, until it returns")
	c.add("host", "upload_100_kb_and_wait", done, "us", "the same, and the download of one value behind it")
	return nil
}
