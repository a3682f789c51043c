package sim

// requestKind says what a warp asks of global memory.
type requestKind uint8

const (
	readRequest requestKind = iota
	writeRequest
	atomicRequest
	barrierMark // no request: the warp waits for the others of its block
)

// memoryRequest is what one instruction of a warp asks of global memory.
type memoryRequest struct {
	pc     int32
	kind   requestKind
	bypass bool // goes to L2 and leaves L1 as it is
	lines  uint16
}

// lineRequest is the part of a request that lies in one line of 128 bytes: a number for the line, whose upper bits are the
// allocation; which sectors all of whose bytes are meant, four bits; and which are meant at all, four bits.
type lineRequest uint64

const (
	lineNumberBits   = 25 // of an allocation of 4 GiB
	lineRequestShift = 8
)

func (l lineRequest) line() uint64   { return uint64(l) >> lineRequestShift }
func (l lineRequest) region() uint64 { return uint64(l) >> (lineRequestShift + lineNumberBits) }
func (l lineRequest) sectors() uint8 { return uint8(l) & 15 }
func (l lineRequest) whole() uint8   { return uint8(l) >> 4 }

// warpTrace lists what a warp asked of global memory, in order.
type warpTrace struct {
	requests []memoryRequest
	lines    []lineRequest
	limit    int // of lines
}

// full reports whether nothing more is recorded.
func (t *warpTrace) full() bool { return len(t.lines) >= t.limit }

// mark records that the warp came to a barrier of its block.
func (t *warpTrace) mark() {
	if !t.full() {
		t.requests = append(t.requests, memoryRequest{kind: barrierMark})
	}
}

// recordGlobal records the access of the lanes of m at w.off.
func (w *warp) recordGlobal(a *access, al *allocation, m uint32) {
	if w.trace == nil {
		return
	}
	r := memoryRequest{pc: w.pc, bypass: a.bypass}
	switch a.op {
	case store:
		r.kind = writeRequest
	case update:
		r.kind = atomicRequest
	}
	w.trace.add(r, al.addr>>32-w.b.d.mem.base, &w.off, m, uint32(a.bytes))
}

// add records a request of the lanes of m for bytes each at their offsets in an allocation.
func (t *warpTrace) add(r memoryRequest, region uint64, off *[32]uint32, m uint32, bytes uint32) {
	if t.full() {
		return
	}
	var covered [32 * 4]uint8 // bytes of each sector
	first := len(t.lines)
	for ; m != 0; m &= m - 1 {
		o := off[lowest(m)]
		for end := o + bytes; o < end; {
			next := min(end, (o/sectorBytes+1)*sectorBytes)
			line := lineRequest(region<<lineNumberBits|uint64(o/lineBytes)) << lineRequestShift
			i := len(t.lines) - 1
			for i >= first && t.lines[i]&^0xff != line {
				i--
			}
			if i < first {
				i = len(t.lines)
				t.lines = append(t.lines, line)
			}
			sector := o / sectorBytes % 4
			t.lines[i] |= 1 << sector
			if n := &covered[(i-first)*4+int(sector)]; *n < sectorBytes {
				if *n += uint8(next - o); *n >= sectorBytes {
					t.lines[i] |= 16 << sector
				}
			}
			o = next
		}
	}
	r.lines = uint16(len(t.lines) - first)
	t.requests = append(t.requests, r)
}

// blockTrace is what the warps of a block asked.
type blockTrace []warpTrace
