package sim

import "fmt"

// deadlock reports where everybody waits.
func (b *block) deadlock() {
	kind, first, at := b.splitWarp()
	w, g, text := b.waiting()
	if first == nil {
		first, at = w, g
	}
	first.pc = at.pc
	first.fault(kind, lowest(at.mask), "no warp can go on%s", text)
}

// splitWarp gives lanes that wait for others of their warp, which live and are elsewhere: at a barrier that takes whole warps, or at an
// instruction that has a member mask.
func (b *block) splitWarp() (Kind, *warp, group) {
	for _, w := range b.warps {
		for _, g := range w.groups {
			in := &b.k.code[g.pc]
			switch {
			case g.state != collecting:
			case in.kind == blockBarrier:
				return DivergentBarrier, w, g
			case in.e >= 0:
				return BadMask, w, g
			}
		}
	}
	return Deadlock, nil, group{}
}

// waiting says where the lanes of the block are, those in loops first, and gives the first of them.
func (b *block) waiting() (first *warp, at group, text string) {
	for _, w := range b.warps {
		if w.active != 0 {
			w.park()
		}
	}
	for _, inLoops := range []bool{true, false} {
		for _, w := range b.warps {
			for _, g := range w.groups {
				if (g.state == runnable) != inLoops {
					continue
				}
				if first == nil {
					first, at = w, g
				}
				if len(text) < maxWaiting {
					text += fmt.Sprintf("; warp %d, lanes %08x at %s", w.id, g.mask, b.k.location(g.pc))
				}
			}
		}
	}
	return first, at, text
}

// maxWaiting is about the length of what is said of who waits where.
const maxWaiting = 400

// reportStuck reports that the block, and others, wait for ever. One that waits at no barrier, and for no other block, is in a loop.
func (b *block) reportStuck(why string, others []*block) {
	defer b.recoverFatal(func() {})
	first, at, text := b.waiting()
	for _, other := range others {
		if len(text) < 2*maxWaiting {
			w, g, _ := other.waiting()
			text += fmt.Sprintf("; %s: warp %d, lanes %08x at %s", formatIndex("block", other.id), w.id, g.mask, b.k.location(g.pc))
		}
	}
	kind, what := EndlessLoop, "the loop goes on for ever: nothing that it reads is changed"
	if why != "" || len(b.mbarriers) > 0 || b.atBarrier() {
		kind, what = Deadlock, "no warp can go on"
	}
	if why != "" {
		why = ": " + why
	}
	first.pc = at.pc
	first.fault(kind, lowest(at.mask), "%s%s%s", what, why, text)
}

// atBarrier reports whether lanes wait for others.
func (b *block) atBarrier() bool {
	for _, w := range b.warps {
		for _, g := range w.groups {
			if g.state != runnable {
				return true
			}
		}
	}
	return false
}
