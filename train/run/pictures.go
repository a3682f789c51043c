package run

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"cnn-gpu/internal/wording"
	"cnn-gpu/model"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
	"cnn-gpu/train/metrics"
	"cnn-gpu/train/plot"
)

// draw draws the pictures of a finished run, writes the table of one of them, and returns how the trainer's weights do on the test images, and notes on pictures that cannot be drawn.
func (r *Run) draw(ctx context.Context, t *train.Trainer) (result train.Result, notes []string, err error) {
	write := func(name string, draw func(io.Writer) error) error {
		err := r.writeFile(name, draw)
		var undrawable *plot.UndrawableError
		if errors.As(err, &undrawable) {
			notes = append(notes, fmt.Sprintf("%s is left out: %v", name, undrawable))
			return nil
		}
		return err
	}
	if err := write(curvesFile, func(w io.Writer) error { return plot.Curves(w, r.epochs(r.trainer.History())) }); err != nil {
		return train.Result{}, nil, err
	}
	if data.TargetsOf(r.test) != data.ClassLabels {
		notes = append(notes, "There is no confusion matrix, and no sheet of misclassified images: an image may have several labels. cnn-gpu eval scores each by itself.")
		result, err = t.Evaluate(ctx, r.test, r.config.Batch)
		return result, notes, err
	}
	answers := newAnswers(r.test)
	result, err = t.EvaluateEach(ctx, r.test, r.config.Batch, answers.add)
	if err != nil {
		return train.Result{}, nil, err
	}
	if err := write(confusionFile, answers.drawConfusion); err != nil {
		return train.Result{}, nil, err
	}
	if err := write(confusionTable, func(w io.Writer) error { return answers.scores.WriteConfusion(w, answers.classes) }); err != nil {
		return train.Result{}, nil, err
	}
	if len(answers.wrong) > 0 {
		sheet, err := answers.mistakes()
		if err != nil {
			return train.Result{}, nil, err
		}
		if err := write(misclassifiedFile, sheet); err != nil {
			return train.Result{}, nil, err
		}
	}
	return result, notes, nil
}

// Shown says in words what an image shows, by the numbers of classes.
func Shown(classes []string, shown []int) string {
	var names []string
	for _, class := range shown {
		names = append(names, "a "+classes[class])
	}
	return cmp.Or(wording.And(names), "nothing of the classes")
}

// epochs is a history as the plot takes it.
func (r *Run) epochs(history []train.Epoch) []plot.Epoch {
	var epochs []plot.Epoch
	for i, e := range history {
		p := plot.Epoch{LearningRate: e.LearningRate, Best: isBest(history[:i+1]), Training: plot.Metrics{Loss: e.Training.Loss, Accuracy: e.Training.Accuracy}}
		if v := e.Validation; v != nil {
			m := &plot.Metrics{Loss: v.Loss, Accuracy: v.Accuracy}
			if r.validation != nil {
				p.Validation = m
			} else {
				p.Test = m
			}
		}
		epochs = append(epochs, p)
	}
	return epochs
}

// answers are what a model takes the examples of a set for.
type answers struct {
	set     data.Set
	classes []string
	scores  *metrics.Scores
	wrong   []mistake
}

// mistake is an example that was taken for another class.
type mistake struct {
	example, label, predicted int
	probability               float32
}

func newAnswers(set data.Set) *answers {
	classes := set.Classes()
	return &answers{set: set, classes: classes, scores: metrics.New(len(classes))}
}

// add counts the answer to an example, which is the argument of [train.Trainer.EvaluateEach].
func (a *answers) add(i int, label int32, probabilities []float32) {
	if predicted := a.scores.Add(label, probabilities[:len(a.classes)]); predicted != int(label) {
		a.wrong = append(a.wrong, mistake{i, int(label), predicted, probabilities[predicted]})
	}
}

func (a *answers) drawConfusion(w io.Writer) error {
	return plot.Confusion(w, a.classes, a.scores.Confusion())
}

// mistakesShown is the most that the sheet of misclassified images holds.
const mistakesShown = 64

// mistakes is a sheet of the mistakes that the model was surest of.
func (a *answers) mistakes() (sheet func(io.Writer) error, err error) {
	slices.SortStableFunc(a.wrong, func(a, b mistake) int { return cmp.Compare(b.probability, a.probability) })
	title := mistakesTitle(len(a.wrong), a.set.Len())
	shape := a.set.Shape()
	var tiles []plot.Tile
	for _, m := range a.wrong[:min(len(a.wrong), mistakesShown)] {
		pixels := make([]float32, model.Shape(shape).Elements())
		if _, err := a.set.Example(m.example, pixels); err != nil {
			return nil, fmt.Errorf("run: %w", err)
		}
		tiles = append(tiles, plot.Tile{
			Pixels: pixels, H: shape[0], W: shape[1], C: shape[2],
			Caption: fmt.Sprintf("%s, taken for %s\n%.1f%% sure", a.classes[m.label], a.classes[m.predicted], 100*m.probability),
		})
	}
	return func(w io.Writer) error { return plot.Sheet(w, plot.SheetOptions{Title: title}, tiles) }, nil
}

// mistakesTitle says how many mistakes there are, and how many of them are not shown.
func mistakesTitle(wrong, images int) string {
	title := wording.English.Sprintf("%d of %d misclassified, the surest mistakes first", wrong, images)
	if missing := wrong - mistakesShown; missing > 0 {
		title += wording.English.Sprintf("; %d more are not shown", missing)
	}
	return title
}
