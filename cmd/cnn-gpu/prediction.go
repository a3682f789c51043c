package main

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"cnn-gpu/internal/texttable"
	"cnn-gpu/internal/wording"
	"cnn-gpu/train/bench"
)

// comparison is one figure beside what was expected.
type comparison struct {
	What       string  `json:"what"`
	Prediction float64 `json:"prediction"`
	Measured   float64 `json:"measured"`
	Ratio      float64 `json:"ratio"` // measured over predicted; 0 where nothing was predicted
}

func compared(what string, prediction, measured float64) comparison {
	c := comparison{What: what, Prediction: prediction, Measured: measured}
	if prediction != 0 {
		c.Ratio = measured / prediction
	}
	return c
}

func predictionFlag(cmd *cobra.Command, path *string) {
	cmd.Flags().StringVar(path, "prediction", "", "a `file` that the same command wrote with --json, such as of --device sim:h200, to hold this result against")
}

// readPrediction reads such a file; nothing if no path is given.
func readPrediction(path string, v any) error {
	if path == "" {
		return nil
	}
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("--prediction: %w", err)
	}
	if err := json.Unmarshal(text, v); err != nil {
		return fmt.Errorf("--prediction %s: %w; give a file that this command wrote with --json", path, err)
	}
	return nil
}

// comparisonTable lists figures beside what was expected.
func comparisonTable(what string, list []comparison) *texttable.Table {
	t := newTable(what, "Prediction", "Measured", "Ratio")
	for _, c := range list {
		t.AppendRow(table.Row{c.What, wording.English.Sprintf("%.2f", c.Prediction), wording.English.Sprintf("%.2f", c.Measured), wording.English.Sprintf("%.2f", c.Ratio)})
	}
	rightAlign(t, 2, 3, 4)
	return t
}

// stepComparison holds a step of a batch size, and each of its ops, against a prediction. Times are in microseconds.
type stepComparison struct {
	Batch int          `json:"batch"`
	From  string       `json:"from"` // the device of the prediction
	Rows  []comparison `json:"rows"` // the step first
}

// compare holds the batches and ops that both have against each other.
func (r *benchResult) compare(predicted *benchResult) {
	for _, b := range r.Benchmarks {
		for _, p := range predicted.Benchmarks {
			if predicted.Model != r.Model || predicted.Kind != r.Kind || p.Batch != b.Batch {
				continue
			}
			step := b.Graph
			if step == 0 {
				step = b.Median
			}
			c := stepComparison{Batch: b.Batch, From: predicted.Description, Rows: []comparison{compared("step", 1e6*p.Median, 1e6*step)}}
			if b.Profile != nil && p.Profile != nil {
				c.addOps(b.Profile.Ops, p.Profile.Ops)
			}
			r.Comparison = append(r.Comparison, c)
		}
	}
}

// addOps goes along both lists: an op that only one has is left out.
func (c *stepComparison) addOps(measured, predicted []bench.OpProfile) {
	for _, op := range measured {
		at := slices.IndexFunc(predicted, func(p bench.OpProfile) bool { return p.Layer == op.Layer && p.Op == op.Op })
		if at < 0 {
			continue
		}
		c.Rows = append(c.Rows, compared(strings.TrimSpace(op.Layer+" "+op.Op), 1e6*predicted[at].Seconds, 1e6*op.Seconds))
		predicted = predicted[at+1:]
	}
}
