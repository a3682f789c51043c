package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"reflect"
	"strings"

	"github.com/spf13/cobra"

	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
	"cnn-gpu/train"
	"cnn-gpu/train/bench"
	"cnn-gpu/train/run"
)

// trainRun trains to the end and says how it goes.
func trainRun(cmd *cobra.Command, r *run.Run, saves <-chan struct{}, metrics *metricsServer, profile, asJSON bool) error {
	stderr := cmd.ErrOrStderr()
	c, t := r.Config(), r.Trainer()
	logEvent(cmd, "start", "model", t.Model().Name, "parameters", t.Model().ParamCount(), "data", c.Data, "device", t.Device().Name(), "precision", t.Precision().String(),
		"epochs", c.Epochs, "batch", c.Batch, "seed", c.Seed, "out", r.Dir(), "pid", os.Getpid())
	wording.English.Fprintf(stderr, "Model: %s, %d parameters. Data: %s.\n", t.Model().Name, t.Model().ParamCount(), c.Data)
	measured := r.WatchedPrefix()
	sayPictures(stderr, r.Pictures(), r.Storage())
	if !c.Normalization.IsZero() {
		fmt.Fprintf(stderr, "Normalization: %v.\n", c.Normalization)
	}
	if v := r.Validation(); v != nil {
		wording.English.Fprintf(stderr, "Training images: %d, and %d others for validation.\n", r.Training().Len(), v.Len())
	}
	sayDevice(cmd, t.Device(), c.Device)
	if p := t.Precision(); p != kernels.FP32 {
		fmt.Fprintf(stderr, "Precision: %v.\n", p)
	}
	sayWarnings(cmd, t.Warnings())
	if dir := r.TensorBoard(); dir != "" {
		fmt.Fprintf(stderr, "TensorBoard: tensorboard --logdir %s\n", wording.Argument(dir))
	}
	if r.Validation() == nil && (c.Patience > 0 || strings.HasPrefix(c.Schedule, train.Plateau{}.Name())) {
		fmt.Fprintln(stderr, "The test images decide how the training goes, so the test accuracy is not that on new images: --validation 0.1 sets others apart.")
	}

	lines := resultLines(cmd, asJSON)
	report := newReporter(forPeople(cmd), lines, c.Epochs, c.Batch, measured)
	var printed error
	summary, err := r.Train(cmd.Context(), run.Hooks{
		Save:    saves,
		OnStart: func(s train.Start) { fmt.Fprintln(stderr, s) },
		OnProgress: func(p train.Progress) {
			if report.progress(p) {
				logEvent(cmd, "progress", "epoch", p.Epoch, "epochs", p.Epochs, "step", p.Batch, "steps", p.Batches, "loss", p.Result.Loss,
					"accuracy", p.Result.Accuracy, "images_per_second", p.ImagesPerSecond)
			}
			metrics.progress(p)
		},
		OnSave: func() {
			metrics.saved()
			logEvent(cmd, "checkpoint", "out", r.Dir())
		},
		OnWarning: func(err error) {
			report.stop()
			metrics.count(failuresMetric)
			tell(cmd, slog.LevelWarn, fmt.Sprintf("Warning: %v", err))
		},
		OnEpoch: func(e train.Epoch) {
			report.epoch(e)
			metrics.epoch(e)
			record := r.Record(e)
			logEvent(cmd, "epoch", recordAttributes(record)...)
			if asJSON && printed == nil {
				printed = printJSON(cmd, record)
			}
		},
	})
	report.stop()
	if interrupted(err) {
		fmt.Fprintf(stderr, "The training is saved. Go on with: cnn-gpu train --resume %s\n", wording.Argument(r.Dir()))
	}
	if err := errors.Join(err, printed); err != nil {
		return err
	}
	if profile {
		p, err := bench.ProfileFit(cmd.Context(), t, r.Training(), c.Batch, profileSteps)
		if err != nil {
			return err
		}
		if err := printProfile(cmd, p, "training", asJSON); err != nil {
			return err
		}
	}
	if asJSON {
		last := lastRecord{r.Record(summary.Last), true, summary.Dir}
		last.TestLoss, last.TestAccuracy = &summary.Test.Loss, &summary.Test.Accuracy
		if err := printJSON(cmd, last); err != nil {
			return err
		}
	}
	err = sayDone(stderr, lines, summary)
	logEvent(cmd, "end", "out", summary.Dir, "test_loss", summary.Test.Loss, "test_accuracy", summary.Test.Accuracy)
	return err
}

// recordAttributes are the fields of an epoch's record under their names in JSON.
func recordAttributes(record run.Record) []any {
	var attributes []any
	for fields, i := reflect.ValueOf(record), 0; i < fields.NumField(); i++ {
		name, option, _ := strings.Cut(fields.Type().Field(i).Tag.Get("json"), ",")
		if value := fields.Field(i); option != "omitempty" || !value.IsZero() {
			attributes = append(attributes, name, value.Interface())
		}
	}
	return attributes
}

// lastRecord is the last line of --json.
type lastRecord struct {
	run.Record
	Done bool   `json:"done"`
	Out  string `json:"out"`
}

// sayDone tells a person what came of a run.
func sayDone(w, lines io.Writer, s run.Summary) error {
	entries, err := os.ReadDir(s.Dir)
	if err != nil {
		return err
	}
	var files []string
	for _, e := range entries {
		if !strings.HasPrefix(e.Name(), "checkpoint") && !strings.HasPrefix(e.Name(), ".") { // which are for --resume, and the lock
			files = append(files, e.Name())
		}
	}
	wording.English.Fprintf(lines, "Test accuracy %.2f%% on %d images.\n", 100*s.Test.Accuracy, s.Test.Examples)
	for _, note := range s.Notes {
		fmt.Fprintln(w, note)
	}
	if s.Stopped != "" {
		fmt.Fprintf(w, "Stopped early: %s; weights-best.safetensors holds the best weights.\n", s.Stopped)
	}
	fmt.Fprintf(w, "The run is in %s: %s\n", s.Dir, strings.Join(files, ", "))
	return nil
}
