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
// of Nsight Compute's warp states, in plain words.
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

// waitsText tells what a warp's time goes to: all of it, and the lines with the most, in 80 columns.
func waitsText(lines []LineWaits) string {
	total, by := 0.0, map[string]float64{}
	for _, l := range lines {
		total += l.Cycles
		for why, cycles := range l.By {
			by[why] += cycles
		}
	}
	if total == 0 {
		return ""
	}
	s := "  what a warp waits for: " + shares(by, total, 4) + "\n"
	const shown = 5
	for _, l := range lines[:min(shown, len(lines))] {
		if l.Line == 0 || l.Cycles < total/100 {
			continue
		}
		s += fmt.Sprintf("    %3.0f %% at %s:%d: %s\n", 100*l.Cycles/total, filepath.Base(l.File), l.Line, shares(l.By, l.Cycles, 2))
	}
	return s
}

// shares lists the largest parts of a whole.
func shares(by map[string]float64, total float64, most int) string {
	names := slices.SortedFunc(maps.Keys(by), func(a, b string) int { return cmp.Or(cmp.Compare(by[b], by[a]), cmp.Compare(a, b)) })
	var list []string
	for _, name := range names[:min(most, len(names))] {
		if share := 100 * by[name] / total; share >= 1 {
			list = append(list, fmt.Sprintf("%s %.0f %%", strings.ReplaceAll(name, "_", " "), share))
		}
	}
	return strings.Join(list, ", ")
}
