package sim

// levels replays the requests of a sample of the blocks of a launch through L1 and L2.
type levels struct {
	l1Bytes uint64
	l2      *cache
	held    func(region uint64) bool    // L2 has the allocation from launches before
	seen    map[uint64]*[seenPage]uint8 // by line: the sectors that were touched, and those that were written
}

const seenPage = 8192

// memoryFlow counts what goes from level to level.
type memoryFlow struct {
	loads   int64 // sectors that loads ask of L1
	reads   int64 // sectors that L2 is asked for
	misses  int64 // of those, in DRAM
	writes  int64 // whole sectors that L2 takes
	partial int64 // sectors of which L2 takes a part; those of atomics

	touched, written map[uint64]int64   // distinct bytes by allocation
	found            map[int32]*foundAt // by instruction, of loads and atomics
}

// foundAt counts requests by the farthest level that they had to go to.
type foundAt struct{ l1, l2, dram float64 }

func newMemoryFlow() *memoryFlow {
	return &memoryFlow{touched: map[uint64]int64{}, written: map[uint64]int64{}, found: map[int32]*foundAt{}}
}

func newLevels(l1Bytes, l2Bytes uint64, held func(uint64) bool) *levels {
	return &levels{l1Bytes, newCache(l2Bytes), held, map[uint64]*[seenPage]uint8{}}
}

// run replays what multiprocessors hold at once, by multiprocessor and block, up to so many lines of each warp.
func (v *levels) run(wave [][]blockTrace, end int) *memoryFlow {
	f := newMemoryFlow()
	sms := make([]*multiprocessor, len(wave))
	for i, blocks := range wave {
		sms[i] = newMultiprocessor(v.l1Bytes, blocks, end)
	}
	for len(sms) > 0 {
		rest := sms[:0]
		for _, m := range sms {
			if r, lines := m.next(); r != nil {
				rest = append(rest, m)
				v.request(m, r, lines, f)
			}
		}
		sms = rest
	}
	return f
}

// request sends a request through L1 and L2.
func (v *levels) request(m *multiprocessor, r *memoryRequest, lines []lineRequest, f *memoryFlow) {
	at := f.found[r.pc]
	if at == nil {
		at = &foundAt{}
		f.found[r.pc] = at
	}
	farthest := &at.l1
	for _, l := range lines {
		further := m.through(r, l)
		switch r.kind {
		case readRequest:
			f.loads += sectorCount(l.sectors())
			f.reads += sectorCount(further)
		case writeRequest:
			f.writes += sectorCount(l.whole())
			f.partial += sectorCount(l.sectors() &^ l.whole())
		case atomicRequest:
			f.partial += sectorCount(l.sectors())
		}
		if further == 0 {
			continue
		}
		fresh := v.touch(l, further, r.kind != readRequest, f)
		missed := further &^ v.l2.bring(l.line(), further)
		if v.held(l.region()) {
			missed &^= fresh
		}
		if r.kind == writeRequest {
			continue
		}
		if missed != 0 {
			f.misses += sectorCount(missed)
			farthest = &at.dram
		} else if farthest == &at.l1 {
			farthest = &at.l2
		}
	}
	*farthest++
}

// touch notes that the launch touches sectors of a line, and gives those that it had not touched before.
func (v *levels) touch(l lineRequest, sectors uint8, write bool, f *memoryFlow) (fresh uint8) {
	page := v.seen[l.line()/seenPage]
	if page == nil {
		page = &[seenPage]uint8{}
		v.seen[l.line()/seenPage] = page
	}
	at := &page[l.line()%seenPage]
	fresh = sectors &^ *at
	*at |= sectors
	f.touched[l.region()] += sectorBytes * sectorCount(fresh)
	if write {
		f.written[l.region()] += sectorBytes * sectorCount(sectors&^(*at>>4))
		*at |= sectors << 4
	}
	return fresh
}

func sectorCount(mask uint8) int64 { return int64(popcount(uint32(mask))) }
