package run

import (
	"encoding/csv"
	"io"
	"strconv"

	"cnn-gpu/train"
)

// saveCSV writes the history as a table for spreadsheets: the columns are those of Keras's CSVLogger, in its order; epochs count from 1. It is small, and
// so written anew.
func (r *Run) saveCSV(history []train.Epoch) error {
	type column struct {
		name  string
		value func(e train.Epoch) float64
	}
	columns := []column{
		{"accuracy", func(e train.Epoch) float64 { return e.Training.Accuracy }},
		{"learning_rate", func(e train.Epoch) float64 { return r.LearningRate(e.LearningRate) }},
		{"loss", func(e train.Epoch) float64 { return e.Training.Loss }},
		{r.WatchedPrefix() + "_accuracy", func(e train.Epoch) float64 { return e.Validation.Accuracy }},
		{r.WatchedPrefix() + "_loss", func(e train.Epoch) float64 { return e.Validation.Loss }},
	}
	rows := [][]string{{"epoch"}}
	for _, c := range columns {
		rows[0] = append(rows[0], c.name)
	}
	for _, e := range history {
		row := []string{strconv.Itoa(e.Epoch)}
		for _, c := range columns {
			row = append(row, strconv.FormatFloat(c.value(e), 'g', -1, 64))
		}
		rows = append(rows, row)
	}
	return r.writeFile(metricsTable, func(w io.Writer) error { return csv.NewWriter(w).WriteAll(rows) })
}
