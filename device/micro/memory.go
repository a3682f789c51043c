//go:build cuda && cgo

package micro

import "gorgonia.org/cu"

const (
	vector   = 16 // bytes of a load
	threads  = 256
	resident = 8 // blocks of a multiprocessor
)

// memory measures bandwidths: of DRAM by what is much larger than the L2, of the L2 by what fits into it, past the L1.
func (c *card) memory() error {
	l2, err := c.number.Attribute(cu.L2CacheSize)
	if err != nil {
		return err
	}
	dram := int64(c.size(1<<30, 2<<20)) // and twice that
	x, err := c.alloc(2 * dram)
	if err != nil {
		return err
	}
	out, err := c.alloc(4)
	if err != nil {
		return err
	}
	grid := resident * c.sms

	s, err := c.perIteration(int(dram/vector), "read", grid, threads, func(n int) []any { return []any{x, uint32(n), int32(1), out} })
	if err != nil {
		return err
	}
	c.add("memory", "dram_read", vector/s/1e9, "GB/s", "read from DRAM")
	s, err = c.perIteration(int(dram/vector), "write", grid, threads, func(n int) []any { return []any{x, uint32(n)} })
	if err != nil {
		return err
	}
	c.add("memory", "dram_write", vector/s/1e9, "GB/s", "written to DRAM")

	part := l2 / c.size(4, 64)
	s, err = c.perIteration(c.size(50, 1), "read", grid, threads, func(n int) []any { return []any{x, uint32(part / vector), int32(n), out} })
	if err != nil {
		return err
	}
	c.add("memory", "l2_read", float64(part)/s/1e9, "GB/s", "read from the L2 by all multiprocessors")
	c.add("memory", "l2_read_sm", float64(part)/s/c.hertz/float64(c.sms), "bytes/clock", "the same, for each of them")

	one := c.size(1<<20, 1<<16)
	s, err = c.perIteration(c.size(50, 1), "read", 1, 1024, func(n int) []any { return []any{x, uint32(one / vector), int32(n), out} })
	if err != nil {
		return err
	}
	c.add("memory", "l2_read_one_sm", float64(one)/s/c.hertz, "bytes/clock", "from the L2 to one multiprocessor while the others rest")
	return nil
}
