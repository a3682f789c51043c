package main

import (
	"fmt"
	"io"

	"cnn-gpu/internal/texttable"
)

// newTable is a table with a header, in the style of the model's summary.
func newTable(header ...any) *texttable.Table { return texttable.New(header...) }

// rightAlign sets columns, counted from 1, that hold numbers.
func rightAlign(t *texttable.Table, columns ...int) { t.Right(columns...) }

// printTable writes a table so that it fits where it goes.
func printTable(w io.Writer, t *texttable.Table) { fmt.Fprintln(w, t.Fit(columns(w))) }

// cutMiddle is a text of at most so many letters: a longer one keeps its beginning and its end.
func cutMiddle(s string, letters int) string {
	runes := []rune(s)
	if len(runes) <= letters {
		return s
	}
	end := (letters - 1) / 2
	return string(runes[:letters-1-end]) + "…" + string(runes[len(runes)-end:])
}
