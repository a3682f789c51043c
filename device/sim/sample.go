package sim

import (
	"fmt"
	"math"
	"slices"
)

// sample records what some blocks ask of global memory: those that the chip holds at once and those that follow them, two waves. The
// blocks of the first multiprocessor are recorded from their start to their end, the others for as many lines as there is room for.
//
// Where only a sample is to run ([Options.Sample]), these run for as long as they are recorded, and some blocks all over the grid from
// start to end. Of these the first and the last block stand for themselves, as those at an end may have work that no other has; what the others do
// on average is taken for all others. Which they are follows from the grid alone. Memory is zero until it is written, so that what nobody computed is
// no NaN, at which training would halt.
type sample struct {
	chip         *Chip
	blocks       int64        // of the launch
	resident     int64        // that a multiprocessor holds at once
	lines        int          // of a warp
	linesOnFirst int          // of a warp of a block on the first multiprocessor
	steps        int64        // of a warp of a block that is cut off
	traces       []blockTrace // by block
	ends, within someBlocks   // the first and the last block; some between them, which stand for all there; none if all blocks run
	work         []int64      // instructions of the blocks within, nil if all blocks run

	counts  pcCounts // of the blocks within
	traffic MemoryCounters
}

const (
	// Lines of 128 bytes that are recorded, eight bytes each: of all blocks, and of those on the first multiprocessor.
	sampleLines        = 1 << 22
	sampleLinesOnFirst = 1 << 23
	leastLines         = 256 // of a warp

	sampleSteps = 1 << 24 // instructions of all blocks that are cut off
	leastSteps  = 1 << 10 // of a warp
	partialTurn = 1 << 8  // instructions of a warp until others take their turn, in such a block

	blocksEnough = 64 // that are counted, of which not the first and the last
	blocksWithin = blocksEnough - 2
)

// sample chooses the blocks of a launch, nil if none is asked for. Blocks that wait for each other are not left out.
func (d *Device) sample(k *Kernel, blocks int64, dim [3]uint32, sharedBytes uint32) *sample {
	if !d.opts.Estimate || d.opts.Checks&Traffic == 0 {
		return nil
	}
	threads := int(dim[0] * dim[1] * dim[2])
	s := &sample{chip: &d.chip, blocks: blocks, resident: int64(max(1, d.Occupancy(k, threads, sharedBytes).BlocksPerSM))}
	s.traces = make([]blockTrace, min(blocks, 2*s.wave()))
	warpsOfBlock := int64(threads+31) / 32
	warps := int64(len(s.traces)) * warpsOfBlock
	s.lines = int(max(leastLines, sampleLines/warps))
	s.linesOnFirst = max(s.lines, int(sampleLinesOnFirst/(warpsOfBlock*s.resident)))
	s.steps = max(leastSteps, sampleSteps/warps)
	if d.opts.Sample && blocks > blocksEnough && !k.ordered && !k.fences {
		s.ends = someBlocks{2, []int64{0, blocks - 1}}
		s.within = someBlocks{blocksWithin, allOver(blocks - 2)}
		s.work = make([]int64, blocksWithin)
	}
	return s
}

// allOver chooses some of so many blocks behind the first: one of each of equal parts, at places that follow no period which a grid may have, such as
// that of the tiles of an image.
func allOver(blocks int64) []int64 {
	list := make([]int64, blocksWithin)
	for i := range list {
		_, place := math.Modf(float64(i) / math.Phi)
		list[i] = 1 + int64((float64(i)+place)*float64(blocks)/blocksWithin)
	}
	return list
}

// wave is how many blocks the chip holds at once.
func (s *sample) wave() int64 { return s.resident * int64(s.chip.SMs) }

// onFirst reports whether a block is among the first that the first multiprocessor holds. Blocks are dealt out one to each in turn.
func (s *sample) onFirst(block int64) bool {
	return block < s.wave() && block%int64(s.chip.SMs) == 0
}

// only reports whether no other blocks are to run.
func (s *sample) only() bool { return s != nil && s.work != nil }

// isWhole reports whether a block of a sample runs from start to end and is counted.
func (s *sample) isWhole(block int64) bool {
	return slices.Contains(s.ends.list, block) || slices.Contains(s.within.list, block)
}

