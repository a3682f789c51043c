package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"math"
	"path/filepath"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/spf13/cobra"

	"cnn-gpu/device"
	"cnn-gpu/internal/atomicfile"
	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
	"cnn-gpu/train/bench"
	"cnn-gpu/train/data"
	"cnn-gpu/train/metrics"
)

// evaluation is how well a model does on the test images of a data set.
type evaluation struct {
	Data     string       `json:"data"`
	Examples int          `json:"examples"`
	Loss     float64      `json:"loss"`
	Accuracy float64      `json:"accuracy"`
	Top5     *float64     `json:"top_5_accuracy,omitempty"` // missing where images have several labels
	MacroF1  float64      `json:"macro_f1"`
	Classes  []classScore `json:"classes"`
	Device   string       `json:"device"`

	scores scores
}

// scores are those of each class.
type scores interface {
	metrics.ByClass
	MacroF1() float64
	WriteCSV(w io.Writer, classes []string) error
}

// classScore is how a class is told from the others.
type classScore struct {
	Class     string   `json:"class"`
	Examples  int      `json:"examples"`
	Correct   int      `json:"correct"`
	Predicted int      `json:"predicted"`
	Precision float64  `json:"precision"`
	Recall    float64  `json:"recall"`
	F1        float64  `json:"f1"`
	AUC       *float64 `json:"auc"` // null where all images are of one kind
}

