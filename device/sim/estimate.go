package sim

import (
	"fmt"
	"math"
	"strings"
)

// Occupancy says how many blocks of a kernel a multiprocessor holds at once, and what limits them.
type Occupancy struct {
	BlocksPerSM int     `json:"blocks_per_sm"`
	WarpsPerSM  int     `json:"warps_per_sm"`
	Fraction    float64 `json:"fraction"` // of the warps that a multiprocessor can hold
	Limit       string  `json:"limit"`    // "warps", "blocks", "registers" or "shared memory"
}

// Occupancy computes it from the registers and the shared memory of a kernel. Shared memory is allocated to a block by 128 bytes (CUDA
// occupancy calculator). Where the number of registers is an estimate, see Attributes, and a block would not fit, the compiler to machine
// code has used fewer.
func (d *Device) Occupancy(k *Kernel, threads int, sharedBytes uint32) Occupancy {
	c := d.chip
	warps := max(1, (threads+31)/32)
	o := Occupancy{BlocksPerSM: c.WarpsPerSM / warps, Limit: "warps"}
	limit := func(n int, what string) {
		if n < o.BlocksPerSM {
			o.BlocksPerSM, o.Limit = n, what
		}
	}
	limit(c.BlocksPerSM, "blocks")
	limit(max(1, k.warpsByRegisters()/warps), "registers")
	shared := alignUp(k.staticShared+uint64(sharedBytes), 128) + uint64(c.SharedReserved)
	limit(int(uint64(c.SharedPerSM)/shared), "shared memory")
	o.WarpsPerSM = o.BlocksPerSM * warps
	o.Fraction = float64(o.WarpsPerSM) / float64(c.WarpsPerSM)
	return o
}

// warpsByRegisters is for how many warps a multiprocessor has registers: each of its four parts has a quarter of them, and gives them to a
// warp by 256 (CUDA occupancy calculator).
func (k *Kernel) warpsByRegisters() int {
	const parts, unit = 4, 256
	perWarp := (k.registers*32 + unit - 1) / unit * unit
	return k.module.device.chip.RegistersPerSM / parts / perWarp * parts
}

// Pipe is a part of the chip and the time for which a launch keeps it busy.
type Pipe struct {
	Name    string  `json:"name"`
	Seconds float64 `json:"seconds"`
}

// Estimate is what a launch may take on the chip: an estimate, not a measurement. It takes the longest of what its waves of blocks take
// on a multiprocessor, one after the other (wave.go), and of the pipes that are busy meanwhile.
type Estimate struct {
	Seconds       float64       `json:"seconds"`                    // with LaunchSeconds
	LaunchSeconds float64       `json:"launch_seconds"`             // what it costs to start
	Prologue      float64       `json:"prologue_seconds,omitempty"` // of Seconds, until the first wave has come to griddepcontrol.wait, by machine code
	Limit         string        `json:"limit"`                      // the pipe that limits, "latency" if none is busy
	Pipes         []Pipe        `json:"pipes"`
	Waves         float64       `json:"waves"`            // blocks over what the chip holds at once
	TailSeconds   float64       `json:"tail_seconds"`     // of the last wave, if it does not fill the chip
	SMs           int           `json:"multiprocessors"`  // that have work
	Memory        *MemoryLevels `json:"memory,omitempty"` // if Options.Estimate asked for it
	Waits         []LineWaits   `json:"waits,omitempty"`  // likewise: by source line, those with the most cycles first
	MachineCode   bool          `json:"machine_code"`     // it comes from the kernel's machine code, and not from its PTX
}

// MemoryLevels says what of a launch's memory traffic each level carries.
type MemoryLevels struct {
	L1Bytes        int64   `json:"l1_bytes"` // that loads ask of it, in sectors
	L1HitRate      float64 `json:"l1_hit_rate"`
	L2ReadBytes    int64   `json:"l2_read_bytes"`
	L2HitRate      float64 `json:"l2_hit_rate"` // of reads
	L2WriteBytes   int64   `json:"l2_write_bytes"`
	L2PartialBytes int64   `json:"l2_partial_bytes"` // written, in sectors of which only a part was, and by atomics
	DRAMReadBytes  int64   `json:"dram_read_bytes"`
	DRAMWriteBytes int64   `json:"dram_write_bytes"`
}

// saturation says how the time that multiprocessors take by themselves and the time of L2 or DRAM come together: as a norm of that
// degree, since requests queue before all of the bandwidth is used. By it the reads at rising occupancies of gpu-stream
// (github.com/te42kyfo/gpu-benches) come out within 20 % on an A100, and on an H200 up to half of its bandwidth.
const saturation = 6

