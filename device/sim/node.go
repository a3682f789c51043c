package sim

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"unsafe"
)

// Launches of a graph may run at the same time where no path of edges leads from one to the other. They race when one of them writes what
// the other reads or writes, and not both accesses are strong (race.go). Each 4 bytes of an allocation keep the stamp of the launch that
// wrote them last and of those that have read them since and that nothing orders, as "FastTrack" does for threads (order.go): so a race is
// found in whatever order the simulator runs the launches. Strong loads are not kept.

// Together are the launches of a graph, or others that may run at the same time.
type Together struct {
	names []string // of their kernels, once they have begun
	first uint32   // the stamp of the first launch

	mu       sync.Mutex
	firstSet uint32     // the stamp of the first set
	sets     [][]uint32 // of readers, by their stamp
	known    map[[2]uint32]uint32
}

const (
	setStamps = 1 << 31 // where the stamps of sets of launches begin
	maxSets   = 1 << 16 // of launches that are together; of those beyond them one launch is kept
)

// Together makes ready for so many launches with [Device.LaunchNode].
func (d *Device) Together(launches int) *Together {
	d.busy.Lock()
	defer d.busy.Unlock()
	if last := uint64(d.nodes) + uint64(launches); last >= setStamps || d.nodeSets >= setStamps-maxSets {
		d.mem.forgetNodes()
		d.nodes, d.nodeSets = 0, 0
	}
	t := &Together{names: make([]string, launches), first: d.nodes + 1, firstSet: setStamps + d.nodeSets, known: map[[2]uint32]uint32{}}
	d.nodes, d.nodeSets = d.nodes+uint32(launches), d.nodeSets+maxSets
	return t
}

// Node is one of several launches, with those that have ended when it begins: a bit for each by its number.
type Node struct {
	*Together
	Number int
	Ended  []uint64
	Waited []uint64 // for one that begins before those before it have ended: those that have when griddepcontrol.wait returns; else nil

	LetOthersBegin bool // after it has run: it came to griddepcontrol.launch_dependents
}

func has(set []uint64, i uint32) bool { return set[i/64]>>(i%64)&1 != 0 }

// nodeShadow is what is known of the launches that have used an allocation, by 4 bytes.
type nodeShadow struct{ writer, reader, strong []uint32 }

func (a *allocation) nodeShadow() *nodeShadow {
	if s := a.nodes.Load(); s != nil {
		return s
	}
	n := a.size/4 + 8
	a.nodes.CompareAndSwap(nil, &nodeShadow{make([]uint32, n), make([]uint32, n), make([]uint32, n)})
	return a.nodes.Load()
}

func (m *memory) forgetNodes() {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, a := range m.regions {
		a.nodes.Store(nil)
	}
}

// nodePast are stamps that a block has found to be ordered before its own launch, the last one of each kind.
type nodePast struct{ writer, reader, strong uint32 }

// checkNode looks at an access for launches that it races with, and notes it.
func (w *warp) checkNode(a *access, al *allocation, m uint32) {
	n, s, past := w.b.launch.node, al.nodeShadow(), &w.b.past
	x := nodeCheck{w: w, n: n, a: a, al: al, me: n.first + uint32(n.Number)}
	if x.early = n.Waited != nil && m&^w.waited != 0; x.early { // what is past is so after the wait
		past = &nodePast{}
	}
	reads := a.op == load || a.op == asyncCopy
	for k := uint32(0); k < uint32((a.bytes+3)&^3); k += 4 {
		at := func(list []uint32, x, y uint32) uint32 {
			return lanesUnlike(unsafe.Pointer(&list[0]), &w.off, k, 0, x, y, m)
		}
		if lanes := at(s.writer, past.writer, x.me); lanes != 0 {
			x.against(s.writer, lanes, k, &past.writer, "wrote")
		}
		if lanes := at(s.strong, past.strong, x.me); lanes != 0 && !a.strong {
			x.against(s.strong, lanes, k, &past.strong, "wrote with an atomic or a volatile store")
		}
		switch {
		case reads && a.strong:
		case reads:
			if lanes := at(s.reader, x.me, x.me); lanes != 0 {
				x.noteReader(s.reader, lanes, k)
			}
		default:
			if lanes := at(s.reader, past.reader, x.me); lanes != 0 {
				x.against(s.reader, lanes, k, &past.reader, "read")
			}
			list := s.writer
			if a.strong {
				list = s.strong
			}
			for lanes := at(list, x.me, x.me); lanes != 0; lanes &= lanes - 1 {
				atomic.StoreUint32(&list[(w.off[lowest(lanes)]+k)>>2], x.me)
			}
		}
	}
}

