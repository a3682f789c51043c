package sim

import (
	"cnn-gpu/device/sim/sm"
)

// wave is what a multiprocessor holds at once: some blocks of a kernel, from their start to their end. [wave.run] says how many cycles
// the multiprocessor's own parts take for it, with global memory as fast as use says. How many waves there are, and what L2 and
// DRAM can bring, is not its matter.
type wave struct {
	chip       Chip
	kernel     *Kernel
	blockWarps int         // of a block
	executed   []float64   // how often the launch issues an instruction to a warp, by pc
	access     []pcTraffic // of the launch, by pc
	launched   float64     // warps of the launch
	use        *memoryUse

	program *sm.Program // once it is made
}

// waveTime is how long a wave takes, and for how long of it each pipe is busy.
type waveTime struct {
	Cycles float64
	Waited float64 // of those, until all warps have come to griddepcontrol.wait
	Busy   [sm.Pipes]float64
	Limit  string // a pipe that is busy nearly all the time, or "latency"
	Waits  []LineWaits
}

func newWave(chip Chip, k *Kernel, team []*block, grid, dim [3]uint32, executed []float64, use *memoryUse) *wave {
	v := &wave{chip: chip, kernel: k, blockWarps: (int(dim[0]*dim[1]*dim[2]) + 31) / 32,
		executed: executed, access: make([]pcTraffic, len(k.code)), use: use}
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
	if v.program == nil {
		if v.kernel.machine != nil {
			v.program = v.machineProgram(v.kernel.machine)
		} else {
			v.program = v.ptxProgram()
		}
	}
	m := sm.Machine{Request: 32 / float64(v.chip.LoadStore)}
	r := m.Run(v.program, blocks, v.blockWarps)
	return waveTime{Cycles: r.Cycles, Waited: r.Waited, Busy: r.Busy, Limit: limitOf(r), Waits: v.kernel.waits(r)}
}

// pipeNames are the names of the pipes for people.
var pipeNames = [sm.Pipes]string{
	sm.NoPipe: "issue", sm.FMA: "fp32", sm.IntegerMultiply: "integer multiply", sm.ALU: "integer", sm.FP64: "fp64", sm.Half: "half",
	sm.XU: "special function", sm.Uniform: "uniform", sm.Tensor: "tensor core", sm.Memory: "shared memory and L1",
}

// limitOf names a pipe that is busy nearly all the time, or else "latency".
func limitOf(r *sm.Result) string {
	const nearly = 0.8
	limit, most := "latency", nearly*r.Cycles
	for p, busy := range r.Busy {
		if busy > most {
			limit, most = pipeNames[p], busy
		}
	}
	return limit
}

// busyTogether gives the time for which the pipes of a multiprocessor are busy in some waves and a last one.
func busyTogether(t *waveTime, waves float64, tail *waveTime, hertz float64) (all []Pipe) {
	for p, name := range pipeNames {
		if cycles := waves*t.Busy[p] + tail.Busy[p]; cycles > 0 {
			all = append(all, Pipe{name, cycles / hertz})
		}
	}
	return all
}
