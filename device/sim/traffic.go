package sim

import (
	"math/bits"
	"sync/atomic"
	"unsafe"
)

// countGlobal counts the sectors of a request.
func (w *warp) countGlobal(read bool, al *allocation, m uint32, bytes uint64) {
	n, lines := distinctSectors(&w.off, m)
	t := &w.b.traffic
	at := &w.b.access[w.pc]
	at.globalRequests++
	at.globalSectors += n
	at.globalLines += lines
	total := int64(popcount(m)) * int64(bytes)
	ideal := min((total+31)/32, n)
	sh := al.sectors()
	if read {
		t.GlobalLoads++
		t.GlobalLoadSectors += n
		t.GlobalLoadIdeal += ideal
		t.GlobalLoadBytes += total
		m = w.b.firstReads(al, &w.off, m)
		t.BytesRead += w.b.stampSectors(sh.sectorRead, &w.off, m)
		return
	}
	t.GlobalStores++
	t.GlobalStoreSectors += n
	t.GlobalStoreIdeal += ideal
	t.GlobalStoreBytes += total
	t.BytesWritten += w.b.stampSectors(sh.sectorWritten, &w.off, m)
}

// stampSectors marks sectors as touched in this launch and gives the bytes of those that were not.
func (b *block) stampSectors(stamps []uint32, off *[32]uint32, m uint32) (bytes int64) {
	if m == 0 {
		return 0
	}
	for x := lanesUnlike(unsafe.Pointer(&stamps[0]), off, 0, 3, b.sector, b.sector, m); x != 0; x &= x - 1 {
		if atomic.SwapUint32(&stamps[off[lowest(x)]>>5], b.sector) != b.sector {
			bytes += 32
		}
	}
	return bytes
}

// sectorReads says for each region of memory in which round a sector was last read. Each block is a round; those that take turns
// share one.
type sectorReads struct {
	seen  [][]uint32
	round uint32
}

func (s *sectorReads) next() uint32 {
	if s.round++; s.round == 0 {
		s.seen, s.round = nil, 1
	}
	return s.round
}

// firstReads counts the sectors that the block has not read before, and gives a lane for each.
func (b *block) firstReads(al *allocation, off *[32]uint32, m uint32) (first uint32) {
	r := int(al.addr>>32 - b.d.mem.base)
	for len(b.reads.seen) <= r {
		b.reads.seen = append(b.reads.seen, nil)
	}
	seen := b.reads.seen[r]
	if seen == nil {
		seen = make([]uint32, al.size/32+8)
		b.reads.seen[r] = seen
	}
	for x := lanesUnlike(unsafe.Pointer(&seen[0]), off, 0, 3, b.round, b.round, m); x != 0; x &= x - 1 {
		if s := &seen[off[lowest(x)]>>5]; *s != b.round {
			*s = b.round
			b.traffic.L2LoadSectors++
			first |= x & -x
		}
	}
	return first
}

// distinctSectors counts the sectors and the lines of 128 bytes that the lanes touch. As a rule the offsets rise from lane to lane.
func distinctSectors(off *[32]uint32, m uint32) (sectors, lines int64) {
	last := int64(-4)
	for x := m; x != 0; x &= x - 1 {
		s := int64(off[lowest(x)] >> 5)
		if s < last {
			return distinctUnsorted(off, m)
		}
		if s > last {
			sectors++
			if s>>2 > last>>2 {
				lines++
			}
		}
		last = s
	}
	return sectors, lines
}

func distinctUnsorted(off *[32]uint32, m uint32) (sectors, lines int64) {
	var list [32]uint32
	n := 0
next:
	for ; m != 0; m &= m - 1 {
		s, inLine := off[lowest(m)]>>5, false
		for i := n - 1; i >= 0; i-- {
			if list[i] == s {
				continue next
			}
			inLine = inLine || list[i]>>2 == s>>2
		}
		list[n&31] = s
		n++
		if !inLine {
			lines++
		}
	}
	return int64(n), lines
}

