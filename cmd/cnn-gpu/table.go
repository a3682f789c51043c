package main

import (
	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
)

// newTable is a table with a header, in the style of the model's summary.
func newTable(header ...any) table.Writer {
	t := table.NewWriter()
	t.SetStyle(table.StyleLight)
	t.Style().Format.Header, t.Style().Format.Footer = text.FormatDefault, text.FormatDefault
	t.AppendHeader(header)
	return t
}

// rightAlign sets columns, counted from 1, that hold numbers.
func rightAlign(t table.Writer, columns ...int) {
	var configs []table.ColumnConfig
	for _, c := range columns {
		configs = append(configs, table.ColumnConfig{Number: c, Align: text.AlignRight, AlignHeader: text.AlignRight, AlignFooter: text.AlignRight})
	}
	t.SetColumnConfigs(configs)
}

// cutMiddle is a text of at most so many letters: a longer one keeps its beginning and its end.
func cutMiddle(s string, letters int) string {
	runes := []rune(s)
	if len(runes) <= letters {
		return s
	}
	end := (letters - 1) / 2
	return string(runes[:letters-1-end]) + "…" + string(runes[len(runes)-end:])
}
