package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cnn-gpu/internal/wording"
	"cnn-gpu/model"
	"cnn-gpu/train/bench"
	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
)

// dataBench is what bench --data-only found, as JSON has it.
type dataBench struct {
	Data     string           `json:"data"`
	Shape    []int            `json:"shape"`
	Images   int              `json:"images"` // in all
	Training int              `json:"training"`
	Augment  string           `json:"augment,omitempty"`
	Cold     opening          `json:"cold"` // every picture decoded
	Warm     opening          `json:"warm"` // as the next training opens it
	Loading  []*bench.Loading `json:"loading"`
}

// opening is how long it took to open a data set.
type opening struct {
	Seconds         float64 `json:"seconds"`
	ImagesPerSecond float64 `json:"images_per_second"`
}

// dataOnlyFlags are those that --data-only goes with.
var dataOnlyFlags = map[string]bool{
	"data-only": true, "data": true, "data-dir": true, "stream": true, "augment": true, "model": true, "batch": true, "steps": true, "seconds": true, "json": true,
}

// checkDataOnly refuses flags that mean nothing where no step runs.
func (c *benchConfig) checkDataOnly(flags *pflag.FlagSet) (err error) {
	if !c.dataOnly && c.augment != "" {
		return usageErrorf("--augment transforms what --data-only reads; steps take as long with it: leave it out")
	}
	if !c.dataOnly {
		return nil
	}
	if c.data == "" {
		return usageErrorf("--data-only times how a data set is read: name it with --data")
	}
	flags.Visit(func(f *pflag.Flag) {
		if err == nil && !dataOnlyFlags[f.Name] {
			err = usageErrorf("--data-only runs no steps: leave out --%s", f.Name)
		}
	})
	return err
}

// runDataOnly times how a data set is opened and how batches are made of it.
func (c *benchConfig) runDataOnly(cmd *cobra.Command) (*dataBench, error) {
	m, err := model.Open(c.model)
	if err != nil {
		return nil, err
	}
	var pipeline *augment.Pipeline
	if c.augment != "" {
		if pipeline, err = augment.Parse(c.augment); err != nil {
			return nil, usageErrorf("--augment %s: %w", c.augment, err)
		}
	}
	r := &dataBench{Augment: c.augment}
	var s data.Splits
	open := func(fresh bool) (o opening, err error) {
		pictures := data.PictureSetOptions{Shape: m.Input.Shape, Seed: 1, Stream: c.stream, Fresh: fresh}
		var clearBar func()
		pictures.Progress, clearBar = pictureProgress(cmd)
		begun := time.Now()
		s, err = data.OpenSplits(c.data, data.Options{DataDir: c.dataDir, Pictures: pictures})
		o.Seconds = time.Since(begun).Seconds()
		clearBar()
		if err != nil {
			return o, err
		}
		r.Images = s.Training.Len() + s.Test.Len()
		if s.Validation != nil {
			r.Images += s.Validation.Len()
		}
		o.ImagesPerSecond = float64(r.Images) / max(o.Seconds, 1e-9)
		return o, nil
	}
	if r.Cold, err = open(true); err != nil {
		return nil, err
	}
	if r.Warm, err = open(false); err != nil {
		return nil, err
	}
	if err := checkForPictures(cmd, c.data, s.Pictures); err != nil {
		return nil, err
	}
	sayPictures(cmd.ErrOrStderr(), s.Pictures, s.Storage)
	r.Data, r.Shape, r.Training = s.Training.Name(), s.Training.Shape(), s.Training.Len()
	if !cmd.Flags().Changed("batch") {
		for i, batch := range c.batches {
			c.batches[i] = min(batch, r.Training)
		}
		c.batches = slices.Compact(c.batches)
	}
	for _, batch := range c.batches {
		l, err := bench.Load(cmd.Context(), s.Training, pipeline, bench.Options{Batch: batch, Steps: c.steps, Time: time.Duration(c.seconds * float64(time.Second))})
		if err != nil {
			return nil, err
		}
		r.Loading = append(r.Loading, l)
	}
	return r, nil
}

func (r *dataBench) print(w io.Writer) {
	wording.English.Fprintf(w, "%s: %d images of %dx%dx%d, %d of them for training.\n", r.Data, r.Images, r.Shape[0], r.Shape[1], r.Shape[2], r.Training)
	t := newTable("What", "Seconds", "Images/s")
	row := func(what string, seconds, imagesPerSecond float64) {
		t.AppendRow(table.Row{what, wording.English.Sprintf("%.3f", seconds), wording.English.Sprintf("%.0f", imagesPerSecond)})
	}
	row("Opened cold, pictures decoded", r.Cold.Seconds, r.Cold.ImagesPerSecond)
	row("Opened again, from the cache", r.Warm.Seconds, r.Warm.ImagesPerSecond)
	for _, l := range r.Loading {
		what := fmt.Sprintf("Batches of %d", l.Batch)
		if r.Augment != "" {
			what += ", " + r.Augment
		}
		row(what, l.Seconds, l.ImagesPerSecond)
	}
	rightAlign(t, 2, 3)
	printTable(w, t)
}
