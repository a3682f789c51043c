//go:build cuda && cgo

package micro

import (
	"errors"
	"time"
	"unsafe"

	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
)

// A GPU that idles runs at a fraction of its clock. It is up once it has not risen for a while.
const (
	settled = 2 * time.Second
	tooLong = 12 * time.Second
	rising  = 1.01
)

// clock keeps the GPU busy until its clock is up.
func (c *card) clock() error {
	if c.Estimated {
		megahertz, err := c.makersClock()
		if err != nil {
			return err
		}
		c.add("clock", "clock", megahertz, "MHz", "a multiprocessor's clock as its maker names it")
		return nil
	}
	first, best, after, err := rise(c.readClock, time.Now)
	if err != nil {
		return err
	}
	c.add("clock", "clock_idle", first, "MHz", "a multiprocessor's clock in the first milliseconds of work")
	c.add("clock", "clock", best, "MHz", "the same once it does not rise any more")
	c.add("clock", "clock_up_after", after.Seconds(), "s", "until then")
	return nil
}

// rise reads a clock until it does not rise any more, and gives the first reading, the highest, and how long it rose.
func rise(read func() (float64, error), now func() time.Time) (first, best float64, after time.Duration, err error) {
	if first, err = read(); err != nil {
		return 0, 0, 0, err
	}
	begun := now()
	best, rose, risen := first, begun, first // slowly, too
	for now().Sub(rose) < settled && now().Sub(begun) < tooLong {
		value, err := read()
		if err != nil {
			return first, best, 0, err
		}
		if value > rising*risen {
			rose, risen = now(), value
		}
		best = max(best, value)
	}
	return first, best, rose.Sub(begun), nil
}

func (c *card) makersClock() (float64, error) {
	kilohertz, err := c.number.Attribute(cu.ClockRate)
	return float64(kilohertz) / 1e3, err
}

// readClock runs some milliseconds of work on all multiprocessors and gives one's clock in MHz.
func (c *card) readClock() (float64, error) { return c.spin(1 << 20) }

// spin gives the cycles of a multiprocessor in a microsecond, seen over so many multiply-adds.
func (c *card) spin(iterations int32) (float64, error) {
	out, err := cu.MemAlloc(24)
	if err != nil {
		return 0, err
	}
	defer cu.MemFree(out)
	spin, err := c.launch("spin", c.sms, 128, iterations, out)
	if err != nil {
		return 0, err
	}
	if err := errors.Join(c.ctx.Err(), spin(c.stream), c.stream.Synchronize()); err != nil {
		return 0, err
	}
	var values [2]uint64 // cycles, nanoseconds
	err = cu.MemcpyDtoH(unsafe.Pointer(&values[0]), out, 16)
	return 1e3 * float64(values[0]) / float64(max(values[1], 1)), err
}

// wakeUp keeps the GPU busy until its clocks are up, and reads that of a multiprocessor. A simulated one has no clock but its maker's.
func (c *card) wakeUp() error {
	read := c.readClock
	if c.Estimated {
		read = c.makersClock
	}
	for begun := time.Now(); c.hertz == 0 || !c.Estimated && time.Since(begun) < driver.WakeUp; {
		megahertz, err := read()
		if err != nil {
			return err
		}
		c.hertz = max(c.hertz, 1e6*megahertz)
	}
	return nil
}