// nodeCheck is the look at one access.
type nodeCheck struct {
	w  *warp
	n  *Node
	a  *access
	al *allocation
	me uint32

	early bool // some lanes have not waited
}

// against reports the launches of stamps that are not ordered before the access.
func (x *nodeCheck) against(list []uint32, lanes, k uint32, past *uint32, did string) {
	for ; lanes != 0; lanes &= lanes - 1 {
		i := lowest(lanes)
		c := (x.w.off[i] + k) >> 2
		stamp := atomic.LoadUint32(&list[c])
		if stamp == x.me || !x.early && stamp == *past {
			continue
		}
		if other := x.unordered(stamp, i); len(other) > 0 {
			x.report(other[0], i, c, did)
		} else if !x.early {
			*past = stamp
		}
	}
}

// noteReader notes that the launch reads, beside those that have read and that nothing orders before it.
func (x *nodeCheck) noteReader(list []uint32, lanes, k uint32) {
	for ; lanes != 0; lanes &= lanes - 1 {
		i := lowest(lanes)
		at := &list[(x.w.off[i]+k)>>2]
		stamp := atomic.LoadUint32(at)
		next := x.me
		if others := x.unordered(stamp, i); len(others) > 0 {
			next = x.n.with(stamp, append(others, x.me))
		}
		if next != stamp {
			atomic.StoreUint32(at, next)
		}
	}
}

// with gives the stamp of a set of launches that comes of the one with a stamp and one more.
func (t *Together) with(stamp uint32, all []uint32) uint32 {
	me := all[len(all)-1]
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.holds(stamp) && slices.Contains(t.sets[stamp-t.firstSet], me) {
		return stamp
	}
	key := [2]uint32{stamp, me}
	if t.known[key] == 0 {
		if len(t.sets) == maxSets {
			return me
		}
		t.known[key] = t.firstSet + uint32(len(t.sets))
		t.sets = append(t.sets, all)
	}
	return t.known[key]
}

// holds says whether a stamp is one of the sets.
func (t *Together) holds(stamp uint32) bool { return stamp >= t.firstSet && stamp-t.firstSet < maxSets }

// unordered gives the stamps of the other launches that a stamp stands for and that may not have ended when a lane does the access.
func (x *nodeCheck) unordered(stamp uint32, lane int) (all []uint32) {
	one := [1]uint32{stamp}
	members := one[:]
	if stamp >= setStamps {
		if !x.n.holds(stamp) { // of launches before these
			return nil
		}
		x.n.mu.Lock()
		members = x.n.sets[stamp-x.n.firstSet]
		x.n.mu.Unlock()
	}
	for _, s := range members {
		if s < x.n.first || s-x.n.first >= uint32(len(x.n.names)) || s == x.me {
			continue
		}
		if i := s - x.n.first; !has(x.n.Ended, i) && (x.n.Waited == nil || x.w.waited>>lane&1 == 0 || !has(x.n.Waited, i)) {
			all = append(all, s)
		}
	}
	return all
}

func (x *nodeCheck) report(other uint32, lane int, c uint32, did string) {
	does := "writes"
	switch x.a.op {
	case load, asyncCopy:
		does = "reads"
	case update:
		does = "does an atomic on"
	}
	i := other - x.n.first
	kind, missing := LaunchRace, "nothing orders the two launches"
	if x.n.Waited != nil && has(x.n.Waited, i) {
		kind, missing = EarlyAccess, "that launch may not have ended before griddepcontrol.wait returns"
	}
	x.w.reportArray(kind, x.w.pc, lane, x.w.allocationName(x.al), "launch %d, %s, %s what launch %d, %s, %s, at offset %d: %s",
		x.n.Number, x.n.names[x.n.Number], does, i, x.n.names[i], did, 4*uint64(c), missing)
}

// neverWaited is the finding of a launch that begins early and does not wait: its end does not say that what came before it has ended.
func (k *Kernel) neverWaited(n *Node) *Findings {
	r := k.describe(0)
	r.Severity, r.Kind = Error, EarlyAccess
	r.Message = fmt.Sprintf("launch %d, %s, may begin before those before it have ended, and no thread of it comes to griddepcontrol.wait", n.Number, n.names[n.Number])
	return &Findings{Reports: []*Report{r}}
}
