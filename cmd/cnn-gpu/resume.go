package main

import (
	"cmp"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/run"
)

// resumeRun opens a run that is to go on, and says what is worth knowing about that.
func resumeRun(cmd *cobra.Command, asked run.Config, dir string, anyway bool) (*run.Run, error) {
	flags := cmd.Flags()
	o := run.ResumeOptions{DeviceOptions: asked.DeviceOptions, OnPicture: asked.OnPicture, Stream: asked.Stream, Anyway: anyway}
	o.Check = func(c run.Config, m *model.Model) error { return checkFixed(flags, asked, c, m) }
	for _, f := range []struct {
		name  string
		value *string
		asked string
	}{
		{"device", &o.Device, asked.Device},
		{"data", &o.Data, asked.Data},
		{"data-dir", &o.DataDir, asked.DataDir},
		{"checkpoint-every", &o.CheckpointEvery, asked.CheckpointEvery},
	} {
		if flags.Changed(f.name) {
			*f.value = f.asked
		}
	}
	if flags.Changed("epochs") {
		if o.Epochs = asked.Epochs; o.Epochs < 1 {
			return nil, usageErrorf("--epochs %d: give at least 1", o.Epochs)
		}
	}
	if flags.Changed("patience") {
		if o.Patience = &asked.Patience; asked.Patience < 0 {
			return nil, patienceError(asked.Patience)
		}
	}
	if flags.Changed("tensorboard") {
		o.TensorBoard = &asked.TensorBoard
	}
	if flags.Changed("restore-best") {
		o.RestoreBest = &asked.RestoreBest
	}
	if o.CheckpointEvery != "" {
		if err := checkInterval(o.CheckpointEvery); err != nil {
			return nil, err
		}
	}
	r, err := run.Resume(dir, o)
	if err != nil {
		return nil, err
	}
	return r, nil
}

func patienceError(patience int) error {
	return usageErrorf("--patience %d: give at least 1 epoch, or 0 to never stop early", patience)
}

func checkInterval(text string) error {
	if _, _, err := run.ParseInterval(text); err != nil {
		return usageErrorf("--checkpoint-every %w", err)
	}
	return nil
}

