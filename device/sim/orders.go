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
	node   *Node   // see node.go
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
	if _, err := d.workspace(k); err != nil { // it outlives the launch, and so must be there before
		return nil, err
	}
	before := d.snapshot()
	counters, err := d.launch(k, grid, block, sharedBytes, params, first)
	if err != nil {
		return counters, err
	}
	after := d.snapshot()
	told := map[int]bool{}
	for n := 1; n < d.opts.Orders; n++ {
		d.restore(before)
		s := scheduleOf(n, int64(grid[0])*int64(grid[1])*int64(grid[2]))
		s.node = first.node
		c, err := d.launch(k, grid, block, sharedBytes, params, s)
		if err != nil {
			return c, err
		}
		for i, s := range before.allocations {
			al := s.al
			if after.allocations[i].al != al || d.mem.regions[i] != al {
				continue // malloc gave the addresses again, in another order for something else
			}
			if bytes, offset := differ(after.allocations[i].contents, al.host.Load()); bytes > 0 && !told[i] {
				told[i] = true
				r := k.describe(0)
				r.Severity, r.Kind, r.Array = Advice, OrderDependent, k.arrayName(al, params)
				r.Message = fmt.Sprintf("warps and blocks in another order (number %d) leave other bytes: %d, the first at offset %d", n, bytes, offset)
				counters.Advice = append(counters.Advice, r)
			}
		}
	}
	d.restore(after)
	return counters, nil
}

// snapshot is the memory of a device at one time.
type snapshot struct {
	allocations []savedAllocation // by region
	live        uint64
	heap        heap
}

// savedAllocation is an allocation at one time. The contents are nil where there were none, and where no kernel may write them.
type savedAllocation struct {
	al       *allocation
	contents *contents
	freed    bool
}

func (d *Device) snapshot() *snapshot {
	s := &snapshot{live: d.mem.live.Load(), heap: d.heap.clone()}
	for _, a := range d.mem.regions {
		saved := savedAllocation{al: a, freed: a.freed}
		if !a.constant {
			saved.contents = a.host.Load().clone()
		}
		s.allocations = append(s.allocations, saved)
	}
	return s
}

// restore brings memory back to what it was. What was not used then is as new, and what malloc gave since is gone.
func (d *Device) restore(s *snapshot) {
	d.mem.mu.Lock()
	defer d.mem.mu.Unlock()
	d.heap = s.heap.clone()
	d.mem.live.Store(s.live)
	d.mem.regions = make([]*allocation, len(s.allocations))
	for i, saved := range s.allocations {
		a := saved.al
		d.mem.regions[i], a.freed = a, saved.freed
		if !a.constant {
			a.host.Store(saved.contents.clone())
		}
	}
}

func (c *contents) clone() *contents {
	if c == nil {
		return nil
	}
	return &contents{slices.Clone(c.data), slices.Clone(c.written)}
}

func (h heap) clone() heap {
	h.freed = slices.Clone(h.freed)
	return h
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
