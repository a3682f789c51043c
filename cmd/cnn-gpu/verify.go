package main

import (
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"cnn-gpu/internal/wording"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
	"cnn-gpu/train/run"
)

func newVerifyCommand() *cobra.Command {
	var (
		o      run.VerifyOptions
		asJSON bool
	)
	cmd := &cobra.Command{
		Use:   "verify RUN [flags]",
		Short: "Train a run anew from its record and compare the weights, bit for bit",
		Long: `Train a run's weights anew, with the settings, the model and the data that its weights file records, and compare the bits. Nothing is
written. It takes as long as the run did.

The exit code is 0 if all bits are the same and 1 if any differ; what differs between the run's device or program and this one is said.

With --json there is one line: "same", "epoch", "values" (of all parameters), "differing", and of those that differ "largest" (difference)
and "parameter" (the first one).`,
		Example: `  cnn-gpu verify runs/mnist-cnn-digits
  cnn-gpu verify runs/mnist-cnn-mnist --data-dir ~/mnist
  cnn-gpu verify runs/mnist-cnn-digits --device cpu --json`,
		Args:              takes(1, 1, "give one run's folder, as in: cnn-gpu verify runs/mnist-cnn-digits"),
		ValidArgsFunction: completeRun,
		RunE: func(cmd *cobra.Command, args []string) error {
			saved, err := loadSaved(cmd, args[0])
			if err != nil {
				return err
			}
			stderr := cmd.ErrOrStderr()
			batch := 0
			if saved.Provenance != nil {
				batch = saved.Provenance.Settings.Batch
			}
			report := newReporter(stderr, stderr, saved.Epoch, batch, "test")
			v, err := saved.Verify(cmd.Context(), o, run.Hooks{OnProgress: func(p train.Progress) { report.progress(p) }})
			report.stop()
			if err != nil {
				return err
			}
			for _, note := range slices.Compact(v.Notes) {
				fmt.Fprintln(stderr, note)
			}
			if asJSON {
				if err := printJSON(cmd, verified{v.Differing == 0, v.Epoch, v.Values, v.Differing, v.Largest, v.Parameter}); err != nil {
					return err
				}
			}
			if v.Differing > 0 {
				return fmt.Errorf("%s: %s of %s values differ, by at most %.3g, the first in %s: the run was not computed as this program computes it here",
					args[0], count(v.Differing), count(v.Values), v.Largest, v.Parameter)
			}
			if !asJSON {
				fmt.Fprintf(cmd.OutOrStdout(), "All %s values after epoch %d are the same, bit for bit.\n", count(v.Values), v.Epoch)
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&o.Data, "data", "", "the data `set`, or the folder or list, if it is elsewhere now (default: what the run was trained on)")
	cmd.Flags().StringVar(&o.DataDir, "data-dir", "", "the `folder` that holds the data set's files now")
	completeFrom(cmd, "data", data.Names()...)
	cmd.Flags().StringVar(&o.Device, "device", "", "the `device` to train on (default: the one that the run had)")
	completeFrom(cmd, "device", "cpu", "cuda", "sim")
	deviceOptionFlags(cmd, &o.DeviceOptions)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON")
	return cmd
}

// verified is the line of --json.
type verified struct {
	Same      bool    `json:"same"`
	Epoch     int     `json:"epoch"`
	Values    int     `json:"values"`
	Differing int     `json:"differing"`
	Largest   float64 `json:"largest,omitempty"`
	Parameter string  `json:"parameter,omitempty"`
}

func count(n int) string { return wording.English.Sprintf("%d", n) }
