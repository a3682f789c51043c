package sim

// multiprocessor replays what the blocks that share it asked of global memory. Its warps take turns, one request each, as a
// scheduler that is fair lets them, and wait for each other at the barriers of their block. What loads ask for goes through L1, which
// reads by sectors, and writes through to L2 without keeping what it does not have.
type multiprocessor struct {
	l1    *cache
	warps []replay
	turn  int
}

// replay is a warp of whose requests some were replayed.
type replay struct {
	*warpTrace
	block         int
	request, line int // the next ones
	end           int // of the lines that count
	arrived       int // at barriers of its block
	waiting       bool
}

func (r *replay) ended() bool { return r.request >= len(r.requests) || r.line >= r.end }

// newMultiprocessor makes one with so many bytes of L1, and the blocks on it, of whose warps so many lines count.
func newMultiprocessor(l1Bytes uint64, blocks []blockTrace, end int) *multiprocessor {
	m := &multiprocessor{l1: newCache(l1Bytes)}
	for i, b := range blocks {
		for j := range b {
			m.warps = append(m.warps, replay{warpTrace: &b[j], block: i, end: end})
		}
	}
	return m
}

// next gives the next request and its lines, nil if there is none left.
func (m *multiprocessor) next() (*memoryRequest, []lineRequest) {
	for idle := 0; idle < len(m.warps); idle++ {
		w := &m.warps[m.turn]
		m.turn = (m.turn + 1) % len(m.warps)
		for !w.ended() {
			r := &w.requests[w.request]
			if r.kind != barrierMark {
				w.request++
				w.line += int(r.lines)
				return r, w.lines[w.line-int(r.lines) : w.line]
			}
			if !w.waiting {
				w.waiting = true
				w.arrived++
			}
			if !m.passes(w) {
				break
			}
			w.waiting = false
			w.request++
		}
	}
	for i := range m.warps { // all wait: for warps that were cut off, or at barriers of a part of the block
		if w := &m.warps[i]; w.waiting && !w.ended() {
			w.waiting = false
			w.request++
			return m.next()
		}
	}
	return nil, nil
}

// passes reports whether all warps of the block have come as far.
func (m *multiprocessor) passes(w *replay) bool {
	for i := range m.warps {
		if o := &m.warps[i]; o.block == w.block && o.arrived < w.arrived && !o.ended() {
			return false
		}
	}
	return true
}

// through sends a line of a request through L1 and gives the sectors that go on to L2.
func (m *multiprocessor) through(r *memoryRequest, l lineRequest) uint8 {
	if r.kind == readRequest && !r.bypass {
		return l.sectors() &^ m.l1.bring(l.line(), l.sectors())
	}
	return l.sectors()
}
