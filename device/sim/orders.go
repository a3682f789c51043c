package sim

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
)

// schedule is the order of a launch: that in which the warps of a block take turns, and that in which the blocks begin.
type schedule struct {
	warps  Order
	seed   uint64
	blocks []int64 // nil: as they are numbered
}

func (s *schedule) block(i int64) int64 {
	if s.blocks == nil {
		return i
	}
	return s.blocks[i]
}

// scheduleOf gives the order with a number: forward, backward, and then random ones.
func scheduleOf(number int, blocks int64) schedule {
	if number == 0 {
		return schedule{}
	}
	s := schedule{warps: Reverse, blocks: make([]int64, blocks)}
	for i := range s.blocks {
		s.blocks[i] = blocks - 1 - int64(i)
	}
	if number > 1 {
		s.warps, s.seed = Random, uint64(number)
		r := rand.New(rand.NewPCG(s.seed, 0))
		r.Shuffle(len(s.blocks), func(i, j int) { s.blocks[i], s.blocks[j] = s.blocks[j], s.blocks[i] })
	}
	return s
}

// launchInOrders runs a launch in the orders that the options ask for, each time on the memory as it is now. Where one leaves other bytes than
// the first, that is advice. Memory and counters are those of the first order, or of the one in which a check found errors.
func (d *Device) launchInOrders(k *Kernel, grid, block [3]uint32, sharedBytes uint32, params []byte, first schedule) (*Counters, error) {
	before := d.mem.contents()
	counters, err := d.launch(k, grid, block, sharedBytes, params, first)
	if err != nil {
		return counters, err
	}
	after := d.mem.contents()
	told := map[int]bool{}
	for n := 1; n < d.opts.Orders; n++ {
		d.mem.restore(before)
		c, err := d.launch(k, grid, block, sharedBytes, params, scheduleOf(n, int64(grid[0])*int64(grid[1])*int64(grid[2])))
		if err != nil {
			return c, err
		}
		for i, expected := range after { // there may be more now: a kernel may allocate
			al := d.mem.regions[i]
			if bytes, offset := differ(expected, al.host.Load()); bytes > 0 && !told[i] {
				told[i] = true
				r := k.describe(0)
				r.Severity, r.Kind, r.Array = Advice, OrderDependent, k.arrayName(al, params)
				r.Message = fmt.Sprintf("warps and blocks in another order (number %d) leave other bytes: %d, the first at offset %d", n, bytes, offset)
				counters.Advice = append(counters.Advice, r)
			}
		}
	}
	d.mem.restore(after)
	return counters, nil
}

// contents copies the bytes of all memory that kernels may write; nil where there is none, or none was used.
func (m *memory) contents() []*contents {
	all := make([]*contents, len(m.regions))
	for i, a := range m.regions {
		if c := a.host.Load(); c != nil && !a.constant {
			all[i] = &contents{slices.Clone(c.data), slices.Clone(c.written)}
		}
	}
	return all
}

// restore brings memory back to what it was. What was not used then is as new.
func (m *memory) restore(all []*contents) {
	for i, c := range all {
		a := m.regions[i]
		switch {
		case a.constant:
		case c == nil:
			a.host.Store(nil)
		default:
			a.host.Store(&contents{slices.Clone(c.data), slices.Clone(c.written)})
		}
	}
}

// differ counts the bytes that differ, and gives the first; what one of the two has not used counts as none.
func differ(x, y *contents) (n, first int) {
	if x == nil || y == nil || bytes.Equal(x.data, y.data) {
		return 0, 0
	}
	for i := range x.data {
		if x.data[i] != y.data[i] {
			if n++; n == 1 {
				first = i
			}
		}
	}
	return n, first
}
