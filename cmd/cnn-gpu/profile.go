package main

import (
	"fmt"
	"path/filepath"
	"slices"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"cnn-gpu/device/sim"
	"cnn-gpu/internal/texttable"
	"cnn-gpu/internal/wording"
	"cnn-gpu/train/bench"
)

const (
	profileSteps = 20
	profileHelp  = "show at the end how long each op of a step takes, with GFLOP/s and GB/s"
)

// unitsOfOps explains the columns of an [opTable].
const unitsOfOps = "GFLOP/s counts a multiply-add as two, GB/s each operand once."

// printProfile shows where a step's time goes: a table for people on standard error, or a line of JSON. Kind is what the step does.
func printProfile(cmd *cobra.Command, p *bench.Profile, kind string, asJSON bool) error {
	if asJSON {
		return printJSON(cmd, profileLine{p.Ops, kind, p.Batch, p.Steps, p.Estimated, p.Replayed})
	}
	w := cmd.ErrOrStderr()
	wording.English.Fprintf(w, "Where the time of a step of %s with %d images goes (%s):\n", kind, p.Batch, origin(p))
	printTable(w, opTable(p))
	fmt.Fprintln(w, unitsOfOps)
	return nil
}

// origin says where the times of a profile come from.
func origin(p *bench.Profile) string {
	switch {
	case p.Estimated:
		return "estimates of the simulated GPU from what it counted, no measurement"
	case p.Replayed:
		return "medians of each op's replays from a graph"
	}
	return fmt.Sprintf("mean of %d steps", p.Steps)
}

// opTable lists the ops of a step, with the part of the roofline where that is known.
func opTable(p *bench.Profile) *texttable.Table {
	header := []any{"Layer", "Op", "µs", "Share", "GFLOP/s", "GB/s"}
	roofline := slices.ContainsFunc(p.Ops, func(op bench.OpProfile) bool { return op.Roofline > 0 })
	if roofline {
		header = append(header, "Roofline")
	}
	limits := slices.ContainsFunc(p.Ops, func(op bench.OpProfile) bool { return op.OpLimit != nil })
	if limits {
		header = append(header, "L2 hits", "Limit", "A warp waits for", "Mostly at")
	}
	t := newTable(header...)
	flops, bytes, least := int64(0), int64(0), 0.0
	for _, op := range p.Ops {
		flops, bytes, least = flops+op.FLOPs, bytes+op.Bytes, least+op.Roofline*op.Seconds
		row := table.Row{op.Layer, op.Op, wording.English.Sprintf("%.1f", 1e6*op.Seconds), percent(op.Share), rate(op.GFLOPS), rate(op.GBS)}
		if roofline {
			row = append(row, percent(op.Roofline))
		}
		if op.OpLimit != nil {
			row = append(row, percent(op.L2HitRate), op.Limit, op.Waits.Most(2), mostly(op.Lines))
		}
		t.AppendRow(row)
	}
	seconds := p.Seconds()
	footer := table.Row{"All", "", wording.English.Sprintf("%.1f", 1e6*seconds), "100.0%", rate(float64(flops) / seconds / 1e9), rate(float64(bytes) / seconds / 1e9)}
	if roofline {
		footer = append(footer, percent(least/seconds))
	}
	t.AppendFooter(footer)
	rightAlign(t, 3, 4, 5, 6, 7)
	t.Spare(6, 5, 4)
	if limits {
		hits := slices.Index(header, any("L2 hits")) + 1
		rightAlign(t, hits)
		t.Spare(hits, len(header))
	}
	return t
}

// mostly is the source line of those to which most of the time goes.
func mostly(lines []sim.LineWaits) string {
	if len(lines) == 0 || lines[0].Line == 0 {
		return "-"
	}
	return fmt.Sprintf("%s:%d", filepath.Base(lines[0].File), lines[0].Line)
}

func percent(part float64) string { return fmt.Sprintf("%.1f%%", 100*part) }

// profileLine is the line of --json.
type profileLine struct {
	Profile   []bench.OpProfile `json:"profile"`
	Kind      string            `json:"kind"`
	Batch     int               `json:"batch"`
	Steps     int               `json:"steps"`
	Estimated bool              `json:"estimated"` // by the simulated GPU: no measurement
	Replayed  bool              `json:"replayed"`  // see [bench.Profile]
}

// rate writes a figure for a second, and nothing where there is none.
func rate(v float64) string {
	if v == 0 {
		return "-"
	}
	return wording.English.Sprintf("%.1f", v)
}
