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
	"cnn-gpu/train/metrics"
	"cnn-gpu/train/plot"
)

// draw draws the pictures of a finished run, writes the table of one of them, and returns how it does on the test images, and notes on pictures that cannot be drawn.
func (r *Run) draw(ctx context.Context) (result train.Result, notes []string, err error) {
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
	classes := r.test.Classes()
	scores := metrics.New(len(classes))
	var wrong []mistake
	result, err = r.trainer.EvaluateEach(ctx, r.test, r.config.Batch, func(i int, label int32, probabilities []float32) {
		if predicted := scores.Add(label, probabilities[:len(classes)]); predicted != int(label) {
			wrong = append(wrong, mistake{i, int(label), predicted, probabilities[predicted]})
		}
	})
	if err != nil {
		return train.Result{}, nil, err
	}
	if err := write(confusionFile, func(w io.Writer) error { return plot.Confusion(w, classes, scores.Confusion()) }); err != nil {
		return train.Result{}, nil, err
	}
	if err := write(confusionTable, func(w io.Writer) error { return scores.WriteConfusion(w, classes) }); err != nil {
		return train.Result{}, nil, err
	}
	if len(wrong) > 0 {
		sheet, err := r.mistakes(wrong)
		if err != nil {
			return train.Result{}, nil, err
		}
		if err := write(misclassifiedFile, sheet); err != nil {
			return train.Result{}, nil, err
		}
	}
	return result, notes, nil
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

// mistake is an example that was taken for another class.
type mistake struct {
	example, label, predicted int
	probability               float32
}

// mistakesShown is the most that the sheet of misclassified images holds.
const mistakesShown = 64

// mistakes is a sheet of the mistakes that the model was surest of.
func (r *Run) mistakes(wrong []mistake) (sheet func(io.Writer) error, err error) {
	slices.SortStableFunc(wrong, func(a, b mistake) int { return cmp.Compare(b.probability, a.probability) })
	title := mistakesTitle(len(wrong), r.test.Len())
	wrong = wrong[:min(len(wrong), mistakesShown)]
	classes, shape := r.test.Classes(), r.test.Shape()
	var tiles []plot.Tile
	for _, m := range wrong {
		pixels := make([]float32, model.Shape(shape).Elements())
		if _, err := r.test.Example(m.example, pixels); err != nil {
			return nil, fmt.Errorf("run: %w", err)
		}
		tiles = append(tiles, plot.Tile{
			Pixels: pixels, H: shape[0], W: shape[1], C: shape[2],
			Caption: fmt.Sprintf("%s, taken for %s\n%.1f%% sure", classes[m.label], classes[m.predicted], 100*m.probability),
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
