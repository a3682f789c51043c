package sm

import (
	"math"
	"slices"
)

// What Huerta et al. measured on an RTX A6000 (sections 5.3 and 5.4): requests that wait in a part's queue to memory, cycles
// between two requests of one part, and cycles until an access has read its operands.
const (
	queueLength   = 5
	requestCycles = 4
	operandCycles = 10
)

// operandWindow is in how many cycles an instruction has to read its operands (Huerta et al., section 5.2.1).
const operandWindow = 3

// barrierCycles is how long a warp takes to arrive at a barrier: 16 threads arrive in a cycle (CUDA C++ Programming Guide,
// "Synchronization Instructions").
const barrierCycles = 2

// parts of a multiprocessor, with a scheduler each.
const parts = 4

// Run gives the time that blocks of so many warps take together, all of which start at once.
func (m *Machine) Run(p *Program, blocks, blockWarps int) *Result {
	perBlock := (blockWarps + parts - 1) / parts
	warps := (blocks*blockWarps + parts - 1) / parts
	r := &runner{m: m, p: p, trace: p.trace(), sharers: float64(blocks*blockWarps) / float64(warps)}
	registers := p.registers()
	for i := range warps {
		w := &warpState{group: i / perBlock}
		w.defined = make([]result, registers)
		r.warps = append(r.warps, w)
	}
	r.groups = make([]group, (warps+perBlock-1)/perBlock)
	for _, w := range r.warps {
		r.groups[w.group].size++
	}
	r.waits = make([][]Waits, len(p.Blocks))
	for i := range p.Blocks {
		r.waits[i] = make([]Waits, len(p.Blocks[i].Ops))
	}
	r.run()
	return r.result()
}

// registers is one more than the highest register that has to be waited for.
func (p *Program) registers() (n int32) {
	for _, b := range p.Blocks {
		for _, o := range b.Ops {
			for _, x := range o.Defines {
				n = max(n, x+1)
			}
			for _, x := range o.Uses {
				n = max(n, x+1)
			}
		}
	}
	return n
}

// result is when a result is there, and what those wait for who need it.
type result struct {
	at  float64
	why Reason
}

// board is a scoreboard.
type board struct {
	last result
	ends []float64 // for WaitCount, of the latest ones
}

type warpState struct {
	group   int
	next    int     // in the trace
	issued  float64 // when the last instruction was
	free    float64 // the stall count is over
	boards  [Boards]board
	copies  float64 // when those end that are in no group
	defined []result

	ready   float64          // when the next instruction may be issued, but for its pipe
	until   [Reasons]float64 // when each of the reasons is over
	arrived bool
	done    bool
}

// group is the warps of a block in this part.
type group struct {
	size     int
	arrivals []float64 // at a barrier
}

type runner struct {
	m *Machine
	p *Program
	trace
	sharers float64
	warps   []*warpState
	groups  []group
	waits   [][]Waits

	pipes   [Pipes]float64       // when they are free
	banks   [Banks]float64       // when what was issued has read its registers
	starts  [queueLength]float64 // of the last requests to memory, as a ring
	request int
	now     float64
	waited  float64 // when a warp came to a GridWait, the last one
	wait    int     // the step that this is
}

const never = math.MaxFloat64

// op gives the next instruction of a warp, past the marks of loops; nil at the end.
func (r *runner) op(w *warpState) *Op {
	for w.next < len(r.steps) {
		s := r.steps[w.next]
		if s.block >= 0 {
			return &r.p.Blocks[s.block].Ops[s.at]
		}
		x := &r.spans[s.at]
		if s.block == markMiddle {
			x.begin.add(w.issued)
		} else {
			x.end.add(w.issued)
		}
		w.next++
	}
	return nil
}

// prepare works out when the warp's next instruction may be issued.
func (r *runner) prepare(w *warpState) {
	o := r.op(w)
	if o == nil {
		w.done = true
		r.groups[w.group].size--
		r.release(w.group)
		return
	}
	w.until = [Reasons]float64{FixedLatency: w.free}
	wait := func(x result) { w.until[x.why] = max(w.until[x.why], x.at) }
	for i := range w.boards {
		if o.Wait>>i&1 != 0 {
			wait(w.boards[i].last)
		}
	}
	for _, x := range o.Uses {
		wait(w.defined[x])
	}
	if o.Kind == WaitCount {
		b := &w.boards[o.Board]
		if n := len(b.ends) - o.Keep; n > 0 {
			wait(result{b.ends[n-1], b.last.why})
		}
	}
	w.ready = slices.Max(w.until[:])
	if o.Kind == Barrier {
		g := &r.groups[w.group]
		g.arrivals = append(g.arrivals, w.ready)
		w.arrived, w.ready = true, never
		r.release(w.group)
	}
}

// release lets the warps of a block go on when all are at the barrier.
func (r *runner) release(n int) {
	g := &r.groups[n]
	if len(g.arrivals) < g.size || g.size == 0 {
		return
	}
	slices.Sort(g.arrivals)
	last := 0.0
	for _, at := range g.arrivals {
		last = max(last, at) + barrierCycles*r.sharers
	}
	g.arrivals = g.arrivals[:0]
	for _, w := range r.warps {
		if w.arrived && w.group == n {
			w.until[AtBarrier], w.ready, w.arrived = last, last, false
		}
	}
}

// pipe gives when an instruction could enter its pipe.
func (r *runner) pipe(o *Op) float64 {
	if o.Pipe == Memory {
		return r.starts[r.request%queueLength] // the oldest in the queue has left it
	}
	if o.Pipe == NoPipe {
		return 0
	}
	at := r.pipes[o.Pipe]
	for b, n := range o.Reads {
		if n > 0 {
			at = max(at, r.banks[b]+float64(n-operandWindow))
		}
	}
	return at
}