// estimate says what a launch takes. Without a wave, which a sample tells of, it is what the pipes take at least.
func (c *Counters) estimate(chip Chip, w *wave) Estimate {
	blocks, sms := int64(c.Grid[0])*int64(c.Grid[1])*int64(c.Grid[2]), int64(chip.SMs)
	held := int64(max(1, c.Occupancy.BlocksPerSM))
	e := Estimate{Limit: "latency", Waves: float64(blocks) / float64(held*sms), LaunchSeconds: chip.LaunchMicroseconds * 1e-6,
		SMs: int(min(sms, blocks))}
	if w == nil {
		m := &c.Memory
		e.Pipes = append(c.pipes(chip),
			Pipe{"L2", float64(m.L2LoadSectors)*sectorBytes/chip.L2Read + float64(m.GlobalStoreSectors)*sectorBytes/chip.L2Write},
			Pipe{"DRAM", float64(m.BytesRead+m.BytesWritten) / (dramReached * chip.DRAM)})
	} else {
		use := w.use
		e.Memory, e.MachineCode = use.levels(), w.kernel.machine != nil
		port := (use.reads + use.writes + use.partial) * sectorBytes / float64(blocks) / chip.L2PerSM
		// Whole waves, and a last one of what is left, which has fewer blocks on each multiprocessor.
		whole, rest := blocks/(held*sms), blocks%(held*sms)
		var t, tail waveTime
		if whole > 0 {
			t = waveOf(w, held, port)
			e.Seconds = float64(whole) * t.Cycles / chip.hertz()
		}
		if rest > 0 {
			tail = waveOf(w, (rest+sms-1)/sms, port)
			e.TailSeconds = tail.Cycles / chip.hertz()
			e.Seconds += e.TailSeconds
		}
		e.Pipes = append(busyTogether(&t, float64(whole), &tail, chip.hertz()),
			Pipe{"L2", use.reads*sectorBytes/chip.L2Read + use.writes*sectorBytes/chip.L2Write + use.partial/chip.L2Partial},
			Pipe{"DRAM", float64(e.Memory.DRAMReadBytes+e.Memory.DRAMWriteBytes) / (dramReached * chip.DRAM)})
		if whole == 0 {
			t = tail
		}
		e.Limit, e.Waits, e.Prologue = t.Limit, t.Waits, t.Waited/chip.hertz()
	}
	memory := Pipe{}
	for _, p := range e.Pipes {
		if p.Name == "L2" || p.Name == "DRAM" {
			if p.Seconds > memory.Seconds {
				memory = p
			}
		} else if p.Seconds > e.Seconds {
			e.Seconds, e.Limit = p.Seconds, p.Name
		}
	}
	if memory.Seconds > e.Seconds {
		e.Limit = memory.Name
	}
	e.Seconds = math.Pow(math.Pow(e.Seconds, saturation)+math.Pow(memory.Seconds, saturation), 1.0/saturation)
	e.Seconds += e.LaunchSeconds
	return e
}

// waveOf is the time of a wave of so many blocks on a multiprocessor, each of which takes some cycles of its way to L2.
func waveOf(w *wave, blocks int64, port float64) waveTime {
	t := w.run(int(blocks))
	if l2 := port * float64(blocks); l2 > t.Cycles {
		t.Cycles, t.Limit = l2, "L2"
	}
	return t
}

// pipes gives the time for which a multiprocessor's parts are busy, on the one that has the most blocks, by the counts of the PTX.
func (c *Counters) pipes(chip Chip) []Pipe {
	blocks := float64(c.Grid[0]) * float64(c.Grid[1]) * float64(c.Grid[2])
	share := math.Ceil(blocks/float64(chip.SMs)) / blocks
	cycles := func(n float64) float64 { return n * share / chip.hertz() }
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
	return []Pipe{
		{"issue", cycles(float64(c.Warp) / 4)},
		{"fp32", cycles(n(Float32, FMA32, Half) / chip.Float32)},
		{"integer", cycles(n(Integer, Predicate) / chip.Integer)},
		{"special function", cycles(n(SpecialFunction) / chip.SpecialFunction)},
		{"conversion", cycles(n(Conversion) / chip.Conversion)},
		{"fp64", cycles(n(Float64) / chip.Float64)},
		{"tensor core", cycles(tensor)},
		{"shared memory and L1", cycles(float64(m.SharedLoadWavefronts+m.SharedStoreWavefronts+m.SharedAtomicWavefronts) + float64(m.GlobalLoadSectors+m.GlobalStoreSectors)/4)},
	}
}

// String tells people what the time is made of, in 80 columns.
func (e *Estimate) String() string {
	var s strings.Builder
	fmt.Fprintf(&s, "  time on the chip: %.1f us, limited by %s (an estimate)\n", e.Seconds*1e6, e.Limit)
	row := func(name string, seconds float64) {
		if share := seconds / e.Seconds; share >= 0.005 {
			fmt.Fprintf(&s, "    %-22s %10.1f us %5.0f %%\n", name, seconds*1e6, 100*share)
		}
	}
	row("start", e.LaunchSeconds)
	row("last, partial wave", e.TailSeconds)
	for _, p := range e.Pipes {
		row(p.Name, p.Seconds)
	}
	if m := e.Memory; m != nil {
		fmt.Fprintf(&s, "    %-6s %12s %12s %8s\n", "", "MB read", "MB written", "hits")
		level := func(name string, read, written int64, hits string) {
			fmt.Fprintf(&s, "    %-6s %12.3f %12.3f %8s\n", name, float64(read)/1e6, float64(written)/1e6, hits)
		}
		percent := func(rate float64) string { return fmt.Sprintf("%.1f %%", 100*rate) }
		level("L1", m.L1Bytes, m.L2WriteBytes, percent(m.L1HitRate))
		level("L2", m.L2ReadBytes, m.L2WriteBytes, percent(m.L2HitRate))
		level("DRAM", m.DRAMReadBytes, m.DRAMWriteBytes, "-")
	}
	s.WriteString(e.waitsText())
	return s.String()
}
