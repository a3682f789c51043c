package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"cnn-gpu/device"
	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/bench"
	"cnn-gpu/train/data"
)

// begun is when the program began, but for the few milliseconds of its loading.
var begun = time.Now()

// benchConfig is what bench is asked for.
type benchConfig struct {
	model, data, dataDir, device string
	optimizer                    optimizerChoice
	options                      device.Options
	precision                    kernels.Precision
	batches                      []int
	steps                        int
	seconds                      float64
	inference, ops               bool
	dataOnly, stream             bool
	prediction, augment          string
}

func newBenchCommand() *cobra.Command {
	var c benchConfig
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "bench [flags]",
		Short: "Time a model's training or inference, and each op against what the device does at most",
		Long: `Time steps of training or of inference, batches made and uploaded, and then each op of a step.

The images are random if --data names none. Steps are timed in windows of 10 ms or one step; the table shows the median and the
least time of a step. Each op is held against the roofline: the time that its operations take at the device's peak rate, or its
bytes at the bandwidth of the memory, whichever is longer, as a part of the time that it took. Of a CPU both are measured at the
start: the inner kernel on operands in the cache, and copies between large slices, on as many threads. Of a GPU they follow from its
clock rates. More than 100% means that operands came from a cache, or that the op gets by with fewer operations than it counts.

On a GPU an op's time is the median of replays of a graph of up to 100 copies of it, and a step's is shown twice: of its graph alone,
and by the wall clock with all that the host does for it. Stages are the most of the step's launches of which each waits for the one
before; what waits for nothing of a stage runs at the same time, so that a step takes less than its ops one after the other. The times of the simulated GPU are its estimates: written with --json they
are a --prediction that a real one is held against. Of a launch of many blocks it runs a part, all over the grid, and scales what that counts: so it computes no
values and looks for no mistakes, which train and check do.

With --data-only no step runs. What is timed is how the set of --data is opened, once with every picture decoded (the files themselves may be in
the system's cache) and once as the next training opens it, and how fast its training images become batches, in the order of epochs; for
pictures, --model says what they become.`,
		Example: `  cnn-gpu bench
  cnn-gpu bench --model resnet-mini --batch 128 --threads 1
  cnn-gpu bench --inference --batch 1,32
  cnn-gpu bench --model my.yaml --batch 32 --seconds 5 --json
  cnn-gpu bench --device sim:h200 --batch 32 --json > predicted.json
  cnn-gpu bench --data-only --data photos --model my.yaml --batch 32 --augment flip,crop:4
  cnn-gpu bench --device cuda --batch 32 --prediction predicted.json`,
		Args: takes(0, 0, "cnn-gpu bench takes flags alone, such as --model and --batch"),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := errors.Join(c.check(), c.checkDataOnly(cmd.Flags())); err != nil {
				return err
			}
			var r interface{ print(w io.Writer) }
			var err error
			if c.dataOnly {
				r, err = c.runDataOnly(cmd)
			} else {
				r, err = c.run(cmd)
			}
			if err != nil {
				return err
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
	modelFlag(cmd, &c.model)
	f.IntSliceVar(&c.batches, "batch", []int{32, 128, 512}, "the `numbers` of images in a step, with commas between them")
	f.BoolVar(&c.inference, "inference", false, "time inference instead of training")
	c.optimizer.flags(cmd, "the `method` of the training")
	f.StringVar(&c.data, "data", "", "a data `set` or a folder of pictures or IDX files, a list of pictures, or a .npz file (default: random images)")
	f.StringVar(&c.dataDir, "data-dir", "", "the `folder` that holds the data set's files")
	f.BoolVar(&c.dataOnly, "data-only", false, "time the reading of --data alone")
	f.StringVar(&c.augment, "augment", "", "with --data-only, transform the training images as train's --augment does: `words` with their settings, such as flip,crop:4")
	f.BoolVar(&c.stream, "stream", false, streamHelp)
	f.BoolVar(&c.ops, "ops", true, "time each op, too")
	predictionFlag(cmd, &c.prediction)
	f.Float64Var(&c.seconds, "seconds", 1, "the `time` that the steps of a batch size are timed for")
	f.IntVar(&c.steps, "steps", 0, "the `number` of steps that are timed, however long they take (default: those of --seconds)")
	precisionFlag(cmd, &c.precision)
	deviceFlag(cmd, &c.device)
	deviceOptionFlags(cmd, &c.options)
	f.BoolVar(&asJSON, "json", false, "print the result as JSON")
	completeFrom(cmd, "data", data.Names()...)
	return cmd
}

func (c *benchConfig) check() error {
	for _, batch := range c.batches {
		if batch < 1 {
			return usageErrorf("--batch %d: give at least 1", batch)
		}
	}
	switch {
	case len(c.batches) == 0:
		return usageErrorf("--batch: give at least one number, such as 32")
	case c.steps < 0:
		return usageErrorf("--steps %d: give at least 1", c.steps)
	case !(c.seconds > 0 && c.seconds <= 3600):
		return usageErrorf("--seconds %v: give a time above 0 and up to 3600", c.seconds)
	case c.stream && c.data == "":
		return usageErrorf("--stream is for a set in files: name one with --data")
	case c.data == "" && c.dataDir != "":
		return usageErrorf("--data-dir %s: name the set whose files are there with --data", c.dataDir)
	}
	return nil
}

// benchResult is what bench found, as JSON has it.
type benchResult struct {
	Model       string            `json:"model"`
	Parameters  int               `json:"parameters"`
	Data        string            `json:"data"`
	Device      string            `json:"device"`
	Description string            `json:"description"` // of the device
	Precision   kernels.Precision `json:"precision"`
	Kind        string            `json:"kind"` // of the steps: training or inference
	FirstStep   float64           `json:"first_step_seconds"`
	FirstStepAt float64           `json:"first_step_at"` // seconds since 1970
	Roofline    *device.Roofline  `json:"roofline,omitempty"`
	NoRoofline  string            `json:"no_roofline,omitempty"` // why
	Benchmarks  []*bench.Result   `json:"benchmarks"`
	Comparison  []stepComparison  `json:"comparison,omitempty"` // with --prediction
}

func (c *benchConfig) run(cmd *cobra.Command) (r *benchResult, err error) {
	options, err := c.optimizer.options()
	if err != nil {
		return nil, err
	}
	var predicted benchResult
	if err := readPrediction(c.prediction, &predicted); err != nil {
		return nil, err
	}
	m, err := model.Open(c.model)
	if err != nil {
		return nil, err
	}
	for _, batch := range c.batches {
		if err := m.CheckBatch(batch); err != nil {
			return nil, err
		}
	}
	c.options.Sample = true
	d, err := device.Open(c.device, c.options)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	sayDevice(cmd, d, c.device)
	options.Device, options.Precision, options.Seed = d, c.precision, 1
	t, err := train.Compile(m, options)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	set, err := c.set(cmd, m)
	if err != nil {
		return nil, err
	}
	precision, err := d.Precision(device.CompileOptions{Precision: c.precision})
	if err != nil {
		return nil, err
	}
	r = &benchResult{
		Model: m.Name, Parameters: m.ParamCount(), Data: set.Name(), Device: d.Name(), Description: d.String(), Precision: precision, Kind: "training",
	}
	benchmark := bench.Fit
	if c.inference {
		r.Kind, benchmark = "inference", bench.Predict
	}
	if err := r.fill(d, c, func(o bench.Options) (*bench.Result, error) { return benchmark(cmd.Context(), t, set, o) }); err != nil {
		return nil, err
	}
	r.compare(&predicted)
	return r, nil
}

// set is the images to train on.
func (c *benchConfig) set(cmd *cobra.Command, m *model.Model) (data.Set, error) {
	if c.data != "" {
		s, err := data.OpenSplits(c.data, data.Options{DataDir: c.dataDir, Pictures: data.PictureSetOptions{Shape: m.Input.Shape, Seed: 1, Stream: c.stream}})
		if err == nil {
			err = checkForPictures(cmd, c.data, s.Pictures)
		}
		return s.Training, err
	}
	const batches, most, mostBytes = 64, 60000, 256 << 20
	largest, bytes := slices.Max(c.batches), 1
	for _, n := range m.Input.Shape {
		bytes *= n
	}
	shape := m.Output.Shape
	return data.Noise(m.Input.Shape, shape[len(shape)-1], max(largest, min(batches*largest, most, mostBytes/bytes)), 1), nil
}

// fill times each batch size. What the device does at most is measured after the first step, which it would hold up.
func (r *benchResult) fill(d device.Device, c *benchConfig, benchmark func(bench.Options) (*bench.Result, error)) error {
	for _, batch := range c.batches {
		b, err := benchmark(bench.Options{Batch: batch, Steps: c.steps, NoProfile: !c.ops, Time: time.Duration(c.seconds * float64(time.Second))})
		if err != nil {
			return err
		}
		r.Benchmarks = append(r.Benchmarks, b)
	}
	first := r.Benchmarks[0].FirstStep
	r.FirstStep, r.FirstStepAt = first.Sub(begun).Seconds(), float64(first.UnixNano())/1e9
	roofline, err := d.Roofline()
	if err != nil {
		r.NoRoofline = err.Error()
		return nil
	}
	r.Roofline = &roofline
	for _, b := range r.Benchmarks {
		if b.Profile != nil {
			b.Profile.Against(roofline)
		}
	}
	return nil
}

// tensorPeaks says what tensor cores do at most.
func tensorPeaks(r device.Roofline) string {
	if r.TF32 == 0 {
		return ""
	}
	return wording.English.Sprintf(" (on tensor cores %.0f in tf32, %.0f in bf16)", r.TF32, r.BF16)
}

func (r *benchResult) print(w io.Writer) {
	wording.English.Fprintf(w, "%s, %d parameters, %s in %v on %s. The first step was done %.0f ms after the program began.\n",
		r.Model, r.Parameters, r.Kind, r.Precision, r.Data, 1e3*r.FirstStep)
	if r.Roofline != nil {
		wording.English.Fprintf(w, "The device does at most %.1f GFLOP/s%s and %.1f GB/s (%s).\n", r.Roofline.GFLOPS, tensorPeaks(*r.Roofline), r.Roofline.GBS, r.Roofline.Source)
	} else {
		fmt.Fprintf(w, "There is no part of the roofline: %s.\n", r.NoRoofline)
	}
	header := []any{"Batch", "Steps", "Median (ms)", "Least (ms)", "Images/s"}
	onGPU := slices.ContainsFunc(r.Benchmarks, func(b *bench.Result) bool { return b.Graph > 0 })
	if onGPU {
		header = append(header, "Graph alone (ms)", "Launches", "Stages")
	}
	t := newTable(header...)
	for _, b := range r.Benchmarks {
		row := table.Row{b.Batch, b.Steps, wording.English.Sprintf("%.3f", 1e3*b.Median), wording.English.Sprintf("%.3f", 1e3*b.Min), wording.English.Sprintf("%.0f", b.ImagesPerSecond)}
		if onGPU {
			row = append(row, wording.English.Sprintf("%.3f", 1e3*b.Graph), b.Launches, b.Stages)
		}
		t.AppendRow(row)
	}
	rightAlign(t, 1, 2, 3, 4, 5, 6, 7, 8)
	printTable(w, t)
	for _, b := range r.Benchmarks {
		if b.Sampled > 0 {
			fmt.Fprintf(w, "With batch %d a part of the blocks stands for all in %d of %d launches: what they count is scaled, no values are computed.\n",
				b.Batch, b.Sampled, b.Launches)
		}
	}
	r.printOps(w)
	for _, c := range r.Comparison {
		fmt.Fprintf(w, "A step with batch %d, in microseconds, against the prediction of %s:\n", c.Batch, c.From)
		printTable(w, comparisonTable("Op", c.Rows))
	}
}

func (r *benchResult) printOps(w io.Writer) {
	for _, b := range r.Benchmarks {
		if b.Profile == nil {
			return
		}
		fmt.Fprintf(w, "The ops of a step with batch %d (%s):\n", b.Batch, origin(b.Profile))
		printTable(w, opTable(b.Profile))
	}
	fmt.Fprintln(w, unitsOfOps)
}