func (r *runner) run() {
	for _, w := range r.warps {
		r.prepare(w)
	}
	current := 0
	for {
		best, soonest := -1, never
		for i := range r.warps {
			// The one that issued last, then from the youngest on.
			n := len(r.warps) - i
			if i == 0 {
				n = current
			} else if n == current {
				n = 0
			}
			w := r.warps[n]
			if w.done {
				continue
			}
			at := max(w.ready, r.pipe(r.op(w)))
			if at <= r.now {
				best = n
				break
			}
			soonest = min(soonest, at)
		}
		if best < 0 {
			if soonest == never {
				return // all have ended, or wait for each other
			}
			r.now = max(math.Ceil(soonest), r.now+1)
			continue
		}
		r.issue(r.warps[best])
		current = best
		r.now++
	}
}

// issue issues the next instruction of a warp now.
func (r *runner) issue(w *warpState) {
	s := r.steps[w.next]
	o := &r.p.Blocks[s.block].Ops[s.at]
	r.account(w, o, &r.waits[s.block][s.at])
	start := r.now
	if o.Kind == GridWait {
		r.waited, r.wait = r.now, w.next
	}
	switch {
	case o.Pipe == Memory:
		start = max(r.now+1, r.pipes[Memory])
		passes := max(o.Busy, 1)
		kept := max(passes, r.m.Request) * r.sharers
		r.pipes[Memory] = start + max(kept, requestCycles)
		r.starts[r.request%queueLength] = start
		r.request++
		start += passes - 1
	case o.Pipe != NoPipe:
		r.pipes[o.Pipe] = r.now + o.Busy
		for b, n := range o.Reads {
			r.banks[b] = max(r.banks[b], r.now) + float64(n)
		}
	}
	end := start + o.Latency
	if o.Copy {
		w.copies = max(w.copies, end)
	}
	if o.Kind == Commit {
		end = w.copies
		if o.Write != None {
			end = max(end, w.boards[o.Write].last.at) // groups end in order
		}
	}
	if o.Write != None {
		w.boards[o.Write].hold(result{end, o.Result})
	}
	if o.Read != None {
		w.boards[o.Read].hold(result{start + operandCycles, ShortScoreboard})
	}
	for _, x := range o.Defines {
		w.defined[x] = result{end, o.Result}
	}
	w.issued, w.free = r.now, r.now+float64(max(o.Stall, 1))
	w.next++
	r.prepare(w)
}

func (b *board) hold(x result) {
	if x.at >= b.last.at {
		b.last = x
	}
	const most = 64 // that DEPBAR can count to
	if len(b.ends) == most {
		b.ends = b.ends[1:]
	}
	b.ends = append(b.ends, b.last.at)
}

// account tells the time since the warp's last instruction by what it waited for.
func (r *runner) account(w *warpState, o *Op, sum *Waits) {
	sum[Issuing]++
	t := w.issued + 1
	if w.next == 0 {
		t = 0
	}
	until := func(end float64, reason Reason) {
		if end = min(end, r.now); end > t {
			sum[reason] += end - t
			t = end
		}
	}
	until(w.until[FixedLatency], FixedLatency)
	if w.until[LongScoreboard] >= w.until[ShortScoreboard] {
		until(w.until[LongScoreboard], LongScoreboard)
	}
	until(w.until[ShortScoreboard], ShortScoreboard)
	until(w.until[LongScoreboard], LongScoreboard)
	until(w.until[AtBarrier], AtBarrier)
	if o.Pipe == Memory {
		until(r.pipe(o), MemoryQueue)
	} else {
		until(r.pipe(o), MathPipe)
	}
	until(r.now, NotSelected)
}

func (r *runner) result() *Result {
	out := &Result{Waits: map[int]*Waits{}, Waited: r.waited + r.rest(r.wait)}
	for _, b := range r.p.Blocks {
		for _, o := range b.Ops {
			busy := o.Busy
			if o.Pipe == Memory {
				busy = max(o.Busy, 1, r.m.Request) * r.sharers
			}
			out.Busy[NoPipe] += b.Times * float64(len(r.warps))
			out.Busy[o.Pipe] += busy * b.Times * float64(len(r.warps))
		}
	}
	for _, w := range r.warps {
		out.Cycles = max(out.Cycles, w.free)
	}
	out.Cycles += r.rest(len(r.steps))
	out.Cycles = max(out.Cycles, slices.Max(out.Busy[:]))
	for b := range r.waits {
		for at := range r.waits[b] {
			emitted := r.count[b][at]
			if emitted == 0 {
				continue
			}
			scale := r.p.Blocks[b].Times / emitted / float64(len(r.warps))
			tag := r.p.Blocks[b].Ops[at].Tag
			if out.Waits[tag] == nil {
				out.Waits[tag] = &Waits{}
			}
			for i, x := range r.waits[b][at] {
				out.Waits[tag][i] += x * scale
			}
		}
	}
	return out
}

// rest is the time of the turns of loops that are not in the trace, up to one of its steps: each takes as long as those of its span did for all
// warps together.
func (r *runner) rest(step int) (sum float64) {
	before := make([]float64, len(r.spans))
	for _, s := range r.steps[:step] {
		switch s.block {
		case markMiddle:
			before[s.at] = sum
		case markEnd:
			x := &r.spans[s.at]
			sum += x.more / x.turns * (x.duration(len(r.warps)) + sum - before[s.at])
		}
	}
	return sum
}
