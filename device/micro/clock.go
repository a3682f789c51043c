//go:build cuda && cgo

package micro

import (
	"time"
	"unsafe"

	"gorgonia.org/cu"
)

// A GPU that idles runs at a fraction of its clock. It is up once it has not risen for a while.
const (
	settled = 2 * time.Second
	tooLong = 12 * time.Second
	rising  = 1.01
)

// clock keeps the GPU busy until its clock is up.
func (c *card) clock() error {
	first, err := c.readClock()
	if err != nil {
		return err
	}
	if c.Estimated {
		c.megahertz = first
		c.add("clock", "clock", first, "MHz", "a multiprocessor's clock as its maker names it")
		return nil
	}
	best, begun, rose := first, time.Now(), time.Now()
	for time.Since(rose) < settled && time.Since(begun) < tooLong {
		now, err := c.readClock()
		if err != nil {
			return err
		}
		if now > rising*best {
			rose = time.Now()
		}
		best = max(best, now)
		if err := c.ctx.Err(); err != nil {
			return err
		}
	}
	c.megahertz = best
	c.add("clock", "clock_idle", first, "MHz", "a multiprocessor's clock in the first milliseconds of work")
	c.add("clock", "clock", best, "MHz", "the same once it does not rise any more")
	c.add("clock", "clock_up_after", rose.Sub(begun).Seconds(), "s", "until then")
	return nil
}

// readClock runs some milliseconds of work on all multiprocessors and gives the cycles of one in a microsecond. A simulated one has
// no clock but its maker's.
func (c *card) readClock() (float64, error) {
	if c.Estimated {
		kilohertz, err := c.number.Attribute(cu.ClockRate)
		return float64(kilohertz) / 1e3, err
	}
	const iterations = 1 << 20
	out, err := cu.MemAlloc(24)
	if err != nil {
		return 0, err
	}
	defer cu.MemFree(out)
	spin, err := c.launch("spin", c.sms, 128, int32(iterations), out)
	if err != nil {
		return 0, err
	}
	if err := spin(c.stream); err != nil {
		return 0, err
	}
	if err := c.stream.Synchronize(); err != nil {
		return 0, err
	}
	var values [2]uint64 // cycles, nanoseconds
	err = cu.MemcpyDtoH(unsafe.Pointer(&values[0]), out, 16)
	return 1e3 * float64(values[0]) / float64(max(values[1], 1)), err
}

// hertz is the clock of a multiprocessor at work.
func (c *card) hertz() (float64, error) {
	for begun := time.Now(); c.megahertz == 0 || !c.Estimated && time.Since(begun) < c.timing.WarmUp*10; {
		now, err := c.readClock()
		if err != nil {
			return 0, err
		}
		c.megahertz = max(c.megahertz, now)
	}
	return c.megahertz * 1e6, nil
}
