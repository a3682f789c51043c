package main

import (
	"errors"
	"fmt"
	"io"
	"math"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"cnn-gpu/device"
	"cnn-gpu/internal/wording"
	"cnn-gpu/train/bench"
	"cnn-gpu/train/data"
)

// evaluation is how well a model does on the test images of a data set.
type evaluation struct {
	Data     string       `json:"data"`
	Examples int          `json:"examples"`
	Loss     float64      `json:"loss"`
	Accuracy float64      `json:"accuracy"`
	Classes  []classScore `json:"classes"`
	Device   string       `json:"device"`
}

// classScore is how many of a class's images the model knew.
type classScore struct {
	Class    string  `json:"class"`
	Examples int     `json:"examples"`
	Correct  int     `json:"correct"`
	Accuracy float64 `json:"accuracy"` // 0 where there is no image
}

func newEvalCommand() *cobra.Command {
	var (
		name, dataDir, where string
		how                  device.Options
		batch                int
		profile, asJSON      bool
	)
	cmd := &cobra.Command{
		Use:   "eval RUN|WEIGHTS [flags]",
		Short: "Test a trained model: loss and accuracy, for each class too",
		Long: `Test a trained model on the test images of a data set, by default the one it was trained on.

RUN is the folder that train made, WEIGHTS a weights file: it holds the model too, so nothing else is needed.`,
		Example: `  cnn-gpu eval runs/mnist-cnn-digits
  cnn-gpu eval runs/mnist-cnn-mnist/weights.safetensors --data mnist --data-dir ~/mnist
  cnn-gpu eval runs/mnist-cnn-digits --json
  cnn-gpu eval runs/mnist-cnn-digits --profile`,
		Args:              takes(1, 1, "give one run's folder or weights file, as in: cnn-gpu eval runs/mnist-cnn-digits"),
		ValidArgsFunction: completeRun,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if batch < 1 {
				return usageErrorf("--batch %d: give at least 1", batch)
			}
			t, err := openTrained(cmd, args[0], where, how)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, t.Close()) }()
			test, err := t.testSet(cmd, name, dataDir)
			if err != nil {
				return err
			}
			e, err := evaluate(cmd, t, test, batch)
			if err != nil {
				return err
			}
			if asJSON {
				err = printJSON(cmd, e)
			} else {
				e.print(cmd.OutOrStdout())
			}
			if err != nil || !profile {
				return err
			}
			p, err := bench.ProfileEval(cmd.Context(), t.trainer, test, batch, profileSteps)
			if err != nil {
				return err
			}
			return printProfile(cmd, p, "evaluation", asJSON)
		},
	}
	testFlags(cmd, &name, &dataDir)
	cmd.Flags().IntVar(&batch, "batch", 32, "the `number` of images at a time")
	deviceFlag(cmd, &where)
	deviceOptionFlags(cmd, &how)
	cmd.Flags().BoolVar(&profile, "profile", false, profileHelp)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON, and with --profile a second line")
	return cmd
}

// testFlags adds the flags that choose test images.
func testFlags(cmd *cobra.Command, name, dataDir *string) {
	cmd.Flags().StringVar(name, "data", "", "a data `set` or a folder of pictures or IDX files, or a list of pictures (default: what the model was trained on)")
	cmd.Flags().StringVar(dataDir, "data-dir", "", "the `folder` that holds the data set's files")
	completeFrom(cmd, "data", data.Names()...)
}

// testSet opens the test images that were asked for, else those of the data that the model was trained on.
func (t *trained) testSet(cmd *cobra.Command, name, dataDir string) (data.Set, error) {
	if name == "" {
		name = t.Data
		if dataDir == "" {
			dataDir = t.DataDir
		}
	}
	if name == "" {
		return nil, errors.New("the weights do not say what data they were trained on; name it with --data")
	}
	pictures := t.Pictures()
	progress, clearBar := pictureProgress(cmd)
	pictures.Progress = progress
	s, err := data.OpenSplits(name, data.Options{DataDir: dataDir, Pictures: pictures})
	clearBar()
	if err != nil {
		return nil, err
	}
	sayPictures(t.stderr, s.Pictures)
	if err := t.trainer.CheckData(s.Test); err != nil {
		return nil, err
	}
	t.compareClasses(s.Test)
	return s.Test, nil
}

// compareClasses warns where the weights and the data name their classes differently.
func (t *trained) compareClasses(set data.Set) {
	const shown = 5
	var differ []string
	for i, class := range set.Classes()[:min(t.Named, len(set.Classes()))] {
		if class != t.Classes[i] {
			differ = append(differ, fmt.Sprintf("  class %d is %q in the weights and %q in %s\n", i, t.Classes[i], class, set.Name()))
		}
	}
	if len(differ) == 0 {
		return
	}
	fmt.Fprint(t.stderr, "Warning: the weights and the data name their classes differently; are these the right data?\n")
	for _, line := range differ[:min(len(differ), shown)] {
		fmt.Fprint(t.stderr, line)
	}
	if more := len(differ) - shown; more > 0 {
		fmt.Fprintf(t.stderr, "  and so on: %d more\n", more)
	}
}

func evaluate(cmd *cobra.Command, t *trained, test data.Set, batch int) (*evaluation, error) {
	e := &evaluation{Data: test.Name(), Examples: test.Len(), Device: t.device.Name()}
	for _, class := range test.Classes() {
		e.Classes = append(e.Classes, classScore{Class: class})
	}
	result, err := t.trainer.EvaluateEach(cmd.Context(), test, batch, func(_ int, label int32, probabilities []float32) {
		e.Classes[label].Examples++
		if ranked(probabilities)[0] == int(label) {
			e.Classes[label].Correct++
		}
	})
	if err != nil {
		return nil, err
	}
	if math.IsNaN(result.Loss) || math.IsInf(result.Loss, 0) {
		return nil, fmt.Errorf("the loss on %s is %v: the weights are of no use; train again, with a lower learning rate", test.Name(), result.Loss)
	}
	e.Loss, e.Accuracy = result.Loss, result.Accuracy
	for i := range e.Classes {
		c := &e.Classes[i]
		c.Accuracy = float64(c.Correct) / float64(max(c.Examples, 1))
	}
	return e, nil
}

func (e *evaluation) print(w io.Writer) {
	wording.English.Fprintf(w, "%d test images of %s: loss %.4f, accuracy %.2f%%\n", e.Examples, e.Data, e.Loss, 100*e.Accuracy)
	t := newTable("Class", "Images", "Correct", "Accuracy")
	for _, c := range e.Classes {
		accuracy := "-"
		if c.Examples > 0 {
			accuracy = fmt.Sprintf("%.2f%%", 100*c.Accuracy)
		}
		t.AppendRow(table.Row{c.Class, c.Examples, c.Correct, accuracy})
	}
	rightAlign(t, 2, 3, 4)
	printTable(w, t)
}
