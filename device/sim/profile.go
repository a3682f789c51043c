package sim

import (
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// Counters are what a profiler would say of one launch. Those of Memory need the check Traffic.
type Counters struct {
	Kernel             string    `json:"kernel"`
	Chip               string    `json:"chip"`
	Grid               [3]uint32 `json:"grid"`
	Block              [3]uint32 `json:"block"`
	SharedBytes        uint64    `json:"shared_bytes"` // static and dynamic
	Registers          int       `json:"registers"`    // of a thread
	RegistersEstimated bool      `json:"registers_estimated,omitempty"`

	Sample *SampleCount `json:"sample,omitempty"` // the blocks that ran, if not all did: the counters are scaled to all

	Count                  // all instructions
	Classes ClassCounts    `json:"classes"`
	Tensor  []TensorCount  `json:"tensor"`
	Lines   []LineCount    `json:"lines"` // of the CUDA C++ source, by file and line
	Memory  MemoryCounters `json:"memory"`

	Occupancy Occupancy `json:"occupancy"`
	Estimate  Estimate  `json:"estimate"`

	Advice []*Report `json:"-"` // what the checks found that is no error
}

// ClassCounts counts by class. As JSON it is an object with the names of the classes that occur.
type ClassCounts [Classes]Count

// MarshalJSON writes the classes by name.
func (c ClassCounts) MarshalJSON() ([]byte, error) {
	m := map[string]Count{}
	for i, n := range c {
		if n.Warp > 0 {
			m[Class(i).key()] = n
		}
	}
	return json.Marshal(m)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *ClassCounts) UnmarshalJSON(p []byte) error {
	var m map[string]Count
	if err := json.Unmarshal(p, &m); err != nil {
		return err
	}
	*c = ClassCounts{}
	for i := range c {
		c[i] = m[Class(i).key()]
		delete(m, Class(i).key())
	}
	for name := range m {
		return fmt.Errorf("sim: there is no class of instructions %q", name)
	}
	return nil
}

// TensorCount counts one form of mma. Of integers and bits, too, a multiplication and an addition are two operations.
type TensorCount struct {
	Name        string `json:"name"`
	Type        string `json:"type"`        // of A's elements, "bf16"
	Accumulator string `json:"accumulator"` // type of D's
	Warp        int64  `json:"warp"`
	Flops       int64  `json:"flops"`
}

// LineCount counts the instructions of a source line, for lines of inlined functions by the line in the function.
type LineCount struct {
	File string `json:"file"`
	Line int    `json:"line"`
	Count
}

// SIMTEfficiency is the share of the lanes that work, over all instructions.
func (c *Counters) SIMTEfficiency() float64 { return float64(c.Thread) / float64(max(1, c.Warp)*32) }

// Flops counts floating-point operations of single, double and half precision and of the tensor cores; an fma is two.
func (c *Counters) Flops() int64 {
	n := c.Classes[Float32].Thread + 2*c.Classes[FMA32].Thread + c.Classes[Float64].Thread + c.Classes[Half].Thread
	for _, t := range c.Tensor {
		n += t.Flops
	}
	return n
}

// Hottest gives the n source lines with the most warp instructions.
func (c *Counters) Hottest(n int) []LineCount {
	lines := slices.Clone(c.Lines)
	slices.SortStableFunc(lines, func(a, b LineCount) int { return cmp.Compare(b.Warp, a.Warp) })
	return lines[:min(n, len(lines))]
}

func newCounters(k *Kernel, team []*block, grid, dim [3]uint32, dynamic uint32) *Counters {
	d := k.module.device
	c := &Counters{Kernel: k.fn.Name, Chip: d.chip.Name, Grid: grid, Block: dim, SharedBytes: k.staticShared + uint64(dynamic), Registers: k.registers,
		RegistersEstimated: !k.registersKnown}
	lines := map[Place]*Count{}
	tensor := map[string]*TensorCount{}
	var running, within pcCount
	counts := make(pcCounts, len(k.code)+1)
	for _, b := range team {
		counts.add(b.counts)
		c.Memory.add(&b.traffic)
	}
	s := team[0].sample
	if s.only() {
		s.traffic.scale(s.scale)
		c.Memory.add(&s.traffic)
	}
	executed := make([]float64, len(k.code))
	for pc := range k.code {
		n := running.next(counts[pc])
		if s.only() {
			some := within.next(s.counts[pc])
			n.add(Count{s.scale(some.Warp), s.scale(some.Thread)})
		}
		executed[pc] = float64(n.Warp)
		if n.Warp == 0 {
			continue
		}
		in := &k.code[pc]
		c.Count.add(n)
		c.Classes[in.class].add(n)
		if in.mma != nil {
			t := tensor[in.mma.name]
			if t == nil {
				form := in.mma.count()
				t = &form
				tensor[in.mma.name] = t
			}
			t.Warp += n.Warp
			t.Flops += n.Warp * in.mma.flops()
		}
		if p := k.line(pc); p.Line > 0 {
			if lines[p] == nil {
				lines[p] = &Count{}
			}
			lines[p].add(n)
		}
	}
	for p, n := range lines {
		c.Lines = append(c.Lines, LineCount{p.File, p.Line, *n})
	}
	slices.SortFunc(c.Lines, func(a, b LineCount) int { return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line)) })
	for _, t := range tensor {
		c.Tensor = append(c.Tensor, *t)
	}
	slices.SortFunc(c.Tensor, func(a, b TensorCount) int { return cmp.Compare(a.Name, b.Name) })
	c.Sample = s.tell()
	c.Occupancy = d.Occupancy(k, int(dim[0]*dim[1]*dim[2]), dynamic)
	var w *wave
	if s != nil {
		w = newWave(d.chip, k, team, grid, dim, executed, d.use(s, c.SharedBytes, &c.Memory))
	}
	c.Estimate = c.estimate(d.chip, w)
	return c
}

