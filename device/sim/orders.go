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

// Difference is a place in memory that another order of warps and blocks left otherwise.
type Difference struct {
	Order   int    `json:"order"`   // its number: 0 is forward, 1 backward, the others are random
	Array   string `json:"array"`   // the variable, or the kernel's parameter
	Address uint64 `json:"address"` // of the array
	Offset  uint64 `json:"offset"`  // of the first byte that differs
	Bytes   uint64 `json:"bytes"`   // that differ
}

func (x Difference) String() string {
	return fmt.Sprintf("order %d leaves %d bytes of %s otherwise than order 0, the first at offset %d", x.Order, x.Bytes, x.Array, x.Offset)
}

// LaunchInOrders runs a kernel in several orders of its warps and blocks, each time on the memory as it is now, and says which of them leave
// other bytes than the first. Memory and counters are those of the first order, or of the one in which a check found something.
func (d *Device) LaunchInOrders(k *Kernel, grid, block [3]uint32, sharedBytes uint32, params []byte, orders int) (*Counters, []Difference, error) {
	if err := d.CheckLaunch(k, grid, block, sharedBytes, params); err != nil {
		return nil, nil, err
	}
	d.busy.Lock()
	defer d.busy.Unlock()
	before := d.mem.contents()
	blocks := int64(grid[0]) * int64(grid[1]) * int64(grid[2])
	first, err := d.launch(k, grid, block, sharedBytes, params, schedule{})
	if err != nil {
		return first, nil, err
	}
	after := d.mem.contents()
	var all []Difference
	for n := 1; n < orders; n++ {
		d.mem.restore(before)
		if c, err := d.launch(k, grid, block, sharedBytes, params, scheduleOf(n, blocks)); err != nil {
			return c, all, err
		}
		now := d.mem.contents()
		for i := range min(len(after), len(now)) { // a kernel may allocate
			if x := differ(after[i], now[i]); x.Bytes > 0 {
				a := d.mem.regions[i]
				x.Order, x.Address, x.Array = n, a.addr, k.arrayName(a, params)
				all = append(all, x)
			}
		}
	}
	d.mem.restore(after)
	return first, all, nil
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

// differ counts the bytes that differ; what one of the two has not used counts as none.
func differ(x, y *contents) (d Difference) {
	if x == nil || y == nil || bytes.Equal(x.data, y.data) {
		return d
	}
	for i := range x.data {
		if x.data[i] != y.data[i] {
			if d.Bytes++; d.Bytes == 1 {
				d.Offset = uint64(i)
			}
		}
	}
	return d
}
