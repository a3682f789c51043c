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
