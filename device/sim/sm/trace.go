package sm

import (
	"cmp"
	"math"
	"slices"
)

// A trace is what each warp of a run does: instructions, and marks of loops of which only some turns are in it.
type trace struct {
	steps []step
	spans []span
	count [][]float64 // of each instruction of each block, how often it is there
}

// step is an instruction, or with a negative block the mark of a span.
type step struct{ block, at int32 }

const (
	markMiddle = -1
	markEnd    = -2
)

// span is the turns of a loop in the trace but for the first ones: what stands for those that are not in it.
type span struct {
	turns float64 // in it
	more  float64 // that are not in the trace

	begin, end arrivals // of the warps
}

// arrivals sums up when the warps came somewhere.
type arrivals struct{ first, last, sum float64 }

func (t *arrivals) add(at float64) {
	t.first, t.last, t.sum = min(t.first, at), max(t.last, at), t.sum+at
}

// duration is how long the turns take. Where all warps are in it at some time, that is what they take on average; where the first are
// through before the last begin, they hinder each other, and it is from the first to the last.
func (s *span) duration(warps int) float64 {
	if s.begin.last < s.end.first {
		return (s.end.sum - s.begin.sum) / float64(warps)
	}
	return s.end.last - s.begin.first
}

// A loop is run until its instructions are budget, and at least for some turns, before the rest is counted on: as long as those are after
// the first turns, in which the warps spread.
type traceLimits struct{ budget, fewest, first float64 }

var (
	ofOuterLoops = traceLimits{2000, 10, 3}
	ofInnerLoops = traceLimits{400, 5, 2}
)

type tracer struct {
	p     *Program
	loops []Loop
	times []float64 // of each loop: turns of a warp
	owed  []float64 // of each block and then each loop: fractions of turns that are still to be done
	trace
}

func (p *Program) trace() trace {
	t := tracer{p: p, loops: slices.Clone(p.Loops)}
	// The outer ones first.
	slices.SortFunc(t.loops, func(a, b Loop) int { return cmp.Or(cmp.Compare(a.First, b.First), cmp.Compare(b.Last, a.Last)) })
	for i := range t.loops {
		t.times = append(t.times, t.turns(i))
	}
	t.owed = make([]float64, len(p.Blocks)+len(t.loops))
	for i := range t.owed {
		t.owed[i] = 0.5
	}
	for _, b := range p.Blocks {
		t.count = append(t.count, make([]float64, len(b.Ops)))
	}
	t.emit(0, len(p.Blocks)-1, 0, 1)
	return t.trace
}

// turns is how often the blocks that belong to a loop itself run: the most of them.
func (t *tracer) turns(loop int) (most float64) {
	l := t.loops[loop]
	for b := l.First; b <= l.Last; b++ {
		inner := false
		for _, o := range t.loops[loop+1:] {
			inner = inner || o.First <= b && b <= o.Last && o.Last <= l.Last
		}
		if !inner {
			most = max(most, t.p.Blocks[b].Times)
		}
	}
	if most == 0 { // it is all inner loops
		for b := l.First; b <= l.Last; b++ {
			most = max(most, min(1, t.p.Blocks[b].Times))
		}
	}
	return most
}

// due says how often something is to be done now that is done times in outer turns, so that over many turns it comes out.
func (t *tracer) due(i int, times, outer float64) float64 {
	t.owed[i] += times / max(outer, times/64, 1e-9)
	n := math.Floor(t.owed[i])
	t.owed[i] -= n
	return n
}

// emit appends the blocks first to last of a region that runs outer times; loops from index from on may lie in it.
func (t *tracer) emit(first, last, from int, outer float64) {
	for b := first; b <= last; b++ {
		for from < len(t.loops) && t.loops[from].First < b {
			from++
		}
		if from < len(t.loops) && t.loops[from].First == b && t.loops[from].Last <= last {
			t.emitLoop(from, outer)
			b = t.loops[from].Last
			continue
		}
		for n := t.due(b, t.p.Blocks[b].Times, outer); n > 0; n-- {
			for at := range t.p.Blocks[b].Ops {
				t.steps = append(t.steps, step{int32(b), int32(at)})
				t.count[b][at]++
			}
		}
	}
}

func (t *tracer) emitLoop(i int, outer float64) {
	l, times, limits := t.loops[i], t.times[i], ofOuterLoops
	if slices.ContainsFunc(t.loops[:i], func(o Loop) bool { return l.First <= o.Last }) {
		limits = ofInnerLoops
	}
	if times == 0 || outer == 0 {
		return
	}
	// Whole turns as long as they are few; the average of the rest is counted on.
	n := times / outer
	if n < limits.fewest {
		n = t.due(len(t.p.Blocks)+i, times, outer)
	}
	start, mark := len(t.steps), -1
	for turn := 0.0; turn < math.Floor(n); turn++ {
		done := float64(len(t.steps) - start)
		if turn >= limits.fewest && done+done/turn > limits.budget {
			t.spans[mark].turns, t.spans[mark].more = turn-limits.first, n-turn
			t.steps = append(t.steps, step{markEnd, int32(mark)})
			return
		}
		if turn == limits.first {
			mark = len(t.spans)
			t.spans = append(t.spans, span{begin: arrivals{first: never}, end: arrivals{first: never}})
			t.steps = append(t.steps, step{markMiddle, int32(mark)})
		}
		t.emit(l.First, l.Last, i+1, times)
	}
}