func (n *Count) add(o Count) {
	n.Warp += o.Warp
	n.Thread += o.Thread
}

// line gives the file and the line of an instruction.
func (k *Kernel) line(pc int) Place {
	src := k.source[pc]
	if src.instr.Location < 0 {
		return Place{}
	}
	l := src.fn.Locations[src.instr.Location]
	return Place{File: k.module.ast.Files[int(l.File)], Line: int(l.Line)}
}

// String formats the counters for people.
func (c *Counters) String() string {
	var s strings.Builder
	ratio := func(a, b int64) float64 { return float64(a) / float64(max(b, 1)) }
	fmt.Fprintf(&s, "%s, grid %v, block %v, simulated %s\n", c.Kernel, c.Grid, c.Block, c.Chip)
	fmt.Fprintf(&s, "  %d warp instructions, SIMT efficiency %.1f %%\n", c.Warp, 100*c.SIMTEfficiency())
	for i, n := range c.Classes {
		if n.Warp > 0 {
			fmt.Fprintf(&s, "    %-18s %12d warp %14d thread\n", Class(i), n.Warp, n.Thread)
		}
	}
	for _, t := range c.Tensor {
		fmt.Fprintf(&s, "    mma %-14s %12d warp\n", t.Name, t.Warp)
	}
	m := &c.Memory
	fmt.Fprintf(&s, "  global loads  %d requests, %.2f sectors each (ideal %.2f); stores %d, %.2f (ideal %.2f); atomics %d\n", m.GlobalLoads, ratio(m.GlobalLoadSectors, m.GlobalLoads), ratio(m.GlobalLoadIdeal, m.GlobalLoads), m.GlobalStores, ratio(m.GlobalStoreSectors, m.GlobalStores), ratio(m.GlobalStoreIdeal, m.GlobalStores), m.GlobalAtomics)
	fmt.Fprintf(&s, "  shared loads  %d requests, %.2f wavefronts each (ideal %.2f); stores %d, %.2f (ideal %.2f); atomics %d\n", m.SharedLoads, ratio(m.SharedLoadWavefronts, m.SharedLoads), ratio(m.SharedLoadIdeal, m.SharedLoads), m.SharedStores, ratio(m.SharedStoreWavefronts, m.SharedStores), ratio(m.SharedStoreIdeal, m.SharedStores), m.SharedAtomics)
	fmt.Fprintf(&s, "  distinct bytes %d read, %d written\n", m.BytesRead, m.BytesWritten)
	if m.HeapAllocations+m.HeapFrees+m.HeapRefused > 0 {
		fmt.Fprintf(&s, "  device heap   %d allocations, %d of them refused; %d freed, %d left\n", m.HeapAllocations+m.HeapRefused, m.HeapRefused, m.HeapFrees, max(0, m.HeapAllocations-m.HeapFrees))
	}
	about := ""
	if c.RegistersEstimated {
		about = "about "
	}
	fmt.Fprintf(&s, "  occupancy %.0f %% (%d blocks a multiprocessor, limited by %s), %d bytes of shared memory, %s%d registers\n", 100*c.Occupancy.Fraction, c.Occupancy.BlocksPerSM, c.Occupancy.Limit, c.SharedBytes, about, c.Registers)
	if c.Sample != nil {
		fmt.Fprintf(&s, "  only %d of %d blocks ran: the counters are scaled, with an error of about %.1f %%; outputs are incomplete\n", c.Sample.Blocks, c.Sample.Of, 100*c.Sample.Error)
	}
	s.WriteString(c.Estimate.String())
	for _, l := range c.Hottest(5) {
		fmt.Fprintf(&s, "    %s:%d  %d warp instructions\n", l.File, l.Line, l.Warp)
	}
	return s.String()
}
