package metrics

import (
	"encoding/csv"
	"io"
	"math"
	"strconv"
)

// WriteCSV writes a row for each class: its name, the fields of [Class] and its AUC, which is empty where there is none.
func (s *Scores) WriteCSV(w io.Writer, classes []string) error { return writeCSV(w, s, classes) }

func writeCSV(w io.Writer, s ByClass, classes []string) error {
	rows := [][]string{{"class", "examples", "correct", "predicted", "precision", "recall", "f1", "auc"}}
	for i, name := range classes {
		c, auc := s.Class(i), ""
		if a := s.AUC(i); !math.IsNaN(a) {
			auc = number(a)
		}
		rows = append(rows, []string{
			name, strconv.Itoa(c.Examples), strconv.Itoa(c.Correct), strconv.Itoa(c.Predicted), number(c.Precision), number(c.Recall), number(c.F1), auc,
		})
	}
	return csv.NewWriter(w).WriteAll(rows)
}

// WriteConfusion writes a row for each class: its name, and how many of its examples were taken for each class.
func (s *Scores) WriteConfusion(w io.Writer, classes []string) error {
	rows := [][]string{append([]string{"label \\ predicted"}, classes...)}
	for i, name := range classes {
		row := []string{name}
		for _, n := range s.confusion[i] {
			row = append(row, strconv.Itoa(n))
		}
		rows = append(rows, row)
	}
	return csv.NewWriter(w).WriteAll(rows)
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }
