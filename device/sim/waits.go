package sim

import (
	"cmp"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"cnn-gpu/device/sim/sm"
)

// LineWaits is what the warps do at a line of the source: the cycles of an average warp of a wave, by what it waits for. The names are those
// of Nsight Compute's warp states, in plain words: "global_memory".
type LineWaits struct {
	File   string             `json:"file"`
	Line   int                `json:"line"`
	Cycles float64            `json:"cycles"`
	By     map[string]float64 `json:"by"`
}

// waits sorts what warps wait for by lines of the CUDA C++ source, those with the most cycles first.
func (k *Kernel) waits(r *sm.Result) []LineWaits {
	lines := map[Place]*sm.Waits{}
	for pc, w := range r.Waits {
		p := Place{}
		if pc >= 0 {
			p = k.line(pc)
		}
		if lines[p] == nil {
			lines[p] = &sm.Waits{}
		}
		lines[p].Add(w)
	}
	var all []LineWaits
	for p, w := range lines {
		x := LineWaits{File: p.File, Line: p.Line, Cycles: w.Sum(), By: map[string]float64{}}
		for i, cycles := range w {
			if cycles > 0 {
				x.By[strings.ReplaceAll(sm.Reason(i).String(), " ", "_")] = cycles
			}
		}
		all = append(all, x)
	}
	slices.SortFunc(all, func(a, b LineWaits) int {
		return cmp.Or(cmp.Compare(b.Cycles, a.Cycles), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return all
}

// WaitShares are the parts of a warp's time by what it waits for, as in LineWaits.
type WaitShares map[string]float64

// WaitShares are those of a launch; empty where the estimate was not asked for them.
func (e *Estimate) WaitShares() WaitShares {
	total, all := 0.0, WaitShares{}
	for _, l := range e.Waits {
		total += l.Cycles
		for why, cycles := range l.By {
			all[why] += cycles
		}
	}
	for why := range all {
		all[why] /= total
	}
	return all
}

// Shares are the parts of the line's cycles.
func (l *LineWaits) Shares() WaitShares {
	all := WaitShares{}
	for why, cycles := range l.By {
		all[why] = cycles / l.Cycles
	}
	return all
}

// Most lists the largest of them, but no more than that many.
func (w WaitShares) Most(n int) string {
	names := slices.SortedFunc(maps.Keys(w), func(a, b string) int { return cmp.Or(cmp.Compare(w[b], w[a]), cmp.Compare(a, b)) })
	var list []string
	for _, name := range names[:min(n, len(names))] {
		if w[name] >= 0.01 {
			list = append(list, fmt.Sprintf("%s %.0f %%", strings.ReplaceAll(name, "_", " "), 100*w[name]))
		}
	}
	return strings.Join(list, ", ")
}

// waitsText tells what a warp's time goes to: all of it, and the lines with the most, in 80 columns.
func (e *Estimate) waitsText() string {
	all := e.WaitShares()
	if len(all) == 0 {
		return ""
	}
	total := 0.0
	for _, l := range e.Waits {
		total += l.Cycles
	}
	s := "  what a warp waits for: " + all.Most(4) + "\n"
	const shown = 5
	for _, l := range e.Waits[:min(shown, len(e.Waits))] {
		if l.Line == 0 || l.Cycles < total/100 {
			continue
		}
		s += fmt.Sprintf("    %3.0f %% at %s:%d: %s\n", 100*l.Cycles/total, filepath.Base(l.File), l.Line, l.Shares().Most(2))
	}
	return s
}
