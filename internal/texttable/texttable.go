// Package texttable draws tables that fit a width: a cell is a line, and what has no room is left out by columns, never wrapped.
package texttable

import (
	"fmt"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"cnn-gpu/internal/wording"
)

// Table is rows of cells under a header. Columns are counted from 1.
type Table struct {
	table.Writer
	header []any
	right  []int
	spare  []int
	widths []int // of the widest cell of each column
}

// New is an empty table with a header.
func New(header ...any) *Table {
	t := &Table{Writer: table.NewWriter(), header: header}
	style := table.StyleLight
	style.Options.DrawBorder = false
	style.Format.Header, style.Format.Footer = text.FormatDefault, text.FormatDefault
	t.SetStyle(style)
	t.measure(header)
	t.AppendHeader(header)
	return t
}

// AppendRow adds a row.
func (t *Table) AppendRow(row table.Row, configs ...table.RowConfig) {
	t.measure(row)
	t.Writer.AppendRow(row, configs...)
}

// AppendFooter sets the row below the last rule.
func (t *Table) AppendFooter(row table.Row, configs ...table.RowConfig) {
	t.measure(row)
	t.Writer.AppendFooter(row, configs...)
}

func (t *Table) measure(row []any) {
	for i, cell := range row {
		if i == len(t.widths) {
			t.widths = append(t.widths, 0)
		}
		t.widths[i] = max(t.widths[i], text.StringWidth(fmt.Sprint(cell)))
	}
}

// Right aligns columns that hold numbers.
func (t *Table) Right(columns ...int) { t.right = append(t.right, columns...) }

// Spare names the columns that a narrow table leaves out, the first one first.
func (t *Table) Spare(columns ...int) { t.spare = append(t.spare, columns...) }

// Render draws the whole table, however wide it is.
func (t *Table) Render() string { return t.Fit(0) }

// least is the width in which a shortened text still says something.
const least = 8

// Fit draws the table in at most width columns, or whole where width is 0. Spare columns are left out, and named below; where that is
// not enough, texts are shortened. Numbers never are.
func (t *Table) Fit(width int) string {
	shown := slices.Clone(t.widths)
	var hidden []int
	over := func() int {
		total := -3 // a column takes a space on either side and a bar, the outermost ones less
		for _, w := range shown {
			if w > 0 {
				total += w + 3
			}
		}
		return total - width
	}
	for _, c := range t.spare {
		if width == 0 || over() <= 0 {
			break
		}
		hidden, shown[c-1] = append(hidden, c), 0
	}
	for width > 0 && over() > 0 {
		widest := -1
		for i, w := range shown {
			if w > least && !slices.Contains(t.right, i+1) && (widest < 0 || w > shown[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		shown[widest] = max(shown[widest]-over(), least)
	}
	return t.draw(shown, hidden)
}

func (t *Table) draw(shown, hidden []int) string {
	var configs []table.ColumnConfig
	var names []string
	for i, w := range shown {
		c := table.ColumnConfig{Number: i + 1, Hidden: slices.Contains(hidden, i+1)}
		if slices.Contains(t.right, i+1) {
			c.Align, c.AlignHeader, c.AlignFooter = text.AlignRight, text.AlignRight, text.AlignRight
		}
		if w > 0 && w < t.widths[i] {
			c.WidthMax, c.WidthMaxEnforcer = w, func(cell string, most int) string { return text.Snip(cell, most, "…") }
		}
		configs = append(configs, c)
	}
	for _, c := range hidden {
		names = append(names, fmt.Sprint(t.header[c-1]))
	}
	t.SetColumnConfigs(configs)
	var lines []string
	for line := range strings.SplitSeq(t.Writer.Render(), "\n") {
		lines = append(lines, withoutMargins(line))
	}
	if len(names) > 0 {
		lines = append(lines, fmt.Sprintf("Left out for want of room: %s.", wording.And(names)))
	}
	return strings.Join(lines, "\n")
}

// withoutMargins takes away the spaces, or parts of a rule, that stand before the first column and behind the last.
func withoutMargins(line string) string {
	const rule = "─"
	if inside, isRule := strings.CutPrefix(line, rule); isRule {
		return strings.TrimSuffix(inside, rule)
	}
	return strings.TrimRight(strings.TrimPrefix(line, " "), " ")
}
