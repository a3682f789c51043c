package main

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"cnn-gpu/device/micro"
	"cnn-gpu/internal/wording"
)

// microResult is what micro found, as JSON has it.
type microResult struct {
	*micro.Report
	Comparison []comparison `json:"comparison,omitempty"` // with --prediction
}

func newMicroCommand() *cobra.Command {
	var device, prediction string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "micro [GROUP...] [flags]",
		Short: "Measure what a GPU does at its best: launches, memories, tensor cores",
		Long: `Measure small things on a GPU, each alone: what the time of any kernel is made of. The groups are

  clock    run until the multiprocessors' clock is up
  graph    microseconds of a graph's node: in chains, with programmatic launch, in branches
  host     what calls cost the host: hand-over to the context's thread, graph launch, upload
  memory   bandwidth of DRAM and L2, and from the L2 to a multiprocessor
  tensor   rate and latency of mma.sync, ldmatrix and loads from shared memory

and without any, all of them. The simulated GPU gives its estimates: of the same kernels, so that they can be held against a real one.`,
		Example: `  cnn-gpu micro
  cnn-gpu micro memory tensor --json
  cnn-gpu micro --device sim:h200 --json > predicted.json
  cnn-gpu micro --prediction predicted.json`,
		ValidArgs: micro.Groups(),
		RunE: func(cmd *cobra.Command, groups []string) error {
			for _, g := range groups {
				if !slices.Contains(micro.Groups(), g) {
					return usageErrorf("there is no group %q; there are %s", g, strings.Join(micro.Groups(), ", "))
				}
			}
			if len(groups) == 0 {
				groups = micro.Groups()
			}
			var predicted microResult
			if err := readPrediction(prediction, &predicted); err != nil {
				return err
			}
			report, err := micro.Run(cmd.Context(), device, groups)
			if err != nil {
				return err
			}
			r := &microResult{Report: report}
			if predicted.Report != nil {
				r.compare(predicted.Report)
			}
			if asJSON {
				return printJSON(cmd, r)
			}
			r.print(cmd.OutOrStdout())
			return nil
		},
	}
	f := cmd.Flags()
	f.SortFlags = false
	f.StringVar(&device, "device", "cuda", "a `GPU`: cuda, cuda:N, sim or sim:CHIP")
	predictionFlag(cmd, &prediction)
	f.BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

// compare holds what both have against each other. What the host takes is of the host alone.
func (r *microResult) compare(predicted *micro.Report) {
	for _, m := range r.Measurements {
		for _, p := range predicted.Measurements {
			if p.Name == m.Name && p.Group != "host" {
				r.Comparison = append(r.Comparison, compared(m.Name, p.Value, m.Value))
			}
		}
	}
}

func (r *microResult) print(w io.Writer) {
	fmt.Fprintln(w, r.Description)
	if r.Estimated {
		fmt.Fprintln(w, "Estimates of the simulated GPU from what it counted, no measurement.")
	}
	t := newTable("What", "Value", "Unit", "Meaning")
	for _, m := range r.Measurements {
		t.AppendRow(table.Row{m.Name, wording.English.Sprintf("%.2f", m.Value), m.Unit, m.What})
	}
	rightAlign(t, 2)
	printTable(w, t)
	for _, s := range r.Skipped {
		fmt.Fprintf(w, "Left out: %s.\n", s)
	}
	if len(r.Comparison) > 0 {
		printTable(w, comparisonTable("What", r.Comparison))
	}
}
