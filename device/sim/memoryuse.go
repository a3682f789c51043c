package sim

import (
	"cmp"
	"math"
	"slices"
)

// memoryUse is what L1, L2 and DRAM have to do for a launch, by what a sample of its blocks asked.
type memoryUse struct {
	loads   float64 // sectors that loads ask of L1
	reads   float64 // sectors that L2 is asked for
	misses  float64 // of those, in DRAM
	writes  float64 // whole sectors that L2 takes
	partial float64 // sectors of which L2 takes a part; those of atomics
	back    float64 // bytes that L2 writes back to DRAM

	alone, wave map[int32]*foundAt // by instruction: on one multiprocessor from start to end; on all, as far as they are recorded
}

// levels sums up for people.
func (u *memoryUse) levels() *MemoryLevels {
	bytes := func(sectors float64) int64 { return int64(math.Round(sectors * sectorBytes)) }
	return &MemoryLevels{
		L1Bytes: bytes(u.loads), L1HitRate: 1 - u.reads/max(u.loads, 1),
		L2ReadBytes: bytes(u.reads), L2HitRate: 1 - u.misses/max(u.reads, 1),
		L2WriteBytes: bytes(u.writes + u.partial), L2PartialBytes: bytes(u.partial),
		DRAMReadBytes: bytes(u.misses), DRAMWriteBytes: int64(u.back),
	}
}

// use replays the sample and scales what it shows to the launch, of which m counts all.
func (d *Device) use(s *sample, sharedBytes uint64, m *MemoryCounters) *memoryUse {
	first, second := s.held(0), s.held(s.wave())
	taken := min(uint64(s.resident)*(alignUp(sharedBytes, 128)+uint64(d.chip.SharedReserved)), uint64(d.chip.SharedPerSM))
	fresh := func() *levels { return newLevels(uint64(d.chip.UnifiedPerSM)-taken, d.chip.L2Bytes, d.l2.holds) }
	alone := fresh().run(first[:1], math.MaxInt)
	part := fresh().run(first[:1], s.lines)
	chip := fresh()
	now := chip.run(first, s.lines)
	later := chip.run(second, s.lines)

	// The first multiprocessor stands for all; the waves were cut off at some part of what their blocks ask.
	ratio := func(a, b int64) float64 { return float64(a) / float64(max(b, 1)) }
	loads, stores := ratio(m.GlobalLoadSectors, alone.loads), ratio(m.GlobalStoreSectors, alone.writes+alone.partial)
	stretch := max(1, ratio(alone.reads, part.reads))
	u := &memoryUse{loads: float64(m.GlobalLoadSectors), reads: float64(alone.reads) * loads, writes: float64(alone.writes) * stores,
		partial: float64(alone.partial) * stores, alone: alone.found, wave: now.found}

	// A later wave finds in L2 what the one before it brought, if all of that fits.
	missesNow := ratio(now.misses, now.reads)
	missesLater := missesNow
	brought := 0.0
	for _, bytes := range now.touched {
		brought += float64(bytes) * stretch
	}
	if later.reads > 0 && brought <= float64(d.chip.L2Bytes) {
		missesLater = ratio(later.misses, later.reads)
	}
	inFirst := min(1, ratio(s.wave(), s.blocks))
	u.misses = u.reads * (inFirst*missesNow + (1-inFirst)*missesLater)
	u.back = float64(d.l2.touch(s.footprint(d, alone, now, later, stretch, stores), int64(d.chip.L2Bytes)))
	return u
}

// footprint lists the allocations that the launch uses, with how many bytes it touches and writes.
func (s *sample) footprint(d *Device, alone, now, later *memoryFlow, stretch, stores float64) (list []heldArray) {
	traced := min(s.wave(), int64(len(s.traces)))
	more := float64(s.blocks-traced) / float64(max(1, int64(len(s.traces))-traced)) // later blocks, for one in the second wave
	arrays := map[uint64]*heldArray{}
	at := func(region uint64) *heldArray {
		if arrays[region] == nil {
			arrays[region] = &heldArray{region: region}
		}
		return arrays[region]
	}
	for region, bytes := range now.touched {
		at(region).bytes += int64(float64(bytes) * stretch)
	}
	for region, bytes := range later.touched {
		at(region).bytes += int64(float64(bytes) * stretch * more)
	}
	for region, bytes := range alone.written {
		at(region).dirty = int64(float64(bytes) * stores)
	}
	for region, a := range arrays {
		size := int64(d.mem.regions[region].size)
		a.dirty = min(a.dirty, size)
		a.bytes = min(max(a.bytes, a.dirty), size)
		list = append(list, *a)
	}
	return list
}

// latency is how many cycles a warp waits for what the instruction at pc loads, on average.
func (u *memoryUse) latency(chip *Chip, pc int) float64 {
	at, far := u.alone[int32(pc)], u.wave[int32(pc)]
	if at == nil || at.l1+at.l2+at.dram == 0 {
		return chip.L2Latency
	}
	dram := u.misses / max(u.reads, 1)
	if far != nil && far.l2+far.dram > 0 {
		dram = far.dram / (far.l2 + far.dram)
	}
	missed := at.l2 + at.dram
	return (at.l1*chip.L1Latency + missed*((1-dram)*chip.L2Latency+dram*chip.DRAMLatency)) / (at.l1 + missed)
}

// l2Contents is which allocations L2 has after a launch, those that were touched last first.
type l2Contents []heldArray

// heldArray is what a launch touches of an allocation, and what of it only L2 has.
type heldArray struct {
	region       uint64
	bytes, dirty int64
}

func (c l2Contents) holds(region uint64) bool {
	return slices.ContainsFunc(c, func(a heldArray) bool { return a.region == region })
}

// touch notes what a launch touches, the smallest last, as what is used again and again is. It gives the bytes that are written back
// as they have to leave.
func (c *l2Contents) touch(list []heldArray, size int64) (back int64) {
	slices.SortFunc(list, func(a, b heldArray) int {
		return cmp.Or(cmp.Compare(a.bytes, b.bytes), cmp.Compare(a.region, b.region))
	})
	for _, old := range *c {
		if i := slices.IndexFunc(list, func(a heldArray) bool { return a.region == old.region }); i >= 0 {
			list[i].bytes, list[i].dirty = max(list[i].bytes, old.bytes), max(list[i].dirty, old.dirty)
		} else {
			list = append(list, old)
		}
	}
	*c = nil
	for _, a := range list {
		if size -= a.bytes; size >= 0 {
			*c = append(*c, a)
		} else {
			back += a.dirty
		}
	}
	return back
}
