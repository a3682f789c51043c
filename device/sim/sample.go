package sim

import (
	"math"
	"slices"
)

// sample records what some blocks ask of global memory: those that the chip holds at once and those that follow them, two waves. The
// blocks of the first multiprocessor are recorded from their start to their end, the others for as many lines as there is room for.
//
// Where only a sample is to run ([Options.Sample]), these run for as long as they are recorded, and some blocks all over the grid from
// start to end: what those do on average is taken for all.
type sample struct {
	chip         *Chip
	blocks       int64        // of the launch
	resident     int64        // that a multiprocessor holds at once
	lines        int          // of a warp
	linesOnFirst int          // of a warp of a block on the first multiprocessor
	steps        int64        // of a warp of a block that is cut off
	traces       []blockTrace // by block
	counted      someBlocks   // all over the grid, which stand for all; none if all blocks run
	work         []int64      // instructions of the counted blocks, nil if all blocks run
}

const (
	// Lines of 128 bytes that are recorded, eight bytes each: of all blocks, and of those on the first multiprocessor.
	sampleLines        = 1 << 22
	sampleLinesOnFirst = 1 << 23
	leastLines         = 256 // of a warp

	sampleSteps = 1 << 24 // instructions of all blocks that are cut off
	leastSteps  = 1 << 10 // of a warp
	partialTurn = 1 << 8  // instructions of a warp until others take their turn, in such a block

	countedBlocks = 8
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
	if d.opts.Sample && blocks > countedBlocks && !k.ordered && !k.fences {
		s.counted = someBlocks{countedBlocks, make([]int64, countedBlocks)}
		for i := range s.counted.list {
			s.counted.list[i] = int64(i) * (blocks - 1) / (countedBlocks - 1)
		}
		s.work = make([]int64, countedBlocks)
	}
	return s
}

// wave is how many blocks the chip holds at once.
func (s *sample) wave() int64 { return s.resident * int64(s.chip.SMs) }

// onFirst reports whether a block is among the first that the first multiprocessor holds. Blocks are dealt out one to each in turn.
func (s *sample) onFirst(block int64) bool {
	return block < s.wave() && block%int64(s.chip.SMs) == 0
}

// only reports whether no other blocks are to run.
func (s *sample) only() bool { return s != nil && s.work != nil }

// recorded are the blocks that are recorded and not counted.
func (s *sample) recorded() someBlocks {
	list := []int64{}
	for i := range int64(len(s.traces)) {
		if !slices.Contains(s.counted.list, i) {
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
			b.partial = s.only() && !slices.Contains(s.counted.list, b.index)
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

// end notes how much a counted block did.
func (s *sample) end(b *block) {
	if !s.only() {
		return
	}
	if i := slices.Index(s.counted.list, b.index); i >= 0 {
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
	const n = countedBlocks
	mean := sum / n
	variance := math.Max(0, squares/n-mean*mean) * n / (n - 1)
	return &SampleCount{n, s.blocks, math.Sqrt(variance/n) / math.Max(mean, 1)}
}

// scale gives what all blocks count, from what those that ran did.
func (s *sample) scale(n int64) int64 {
	if !s.only() {
		return n
	}
	return int64(math.Round(float64(n) * float64(s.blocks) / countedBlocks))
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