// checkFixed refuses flags that would change a run under way.
func checkFixed(flags *pflag.FlagSet, asked, c run.Config, m *model.Model) error {
	type fixed struct {
		name  string
		holds bool
		has   string
	}
	list := []fixed{
		{"model", isModel(asked.Model, m), modelOf(c)},
		{"from", isSource(asked.From, c.From), cmp.Or(c.From, "drawn weights")},
		{"head", asked.Head == c.Head || asked.Head == run.NewHead && c.Head != run.KeepHead, cmp.Or(c.Head, "its model's")},
		{"partial", asked.Partial == c.Partial, strconv.FormatBool(c.Partial)},
		{"freeze", asked.Freeze == c.Freeze, cmp.Or(c.Freeze, "what its model says")},
		{"validation", asked.Validation == c.Validation, orNone(c.Validation, "none")},
		{"mean", slices.Equal(asked.Normalization.Mean, c.Normalization.Mean), cmp.Or(numbers(c.Normalization.Mean), "none")},
		{"std", slices.Equal(asked.Normalization.Std, c.Normalization.Std), cmp.Or(numbers(c.Normalization.Std), "none")},
		{"standardize", asked.Standardize == c.Standardize, strconv.FormatBool(c.Standardize)},
		{"batch", asked.Batch == c.Batch, strconv.Itoa(c.Batch)},
		{"optimizer", asked.Optimizer == c.Optimizer, c.Optimizer},
		{"lr", same(asked.LearningRate, c.LearningRate), orNone(c.LearningRate, "the optimizer's")},
		{"clip-norm", same(asked.Clipping.Norm, c.Clipping.Norm), orNone(c.Clipping.Norm, "none")},
		{"global-clip-norm", same(asked.Clipping.GlobalNorm, c.Clipping.GlobalNorm), orNone(c.Clipping.GlobalNorm, "none")},
		{"clip-value", same(asked.Clipping.Value, c.Clipping.Value), orNone(c.Clipping.Value, "none")},
		{"ema", same(asked.EMA.Momentum, c.EMA.Momentum), orNone(c.EMA.Momentum, "none")},
		{"ema-overwrite", asked.EMA.Overwrite == c.EMA.Overwrite, orNone(float64(c.EMA.Overwrite), "none")},
		{"schedule", asked.Schedule == c.Schedule, cmp.Or(c.Schedule, "none")},
		{"warmup", asked.WarmUp == c.WarmUp, orNone(float64(c.WarmUp), "none")},
		{"loss", asked.Loss == c.Loss, cmp.Or(c.Loss, train.LossNames()[0])},
		{"label-smoothing", asked.LabelSmoothing == c.LabelSmoothing, orNone(c.LabelSmoothing, "none")},
		{"augment", sameAugment(asked, c), cmp.Or(c.Augment, "none")},
		{"class-weights", asked.ClassWeights == c.ClassWeights, cmp.Or(c.ClassWeights, "none")},
		{"split", asked.Split == c.Split, orNone(c.Split, "none")},
		{"strict-data", asked.StrictData == c.StrictData, strconv.FormatBool(c.StrictData)},
		{"resize", asked.Shorter != 0 && asked.Shorter == c.Shorter, resizeOf(c)},
		{"crop", false, "its model's input"},
		{"seed", asked.Seed == c.Seed, strconv.FormatUint(c.Seed, 10)},
		{"strict", asked.Strict == c.Strict, strconv.FormatBool(c.Strict)},
		{"precision", asked.Precision == c.Precision, c.Precision.String()},
		{"out", false, "its folder"},
	}
	for _, s := range train.OptimizerSettings() {
		has, given := c.OptimizerSettings[s.Word]
		f := fixed{settingFlagName(s.Word), given && same(asked.OptimizerSettings[s.Word], has), "the optimizer's"}
		if given {
			f.has = strconv.FormatFloat(has, 'g', -1, 64)
		}
		list = append(list, f)
	}
	var wrong []string
	for _, f := range list {
		if flags.Changed(f.name) && !f.holds {
			wrong = append(wrong, fmt.Sprintf("--%s %s (the run has %s)", f.name, flags.Lookup(f.name).Value, f.has))
		}
	}
	if len(wrong) > 0 {
		return usageErrorf("--resume goes on with what the run began with; leave out %s", strings.Join(wrong, ", "))
	}
	return nil
}

// resizeOf is what a run has as --resize.
func resizeOf(c run.Config) string {
	if c.Shorter == 0 {
		return "its model's input"
	}
	return shorterPrefix + strconv.Itoa(c.Shorter)
}

// isSource says whether a run's folder or a file is where a run's first weights came from.
func isSource(name, from string) bool {
	path, err := filepath.Abs(name)
	return err == nil && from != "" && (path == from || path == filepath.Dir(from))
}

// modelOf names a run's model.
func modelOf(c run.Config) string {
	name := filepath.Base(c.Model)
	if c.Head != "" && c.Head != run.KeepHead {
		name += " with --head " + c.Head
	}
	return name
}

// same compares bits, so that it takes what is no number too.
func same(a, b float64) bool { return math.Float64bits(a) == math.Float64bits(b) }

// sameAugment says whether two runs transform their training images alike.
func sameAugment(asked, c run.Config) bool {
	a, err := asked.Pipeline()
	b, otherErr := c.Pipeline()
	return err == nil && otherErr == nil && a != nil && b != nil && a.String() == b.String()
}

// isModel says whether a name or a file is that of a model, whichever layers are frozen.
func isModel(name string, m *model.Model) bool {
	text := func(m *model.Model, err error) string {
		if err == nil {
			m, err = m.Freeze()
		}
		if err != nil {
			return ""
		}
		return string(m.YAML())
	}
	return text(model.Open(name)) == text(m, nil)
}

func orNone(v float64, none string) string {
	if v == 0 {
		return none
	}
	return strconv.FormatFloat(v, 'g', -1, 64)
}