func newEvalCommand() *cobra.Command {
	var (
		name, dataDir, where string
		how                  device.Options
		factors              kernels.Precision
		batch                int
		classes, confusion   string
		force                bool
		profile, asJSON      bool
	)
	cmd := &cobra.Command{
		Use:   "eval RUN|WEIGHTS [flags]",
		Short: "Test a trained model: loss and accuracy, and for each class precision, recall, F1 and AUC",
		Long: `Test a trained model on the test images of a data set, by default the one it was trained on.

RUN is the folder that train made, WEIGHTS a weights file: it holds the model too, so nothing else is needed.

Where images have several labels, a class is predicted where its probability is above 50%, and the accuracy is the share of right answers over all
classes of all images.

Precision is how much of what was taken for a class is of it, recall how much of a class was found (its accuracy), F1 their harmonic mean. AUC is
how probable it is that an image of the class is given a higher probability for it than one of another class.`,
		Example: `  cnn-gpu eval runs/mnist-cnn-digits
  cnn-gpu eval runs/mnist-cnn-mnist/weights.safetensors --data mnist --data-dir ~/mnist
  cnn-gpu eval runs/mnist-cnn-digits --json
  cnn-gpu eval runs/mnist-cnn-digits --csv classes.csv --confusion confusion.csv
  cnn-gpu eval runs/mnist-cnn-digits --profile`,
		Args:              takes(1, 1, "give one run's folder or weights file, as in: cnn-gpu eval runs/mnist-cnn-digits"),
		ValidArgsFunction: completeRun,
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if batch < 1 {
				return usageErrorf("--batch %d: give at least 1", batch)
			}
			if classes != "" && confusion != "" && filepath.Clean(classes) == filepath.Clean(confusion) {
				return usageErrorf("--csv and --confusion both name %s: give each a file of its own", classes)
			}
			if err := errors.Join(checkNew(classes, "csv", force), checkNew(confusion, "confusion", force)); err != nil {
				return err
			}
			how.Timing = profile
			t, err := openTrained(cmd, args[0], where, how, factors)
			if err != nil {
				return err
			}
			defer func() { err = errors.Join(err, t.Close()) }()
			test, err := t.testSet(cmd, name, dataDir)
			if err != nil {
				return err
			}
			if confusion != "" && data.TargetsOf(test) != data.ClassLabels {
				return usageErrorf("--confusion: the images of %s have several labels, so none is taken for another; --csv has the scores of each", test.Name())
			}
			e, err := evaluate(cmd, t, test, batch)
			if err != nil {
				return err
			}
			if err := writeCSV(classes, test, e.scores.WriteCSV); err != nil {
				return err
			}
			if single, ok := e.scores.(*metrics.Scores); ok {
				if err := writeCSV(confusion, test, single.WriteConfusion); err != nil {
					return err
				}
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
	precisionFlag(cmd, &factors)
	deviceFlag(cmd, &where)
	deviceOptionFlags(cmd, &how)
	cmd.Flags().StringVar(&classes, "csv", "", "write the table of the classes to a `file`")
	cmd.Flags().StringVar(&confusion, "confusion", "", "write which class was taken for which to a `file` as CSV")
	cmd.Flags().BoolVar(&force, "force", false, "write over files that are there")
	cmd.Flags().BoolVar(&profile, "profile", false, profileHelp)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the result as JSON, and with --profile a second line")
	return cmd
}

// testFlags adds the flags that choose test images.
func testFlags(cmd *cobra.Command, name, dataDir *string) {
	cmd.Flags().StringVar(name, "data", "", "a data `set` or a folder of pictures or IDX files, a list of pictures, or a .npz file (default: what the model was trained on)")
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
	sayPictures(t.stderr, s.Pictures, s.Storage)
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

// writeCSV writes a table of a set's classes to a file, whole or not at all; to no file if there is no path.
func writeCSV(path string, set data.Set, write func(w io.Writer, classes []string) error) error {
	if path == "" {
		return nil
	}
	if err := atomicfile.Write(path, func(w io.Writer) error { return write(w, set.Classes()) }); err != nil {
		return fmt.Errorf("%s cannot be written: %w; give another place for it", path, err)
	}
	return nil
}

func evaluate(cmd *cobra.Command, t *trained, test data.Set, batch int) (*evaluation, error) {
	classes := test.Classes()
	single, several := metrics.New(len(classes)), metrics.NewMultiLabel(len(classes))
	add := func(_ int, label int32, probabilities []float32) { single.Add(label, probabilities[:len(classes)]) }
	var scores scores = single
	var unread error
	if targets, ok := test.(data.TargetSet); ok && targets.Targets() == data.MultiLabel {
		of := make([]float32, len(classes))
		scores = several
		add = func(i int, _ int32, probabilities []float32) {
			unread = cmp.Or(unread, targets.Target(i, of))
			several.Add(of, probabilities)
		}
	}
	result, err := t.trainer.EvaluateEach(cmd.Context(), test, batch, add)
	if err := cmp.Or(err, unread); err != nil {
		return nil, err
	}
	if err := checkFinite(test.Name(), "the loss", result.Loss); err != nil {
		return nil, err
	}
	e := &evaluation{
		Data: test.Name(), Examples: test.Len(), Loss: result.Loss, Accuracy: result.Accuracy, MacroF1: scores.MacroF1(),
		Device: t.device.Name(), scores: scores,
	}
	if several.Examples() == 0 {
		top5 := single.TopK(5)
		e.Top5 = &top5
	}
	for i, name := range classes {
		c := scores.Class(i)
		score := classScore{
			Class: name, Examples: c.Examples, Correct: c.Correct, Predicted: c.Predicted, Precision: c.Precision, Recall: c.Recall, F1: c.F1,
		}
		if auc := scores.AUC(i); !math.IsNaN(auc) {
			score.AUC = &auc
		}
		e.Classes = append(e.Classes, score)
	}
	return e, nil
}

func (e *evaluation) print(w io.Writer) {
	wording.English.Fprintf(w, "%d test images of %s: loss %.4f, accuracy %.2f%%", e.Examples, e.Data, e.Loss, 100*e.Accuracy)
	if len(e.Classes) > 5 && e.Top5 != nil {
		fmt.Fprintf(w, ", top-5 accuracy %.2f%%", 100**e.Top5)
	}
	fmt.Fprintf(w, ", macro F1 %.4f\n", e.MacroF1)
	t := newTable("Class", "Images", "Correct", "Precision", "Recall", "F1", "AUC")
	for _, c := range e.Classes {
		precision, recall, f1, auc := "-", "-", "-", "-"
		if c.Predicted > 0 {
			precision = fmt.Sprintf("%.2f%%", 100*c.Precision)
		}
		if c.Examples > 0 {
			recall = fmt.Sprintf("%.2f%%", 100*c.Recall)
		}
		if c.Examples+c.Predicted > 0 {
			f1 = fmt.Sprintf("%.4f", c.F1)
		}
		if c.AUC != nil {
			auc = fmt.Sprintf("%.4f", *c.AUC)
		}
		t.AppendRow(table.Row{c.Class, c.Examples, c.Correct, precision, recall, f1, auc})
	}
	rightAlign(t, 2, 3, 4, 5, 6, 7)
	printTable(w, t)
}
