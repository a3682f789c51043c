package sim

import "math"

// Occupancy says how many blocks of a kernel a multiprocessor holds at once, and what limits them.
type Occupancy struct {
	BlocksPerSM int     `json:"blocks_per_sm"`
	WarpsPerSM  int     `json:"warps_per_sm"`
	Fraction    float64 `json:"fraction"` // of the warps that a multiprocessor can hold
	Limit       string  `json:"limit"`    // "warps", "blocks", "registers" or "shared memory"
}

// Occupancy computes it from the registers and the shared memory of a kernel. Registers are allocated to a warp by 256, shared memory to
// a block by 128 bytes (CUDA occupancy calculator). The number of registers is an estimate, see Attributes: where a block would not fit,
// the compiler to machine code has used fewer.
func (d *Device) Occupancy(k *Kernel, threads int, sharedBytes uint32) Occupancy {
	c := d.chip
	warps := max(1, (threads+31)/32)
	perWarp := (k.registers*32 + 255) / 256 * 256
	o := Occupancy{BlocksPerSM: c.WarpsPerSM / warps, Limit: "warps"}
	limit := func(n int, what string) {
		if n < o.BlocksPerSM {
			o.BlocksPerSM, o.Limit = n, what
		}
	}
	limit(c.BlocksPerSM, "blocks")
	limit(max(1, c.RegistersPerSM/perWarp/warps), "registers")
	shared := alignUp(k.staticShared+uint64(sharedBytes), 128) + uint64(c.SharedReserved)
	limit(int(uint64(c.SharedPerSM)/shared), "shared memory")
	o.WarpsPerSM = o.BlocksPerSM * warps
	o.Fraction = float64(o.WarpsPerSM) / float64(c.WarpsPerSM)
	return o
}

// Pipe is a part of the chip and the time for which a launch keeps it busy.
type Pipe struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// Estimate is what a launch may take on the chip: an estimate, not a measurement. It takes the pipe that is busy for the longest
// time, and assumes that all others work at the same time.
type Estimate struct {
	Seconds float64 `json:"seconds"`
	Limit   string  `json:"limit"` // the pipe that limits, "latency" if none is busy
	Pipes   []Pipe  `json:"pipes"`
	Waves   float64 `json:"waves"` // blocks over what the chip holds at once
}

func (c *Counters) estimate(chip Chip, w *wave) Estimate {
	blocks := float64(c.Grid[0]) * float64(c.Grid[1]) * float64(c.Grid[2])
	sms := float64(chip.SMs)
	// the busiest multiprocessor has this share of all work
	share := math.Ceil(blocks/sms) / blocks
	clock := float64(chip.ClockMHz) * 1e6
	cycles := func(n float64) float64 { return n * share / clock }
	n := func(classes ...Class) (sum float64) {
		for _, x := range classes {
			sum += float64(c.Classes[x].Warp)
		}
		return sum * 32
	}
	m := &c.Memory
	tensor := 0.0
	for _, t := range c.Tensor {
		tensor += float64(t.Flops) / chip.tensorRate(t)
	}
	e := Estimate{Pipes: []Pipe{
		{"issue", cycles(float64(c.Warp) / 4)},
		{"fp32", cycles(n(Float32, FMA32, Half) / chip.Float32)},
		{"integer", cycles(n(Integer, Predicate) / chip.Integer)},
		{"special function", cycles(n(SpecialFunction) / chip.SpecialFunction)},
		{"conversion", cycles(n(Conversion) / chip.Conversion)},
		{"fp64", cycles(n(Float64) / chip.Float64)},
		{"tensor core", cycles(tensor)},
		{"shared memory and L1", cycles(float64(m.SharedLoadWavefronts+m.SharedStoreWavefronts+m.SharedAtomicWavefronts) + float64(m.GlobalLoadSectors+m.GlobalStoreSectors)/4)},
		{"L2", cycles(float64(m.L2LoadSectors+m.GlobalStoreSectors) * 32 / chip.L2PerSM)},
		{"DRAM", float64(m.BytesRead+m.BytesWritten) / chip.DRAM},
	}}
	held := sms * float64(max(1, c.Occupancy.BlocksPerSM))
	e.Waves = blocks / held
	core := w.run(max(1, min(c.Occupancy.BlocksPerSM, int(math.Ceil(blocks/sms)))))
	e.Seconds, e.Limit = core.Cycles*math.Ceil(e.Waves)/clock, core.Limit
	for _, p := range e.Pipes {
		if p.Seconds > e.Seconds {
			e.Seconds, e.Limit = p.Seconds, p.Name
		}
	}
	e.Seconds += chip.LaunchMicroseconds * 1e-6
	return e
}
