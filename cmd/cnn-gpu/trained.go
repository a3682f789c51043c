package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"cnn-gpu/device"
	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/run"
)

// trained is a trained model on a device.
type trained struct {
	*run.Saved
	device  device.Device
	trainer *train.Trainer
	stderr  io.Writer
}

// openTrained reads a run's folder or a weights file and puts the model on a device, to multiply in a precision.
func openTrained(cmd *cobra.Command, path, deviceName string, o device.Options, p kernels.Precision) (*trained, error) {
	saved, err := loadSaved(cmd, path)
	if err != nil {
		return nil, err
	}
	if !saved.Unfinished && saved.Weights.Checksum() == "" { // checkpoints without one are refused
		fmt.Fprintf(cmd.ErrOrStderr(), "%s has no checksum, so nothing would tell if it were damaged: another program wrote it, or an early version of this one.\n", path)
	}
	loss, err := saved.Loss()
	if err != nil {
		return nil, err
	}
	d, err := device.Open(deviceName, o)
	if err != nil {
		return nil, err
	}
	if saved.Unfinished {
		fmt.Fprintf(cmd.ErrOrStderr(), "The run was interrupted in its first epoch: these are the weights of its checkpoint. Go on with: cnn-gpu train --resume %s\n", wording.Argument(path))
	}
	sayDevice(cmd, d, deviceName)
	t, err := train.Compile(saved.Model, train.Options{
		Device: d, Weights: saved.Weights, Loss: loss, Targets: saved.Targets(), SampleWeights: saved.SampleWeights(), Normalization: saved.Normalization(),
		Metrics: []train.Metric{train.Accuracy}, Precision: p,
	})
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	return &trained{saved, d, t, cmd.ErrOrStderr()}, nil
}

func (t *trained) Close() error { return errors.Join(t.trainer.Close(), t.device.Close()) }

// loadSaved reads a run's folder or a weights file, and says what is worth knowing about that.
func loadSaved(cmd *cobra.Command, path string) (*run.Saved, error) {
	saved, err := run.Load(path)
	if err != nil {
		return nil, err
	}
	for _, note := range saved.Notes {
		fmt.Fprintln(cmd.ErrOrStderr(), note)
	}
	return saved, nil
}

// checkFinite refuses what weights with NaN or Inf answer to the images that where names.
func checkFinite[F float32 | float64](where, what string, values ...F) error {
	for _, v := range values {
		if v := float64(v); math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("%s: %s is %v: the weights are of no use; train again, with a lower learning rate", where, what, v)
		}
	}
	return nil
}

// folderOf is a run's folder, or the folder that holds a weights file.
func folderOf(path string) string {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return path
	}
	return filepath.Dir(path)
}

// sayDevice names the device; what auto chose is never left in the dark.
func sayDevice(cmd *cobra.Command, d device.Device, asked string) {
	chosen := ""
	if asked == "auto" {
		chosen = ", chosen by --device auto"
	}
	remarks := ""
	if list := device.Remarks(d); len(list) > 0 {
		remarks = " (" + strings.Join(list, "; ") + ")"
	}
	fmt.Fprintf(cmd.ErrOrStderr(), "Device%s: %s%s\n", chosen, d, remarks)
}

// modelFlag adds the flag that chooses a model.
func modelFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "model", "mnist-cnn", "a `model` of the zoo (see cnn-gpu models) or a YAML file")
	completeFrom(cmd, "model", model.Zoo()...)
}

// deviceFlag adds the flag that chooses where a model runs.
func deviceFlag(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVar(name, "device", "auto", "the `device` to run on: auto, cpu, cuda, cuda:N or sim, the simulated GPU (see cnn-gpu devices)")
	completeFrom(cmd, "device", "auto", "cpu", "cuda", "sim")
}

// deviceOptionFlags adds the flags that say how a device runs. They change no result.
func deviceOptionFlags(cmd *cobra.Command, o *device.Options) {
	threadsFlag(cmd.Flags(), &o.Workers, "threads", "the `number` of threads of the CPU device (default: one for each CPU)")
	cmd.Flags().BoolVar(&o.Sync, "sync", false, "wait for each op of a GPU, so that an error names the op that made it; slow (the CPU always waits)")
	cmd.Flags().BoolVar(&o.NoCache, "no-cache", false, "compile a GPU's kernels anew, and keep none of them (the CPU has none to compile)")
}

// completeRun lets the shell complete the folder of a run as the first argument, and else files.
func completeRun(_ *cobra.Command, args []string, begun string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveDefault
	}
	others := func(folder string) bool { return !strings.HasPrefix(folder, begun) }
	return slices.DeleteFunc(run.Folders(), others), cobra.ShellCompDirectiveDefault
}

// completeFlagWithRun lets the shell complete a flag's value as a run's folder.
func completeFlagWithRun(cmd *cobra.Command, flag string) {
	complete := func(cmd *cobra.Command, _ []string, begun string) ([]string, cobra.ShellCompDirective) {
		return completeRun(cmd, nil, begun)
	}
	registerCompletion(cmd, flag, complete)
}

// completeFrom lets the shell complete a flag's value.
func completeFrom(cmd *cobra.Command, flag string, values ...string) {
	registerCompletion(cmd, flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveDefault))
}

func registerCompletion(cmd *cobra.Command, flag string, complete cobra.CompletionFunc) {
	// It only fails for a flag that does not exist or is registered twice, which any test of the command finds.
	if err := cmd.RegisterFlagCompletionFunc(flag, complete); err != nil {
		panic(err)
	}
}
