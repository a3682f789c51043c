package main

import (
	"fmt"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"cnn-gpu/train"
)

const (
	profileSteps = 20
	profileHelp  = "show at the end how long each op of a step takes, with GFLOP/s and GB/s"
)

// printProfile shows where a step's time goes: a table for people on standard error, or a line of JSON. Kind is what the step does.
func printProfile(cmd *cobra.Command, p *train.Profile, kind string, asJSON bool) error {
	if asJSON {
		return printJSON(cmd, profileLine{p.Ops, kind, p.Batch, p.Steps, p.Estimated})
	}
	t := newTable("Layer", "Op", "Time (µs)", "Share", "GFLOP/s", "GB/s")
	flops, bytes := int64(0), int64(0)
	for _, op := range p.Ops {
		flops, bytes = flops+op.FLOPs, bytes+op.Bytes
		t.AppendRow(table.Row{op.Layer, op.Op, english.Sprintf("%.1f", 1e6*op.Seconds), fmt.Sprintf("%.1f%%", 100*op.Share), rate(op.GFLOPS), rate(op.GBS)})
	}
	seconds := p.Seconds()
	t.AppendFooter(table.Row{"All", "", english.Sprintf("%.1f", 1e6*seconds), "100.0%", rate(float64(flops) / seconds / 1e9), rate(float64(bytes) / seconds / 1e9)})
	rightAlign(t, 3, 4, 5, 6)
	how := fmt.Sprintf("mean of %d steps", p.Steps)
	if p.Estimated {
		how = "estimates of the simulated GPU from what it counted, no measurement"
	}
	w := cmd.ErrOrStderr()
	english.Fprintf(w, "Where the time of a step of %s with %d images goes (%s):\n%s\n", kind, p.Batch, how, t.Render())
	fmt.Fprintln(w, "GFLOP/s counts a multiply-add as two, GB/s each operand once.")
	return nil
}

// profileLine is the line of --json.
type profileLine struct {
	Profile   []train.OpProfile `json:"profile"`
	Kind      string            `json:"kind"`
	Batch     int               `json:"batch"`
	Steps     int               `json:"steps"`
	Estimated bool              `json:"estimated"` // by the simulated GPU: no measurement
}

// rate writes a figure for a second, and nothing where there is none.
func rate(v float64) string {
	if v == 0 {
		return "-"
	}
	return english.Sprintf("%.1f", v)
}
