package sim

import (
	"fmt"
	"slices"
)

// Blocks that may wait for each other take turns, as those that a chip holds at once do: a barrier of the grid, flags, locks. A block
// runs until it ends or until all its warps only wait. Then the next one begins, up to what the chip holds, and those that wait are
// looked at again whenever twice as many have begun: that costs each block a few looks, however many there are.
//
// All of it happens on one goroutine, so that the result depends on nothing else.

// turns runs the blocks of a launch.
type turns struct {
	team     []*block // all that were made
	free     []*block
	live     []*block // that have begun and wait
	begun    int64
	blocks   int64
	capacity int // blocks that the chip holds at once
	stopped  bool
	found    []blockFindings
}

// takeTurns runs a launch, with first and as many more blocks as have to be there at once.
func takeTurns(first *block, blocks int64) (team []*block, f *Findings) {
	t := turns{team: []*block{first}, free: []*block{first}, blocks: blocks, capacity: max(1, first.d.BlocksAtOnce(first.k, first.size(), first.dynamicBytes))}
	t.run()
	return t.team, firstFindings(t.found)
}

// run lets the blocks take turns until all have ended or something was found.
func (t *turns) run() {
	wanted, steps := 1, int64(shortLook)
	for {
		for t.begun < t.blocks && !t.stopped && len(t.live) < min(wanted, t.capacity) {
			t.begin()
		}
		if len(t.live) == 0 {
			return
		}
		switch moved := t.look(); {
		case moved:
			wanted = max(1, len(t.live))
		case t.begun < t.blocks && !t.stopped && len(t.live) < t.capacity:
			wanted = min(2*len(t.live), t.capacity)
		case !slices.ContainsFunc(t.live, func(b *block) bool { return !b.stuck(steps) }):
			if !t.stopped {
				t.deadlock()
			}
			return
		default:
			steps *= 2
		}
	}
}

// begin runs the next block until it ends or waits.
func (t *turns) begin() {
	if len(t.free) == 0 {
		b := t.team[0].another()
		b.prepare(t.team[0].grid, t.team[0].params, t.team[0].launch)
		t.team, t.free = append(t.team, b), append(t.free, b)
	}
	b := t.free[len(t.free)-1]
	t.free = t.free[:len(t.free)-1]
	b.begin(b.launch.block(t.begun))
	t.begun++
	if b.goOn() == waits {
		t.live = append(t.live, b)
	} else {
		t.end(b)
	}
}

// look lets the blocks that wait go on, and reports whether any did.
func (t *turns) look() (moved bool) {
	for _, b := range slices.Clone(t.live) {
		if b.goOn() != waits {
			moved = true
			t.live = slices.DeleteFunc(t.live, func(x *block) bool { return x == b })
			t.end(b)
			if len(t.live) == 0 { // or a finding has ended the launch
				return true
			}
		}
		moved = moved || b.moved
	}
	return moved
}

// end takes what was found in a block. No other begins then, but those that have begun may go on.
func (t *turns) end(b *block) {
	if len(b.reports) > 0 {
		t.found = append(t.found, blockFindings{b.index, Findings{b.reports, b.fatal}})
		t.stopped = true
		if b.fatal {
			t.live = nil
		}
	}
	t.free = append(t.free, b)
}

// deadlock reports where the blocks wait.
func (t *turns) deadlock() {
	b := t.live[0]
	why := ""
	switch waiting := len(t.live); {
	case t.begun < t.blocks:
		sms := b.d.chip.SMs
		why = fmt.Sprintf("%d of the %d blocks of the grid have begun and %d of them wait; the others cannot begin, since the chip holds %d blocks at once (%d on each of %d multiprocessors)",
			t.begun, t.blocks, waiting, t.capacity, t.capacity/sms, sms)
	case waiting > 1:
		why = fmt.Sprintf("%d blocks wait, and nobody writes what they wait for", waiting)
	}
	b.reportStuck(why, t.live[1:])
	t.end(b)
}
