package plot

import (
	"bytes"
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfusionCells(t *testing.T) {
	classes := []string{"a", "b", "c"}
	counts := [][]int{{3, 1, 0}, {0, 5, 0}, {0, 0, 0}}
	img := picture(t, func(w io.Writer) error { return Confusion(w, classes, counts) })
	m, err := newMatrix(classes, counts)
	require.NoError(t, err)
	require.Equal(t, 64, m.cell)
	assert.False(t, m.upright)
	assert.Equal(t, m.origin.Add(image.Pt(3*64+16, 3*64+16)), img.Bounds().Max)

	// Square roots of the shares: 3/4, 1/4, 1.
	half := color.RGBA{217, 140, 149, 255}
	s := math.Sqrt(0.75)
	strong := color.RGBA{uint8(math.Round(255 - s*222)), uint8(math.Round(255 - s*153)), uint8(math.Round(255 - s*83)), 255}
	want := [][]color.RGBA{{strong, half, white}, {white, blue, white}, {white, white, white}}
	for r := range want {
		for c := range want[r] {
			cell := image.Rect(0, 0, 64, 64).Add(m.origin).Add(image.Pt(c*64, r*64))
			for _, corner := range []image.Point{{0, 0}, {63, 0}, {0, 63}, {63, 63}} {
				assert.Equal(t, want[r][c], img.RGBAAt(cell.Min.X+corner.X, cell.Min.Y+corner.Y), "row %d, column %d", r, c)
			}
			assert.Less(t, count(img, cell, want[r][c]), 64*64, "the count of row %d, column %d", r, c)
		}
	}
	assert.Equal(t, muted, img.RGBAAt(m.origin.X-1, m.origin.Y-1), "frame")
}

func TestConfusionOfManyClasses(t *testing.T) {
	for _, n := range []int{1, 10, 47} {
		for _, name := range []string{"%d", "a name that goes on beyond all measure, number %d"} {
			classes, counts := make([]string, n), make([][]int, n)
			for i := range classes {
				classes[i] = strings.ReplaceAll(name, "%d", fmt.Sprint(i))
				counts[i] = make([]int, n)
				counts[i][i] = 400
			}
			m, err := newMatrix(classes, counts)
			require.NoError(t, err)
			for _, label := range m.labels {
				assert.LessOrEqual(t, m.body.width(label), longestLabel)
				if !m.upright {
					assert.LessOrEqual(t, m.body.width(label), m.cell)
				}
			}
			assert.GreaterOrEqual(t, m.cell, m.body.height(), "labels of neighbours do not overlap")
			assert.True(t, m.counted)
			assert.GreaterOrEqual(t, m.cell, m.body.width("400")+8)
			img := picture(t, func(w io.Writer) error { return Confusion(w, classes, counts) })
			assert.GreaterOrEqual(t, img.Bounds().Dx(), m.origin.X+n*m.cell+margin)
			for i := range n {
				corner := m.origin.Add(image.Pt(i*m.cell, i*m.cell))
				assert.Equal(t, blue, img.RGBAAt(corner.X, corner.Y))
			}
		}
	}
}

func TestConfusionWithoutCounts(t *testing.T) {
	const n = countedMost + 1
	classes, counts := make([]string, n), make([][]int, n)
	for i := range counts {
		counts[i] = make([]int, n)
		counts[i][i] = 9
	}
	m, err := newMatrix(classes, counts)
	require.NoError(t, err)
	img := picture(t, func(w io.Writer) error { return Confusion(w, classes, counts) })
	cell := image.Rect(0, 0, m.cell, m.cell).Add(m.origin)
	assert.Equal(t, m.cell*m.cell, count(img, cell, blue))
}

func TestCountsAreLegible(t *testing.T) {
	assert.Equal(t, outline, countColour(0, white))
	assert.Equal(t, ink, countColour(1, white))
	assert.Equal(t, ink, countColour(1, shareColour(1, 10, false)))
	assert.Equal(t, white, countColour(1, blue))
	assert.Equal(t, white, countColour(1, red))
}

func TestConfusionTally(t *testing.T) {
	right, total, err := tally([]string{"a", "b"}, [][]int{{3, 4}, {5, 7}})
	require.NoError(t, err)
	assert.Equal(t, []int{10, 19}, []int{right, total})
}

func TestConfusionRefuses(t *testing.T) {
	many := make([]string, 700)
	counts := make([][]int, 700)
	for i := range counts {
		counts[i] = make([]int, 700)
		counts[i][i] = 1
	}
	for want, c := range map[string]struct {
		classes []string
		counts  [][]int
	}{
		"no classes":                         {nil, nil},
		"1 rows for 2 classes":               {[]string{"a", "b"}, [][]int{{1, 2}}},
		`row 1 ("b") has 1 columns for 2`:    {[]string{"a", "b"}, [][]int{{1, 2}, {1}}},
		"count [1][0] is -4":                 {[]string{"a", "b"}, [][]int{{1, 2}, {-4, 1}}},
		"counts no examples":                 {[]string{"a"}, [][]int{{0}}},
		"700 classes would take 1":           {many, counts},
		"64 million; draw fewer classes":     {many, counts},
		"plot: confusion matrix has 0 rows ": {[]string{"a"}, nil},
	} {
		var file bytes.Buffer
		assert.ErrorContains(t, Confusion(&file, c.classes, c.counts), want)
		assert.Zero(t, file.Len(), "nothing is written")
	}
}
