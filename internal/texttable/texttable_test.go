package texttable_test

import (
	"strings"
	"testing"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"github.com/stretchr/testify/assert"

	"cnn-gpu/internal/texttable"
)

func example() *texttable.Table {
	t := texttable.New("Layer", "Op", "Count", "Bytes")
	t.AppendRow(table.Row{"größe_1", "conv2d_fprop_relu_pool", 12, "1,234"})
	t.AppendRow(table.Row{"dense", "dense_fprop", 3, "20"})
	t.AppendFooter(table.Row{"All", "", "", "1,254"})
	t.Right(3, 4)
	t.Spare(3)
	return t
}

func TestRender(t *testing.T) {
	assert.Equal(t, strings.Join([]string{
		"Layer   │ Op                     │ Count │ Bytes",
		"────────┼────────────────────────┼───────┼──────",
		"größe_1 │ conv2d_fprop_relu_pool │    12 │ 1,234",
		"dense   │ dense_fprop            │     3 │    20",
		"────────┼────────────────────────┼───────┼──────",
		"All     │                        │       │ 1,254",
	}, "\n"), example().Render())
}

func TestFit(t *testing.T) {
	whole := example().Render()
	width := text.LongestLineLen(whole)
	assert.Equal(t, whole, example().Fit(width), "nothing is left out where all has room")

	narrow := example().Fit(width - 1)
	assert.NotContains(t, narrow, "│ Count")
	assert.Contains(t, narrow, "conv2d_fprop_relu_pool │ 1,234")
	assert.True(t, strings.HasSuffix(narrow, "\nLeft out for want of room: Count."))

	for _, width := range []int{39, 38, 36, 30} {
		text := example().Fit(width)
		for line := range strings.Lines(text) {
			if !strings.HasPrefix(line, "Left out") {
				assert.LessOrEqual(t, len([]rune(strings.TrimSuffix(line, "\n"))), width, text)
			}
		}
		assert.Equal(t, 7, len(strings.Split(text, "\n")), "a cell is a line:\n%s", text)
		assert.Contains(t, text, "1,234", "a number is never cut")
	}
	assert.Contains(t, example().Fit(30), "…")
	assert.NotPanics(t, func() { example().Fit(1) })
}

// What a table drew once does not change what it draws then.
func TestFitAgain(t *testing.T) {
	table := example()
	whole := table.Render()
	table.Fit(20)
	assert.Equal(t, whole, table.Render())
}