// bankPattern is how the lanes of an instruction lay in shared memory when it last ran: in loops they lie so again, some way on, which
// is the same to the banks.
type bankPattern struct {
	mask   uint32
	off    [32]uint32
	same   []uint32 // see places
	asked  int      // how often for them
	passes [4]int64 // wavefronts of accesses of up to 4, of 8, 16 and 32 bytes, 0 where they were not counted yet
}

// bankPattern gives that of the instruction at pc for lanes at their offsets.
func (b *block) bankPattern(pc int32, off *[32]uint32, m uint32) *bankPattern {
	if b.patterns == nil {
		b.patterns = make([]*bankPattern, len(b.k.code))
	}
	p := b.patterns[pc]
	if p == nil {
		p = &bankPattern{}
		b.patterns[pc] = p
	}
	if p.mask != m || !p.moved(off) {
		*p = bankPattern{mask: m, off: *off, same: p.same[:0]}
	}
	return p
}

// moved reports whether the lanes lie as they did, whole units of any size on.
func (p *bankPattern) moved(off *[32]uint32) bool {
	by := off[0] - p.off[0]
	unlike := by & 15
	for i, o := range off {
		unlike |= o - p.off[i] ^ by
	}
	return unlike == 0
}

// places gives the lanes that want the same place, for each place. Where a pattern is new and may never come again it only joins neighbours.
func (p *bankPattern) places() []uint32 {
	if p.asked++; p.asked > 2 {
		return p.same
	}
	p.same = p.same[:0]
next:
	for x := p.mask; x != 0; x &= x - 1 {
		o, last := p.off[lowest(x)], len(p.same)-1
		for i := last; i >= 0 && (i == last || p.asked == 2); i-- {
			if p.off[lowest(p.same[i])] == o {
				p.same[i] |= x & -x
				continue next
			}
		}
		p.same = append(p.same, x&-x)
	}
	return p.same
}

func (p *bankPattern) wavefronts(bytes uint32) int64 {
	n := &p.passes[max(bits.Len32(bytes), 3)-3]
	if *n == 0 {
		*n = wavefronts(&p.off, p.mask, bytes)
	}
	return *n
}

// wavefronts counts the passes that shared memory needs. It has 32 banks of 4 bytes, and serves accesses of 8 bytes by half warps and of
// 16 by quarters: 128 bytes of aligned units in a pass, in as many banks as there are units. Lanes that want the same unit share it.
func wavefronts(off *[32]uint32, m uint32, bytes uint32) (n int64) {
	log := max(bits.Len32(bytes)-1, 2)
	part := 128 >> log // lanes, and banks
	for p := 0; p < 32; p += part {
		lanes := m & (fullMask >> (32 - part) << p)
		var unit [32]uint32 // the first one in each bank, plus one
		conflict := false
		for x := lanes; x != 0; x &= x - 1 {
			u := off[lowest(x)] >> log
			first := &unit[u&uint32(part-1)]
			if *first == 0 {
				*first = u + 1
			} else if *first != u+1 {
				conflict = true
			}
		}
		switch {
		case conflict:
			n += worstBank(off, lanes, log, uint32(part-1))
		case lanes != 0:
			n++
		}
	}
	return n
}

// worstBank gives the most distinct units that fall into one bank.
func worstBank(off *[32]uint32, lanes uint32, log int, bank uint32) int64 {
	var units [32]uint32
	var count [32]int64
	n, worst := 0, int64(0)
next:
	for x := lanes; x != 0; x &= x - 1 {
		u := off[lowest(x)] >> log
		for _, v := range units[:n] {
			if u == v {
				continue next
			}
		}
		units[n] = u
		n++
		count[u&bank]++
		worst = max(worst, count[u&bank])
	}
	return worst
}

// idealWavefronts is what the distinct bytes of the request need without conflicts.
func idealWavefronts(m uint32, bytes uint32) int64 {
	return int64((uint32(popcount(m))*bytes + 127) / 128)
}
