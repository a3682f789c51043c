//go:build cuda && cgo

package micro

// tensor measures what a multiprocessor does in a clock, and how long one such thing takes: mma.sync, ldmatrix, loads from shared
// memory. For rates each multiprocessor has warps enough to hide latencies, for a latency the GPU has one warp.
func (c *card) tensor() error {
	const warps = 16
	n := c.size(1<<15, 16)
	out, err := c.alloc(4)
	if err != nil {
		return err
	}
	for _, m := range []struct {
		name  string
		flops float64 // of a warp's mma
	}{{"tf32", 2 * 16 * 8 * 8}, {"bf16", 2 * 16 * 8 * 16}} {
		if c.lacks("mma in "+m.name, 80) {
			continue
		}
		const chains = 8
		params := func(n int) []any { return []any{int32(n), out} }
		s, err := c.perIteration(n, m.name+"_rate", c.sms, 32*warps, params)
		if err != nil {
			return err
		}
		flops := m.flops * chains * warps
		c.add("tensor", "mma_"+m.name, flops*float64(c.sms)/s/1e12, "TFLOP/s", "mma.sync in "+m.name+", sums in float32")
		c.add("tensor", "mma_"+m.name+"_sm", flops/s/c.hertz, "FLOP/clock", "the same, for each multiprocessor")
		if s, err = c.perIteration(n, m.name+"_latency", 1, 32, params); err != nil {
			return err
		}
		c.add("tensor", "mma_"+m.name+"_latency", s*c.hertz, "clocks", "from one mma.sync to the next of the same sums")
	}
	for _, m := range []struct {
		name, kernel, what string
		since              int // compute capability
	}{{"ldmatrix", "ldmatrix", "ldmatrix.x4", 75}, {"shared", "shared_load", "loads of 16 bytes a thread from shared memory", 0}} {
		if c.lacks(m.what, m.since) {
			continue
		}
		for _, chained := range []int32{0, 1} {
			grid, block := c.sms, 32*warps
			if chained == 1 {
				grid, block = 1, 32
			}
			s, err := c.perIteration(n, m.kernel, grid, block, func(n int) []any { return []any{int32(n), chained, out} })
			if err != nil {
				return err
			}
			if chained == 0 {
				c.add("tensor", m.name, vector*32*warps/s/c.hertz, "bytes/clock", m.what+", for each multiprocessor")
			} else {
				c.add("tensor", m.name+"_latency", s*c.hertz, "clocks", "from one to the next at the address that it gave")
			}
		}
	}
	return nil
}
