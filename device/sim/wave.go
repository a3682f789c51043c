package sim

import "math"

// wave is what a multiprocessor holds at once: some blocks of a kernel, from their start to their end. [wave.run] says how many cycles
// the multiprocessor's own parts take for it, with global memory as fast as latency says. How many waves there are, and what L2 and
// DRAM can bring, is not its matter.
type wave struct {
	chip       Chip
	kernel     *Kernel
	blockWarps int         // of a block
	executed   []float64   // how often the launch issues an instruction to a warp, by pc
	access     []pcTraffic // of the launch, by pc
	launched   float64     // warps of the launch

	// latency gives the cycles from an access to global memory at pc to its result, when nothing else is in the way: the average over
	// where the data is found.
	latency func(pc int) float64
}

// waveTime is how long a wave takes.
type waveTime struct {
	Cycles float64
	Limit  string // the part that is busy for the longest time, or "latency"
}

func newWave(chip Chip, k *Kernel, team []*block, grid, dim [3]uint32) *wave {
	v := &wave{chip: chip, kernel: k, blockWarps: (int(dim[0]*dim[1]*dim[2]) + 31) / 32,
		executed: make([]float64, len(k.code)), access: make([]pcTraffic, len(k.code))}
	v.launched = float64(grid[0]) * float64(grid[1]) * float64(grid[2]) * float64(v.blockWarps)
	for _, b := range team {
		for pc := range v.access {
			v.access[pc].add(&b.access[pc])
		}
	}
	return v
}

// run gives the time of a wave of as many blocks, each warp of which does what the launch's warps do on average.
func (v *wave) run(blocks int) waveTime {
	instructions := 0.0 // of a warp
	for _, n := range v.executed {
		instructions += n / v.launched
	}
	warps := float64(blocks * v.blockWarps)
	t := waveTime{Cycles: instructions * v.chip.LatencyCk, Limit: "latency"}
	if issue := instructions * math.Ceil(warps/4); issue > t.Cycles {
		t = waveTime{issue, "issue"}
	}
	return t
}