// recorded are the blocks that are recorded and not counted.
func (s *sample) recorded() someBlocks {
	list := []int64{}
	for i := range int64(len(s.traces)) {
		if !s.isWhole(i) {
			list = append(list, i)
		}
	}
	return someBlocks{int64(len(list)), list}
}

// begin makes the warps of a block that begins record their requests, if the block is of the sample.
func (s *sample) begin(b *block) {
	b.partial = false
	var t blockTrace
	if s != nil && b.index < int64(len(s.traces)) {
		limit := s.linesOnFirst
		if !s.onFirst(b.index) {
			limit = s.lines
			b.partial = s.only() && !s.isWhole(b.index)
		}
		t = make(blockTrace, len(b.warps))
		for i := range t {
			t[i].limit = limit
		}
		s.traces[b.index] = t
	}
	for i, w := range b.warps {
		if w.trace = nil; t != nil {
			w.trace = &t[i]
		}
	}
}

// end notes how much a block within did.
func (s *sample) end(b *block) {
	if !s.only() {
		return
	}
	if i := slices.Index(s.within.list, b.index); i >= 0 {
		s.work[i] = 0
		for _, w := range b.warps {
			s.work[i] += w.steps
		}
	}
}

// enough reports whether a warp of a block that is cut off has done what is recorded.
func (s *sample) enough(w *warp) bool { return w.trace.full() || w.steps >= s.steps }

// turn is how many instructions a warp runs before others get their turn.
func (b *block) turn() int64 {
	if b.partial {
		return partialTurn
	}
	return int64(b.d.opts.Quantum)
}

// SampleCount says how many blocks stand for all.
type SampleCount struct {
	Blocks int64   `json:"blocks"`
	Of     int64   `json:"of"`
	Error  float64 `json:"error"` // of what the counters count, relative: the standard error of the mean
}

// tell gives the sample's size and error, nil if all blocks ran.
func (s *sample) tell() *SampleCount {
	if !s.only() {
		return nil
	}
	sum, squares := 0.0, 0.0
	for _, n := range s.work {
		sum += float64(n)
		squares += float64(n) * float64(n)
	}
	const n = blocksWithin
	mean := sum / n
	variance := math.Max(0, squares/n-mean*mean) * n / (n - 1)
	return &SampleCount{blocksEnough, s.blocks, math.Sqrt(variance/n) / math.Max(mean, 1)}
}

// runSample runs the blocks of a sample. The team's counters are then those of the ends.
func runSample(team []*block, s *sample) *Findings {
	if found := run(team, s.recorded()); found != nil {
		return found
	}
	for _, b := range team {
		b.forgetCounts()
	}
	if found := run(team, s.within); found != nil {
		return found
	}
	s.counts = make(pcCounts, len(team[0].counts))
	for _, b := range team {
		s.counts.add(b.counts)
		s.traffic.add(&b.traffic)
		b.forgetCounts()
	}
	return run(team, s.ends)
}

// scale gives what all blocks but the ends count, from what those within that ran did.
func (s *sample) scale(n int64) int64 {
	return int64(math.Round(float64(n) * float64(s.blocks-2) / blocksWithin))
}

// held lists what the multiprocessors hold of the blocks from one on, by multiprocessor.
func (s *sample) held(from int64) [][]blockTrace {
	var sms [][]blockTrace
	for i := from; i < min(from+s.wave(), int64(len(s.traces))); i++ {
		if n := int(i-from) % s.chip.SMs; n == len(sms) {
			sms = append(sms, []blockTrace{s.traces[i]})
		} else {
			sms[n] = append(sms[n], s.traces[i])
		}
	}
	return sms
}

// launchKey is what a sampled launch depends on: as it computes no values, those in memory count for nothing, but what L2 has does.
type launchKey struct {
	kernel      *Kernel
	grid, block [3]uint32
	shared      uint32
	params, l2  string
}

func (d *Device) key(k *Kernel, grid, block [3]uint32, sharedBytes uint32, params []byte) launchKey {
	return launchKey{k, grid, block, sharedBytes, string(params), fmt.Sprint(d.l2)}
}

// sampled is a sampled launch, which need not run again.
type sampled struct {
	counters *Counters
	l2       l2Contents // after it
	lets     bool       // see Node.LetOthersBegin
}

// again gives what the launch would count once more.
func (s *sampled) again(d *Device, n *Node) *Counters {
	d.l2 = s.l2
	if n != nil {
		n.LetOthersBegin = s.lets
	}
	return s.counters
}
