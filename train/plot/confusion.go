package plot

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"strconv"
)

const (
	margin       = 16
	longestLabel = 160 // pixels of a class name before it is cut
	countedMost  = 64  // classes up to which the cells are large enough for their counts
)

// Confusion draws a confusion matrix: counts[t][p] examples of class t were predicted as class p, so a row is a true class
// and a column a predicted one. The title gives the accuracy, the diagonal's share of all. A cell's colour grows with the
// square root of its share of the row, so that a single mistake among a hundred can still be seen: blue on the diagonal, red
// beside it. With more than 64 classes the cells are small and show only their colours.
//
// counts must be a square of len(classes) rows, with no negative number and at least one example.
func Confusion(w io.Writer, classes []string, counts [][]int) error {
	right, total, err := tally(classes, counts)
	if err != nil {
		return err
	}
	m, err := newMatrix(classes, counts)
	if err != nil {
		return fmt.Errorf("plot: confusion matrix: %w", err)
	}
	title := fmt.Sprintf("Accuracy %.2f%% (%d of %d)", 100*float64(right)/float64(total), right, total)
	m.size.X = max(m.size.X, m.head.width(title)+2*margin)
	if !fits(m.size) {
		return fmt.Errorf("plot: %w", undrawable("confusion matrix of %d classes would take %dx%d pixels, more than %d million; draw fewer classes",
			len(classes), m.size.X, m.size.Y, maxPixels>>20))
	}

	img := newImage(m.size)
	m.head.draw(img, margin, margin, title, ink)
	m.drawLabels(img)
	for t, row := range counts {
		m.drawRow(img, t, row)
	}
	frame(img, image.Rectangle{Min: m.origin, Max: m.origin.Add(image.Pt(len(classes)*m.cell, len(classes)*m.cell))}.Inset(-1), 1, muted)
	return encode(w, img)
}

func tally(classes []string, counts [][]int) (right, total int, err error) {
	if len(classes) == 0 {
		return 0, 0, fmt.Errorf("plot: confusion matrix has no classes")
	}
	if len(counts) != len(classes) {
		return 0, 0, fmt.Errorf("plot: confusion matrix has %d rows for %d classes", len(counts), len(classes))
	}
	for t, row := range counts {
		if len(row) != len(classes) {
			return 0, 0, fmt.Errorf("plot: confusion matrix: row %d (%q) has %d columns for %d classes", t, classes[t], len(row), len(classes))
		}
		for p, n := range row {
			if n < 0 {
				return 0, 0, fmt.Errorf("plot: confusion matrix: count [%d][%d] is %d; counts start at 0", t, p, n)
			}
			total += n
		}
		right += row[t]
	}
	if total == 0 {
		return 0, 0, fmt.Errorf("plot: confusion matrix counts no examples")
	}
	return right, total, nil
}

// matrix is the layout of a confusion matrix.
type matrix struct {
	head, body lettering
	labels     []string
	upright    bool        // column labels run upwards
	counted    bool        // cells show their counts
	cell       int         // side of a cell
	origin     image.Point // upper left corner of the first cell
	size       image.Point
}

func newMatrix(classes []string, counts [][]int) (*matrix, error) {
	head, body, err := headAndBody()
	if err != nil {
		return nil, err
	}
	m := &matrix{head: head, body: body, labels: make([]string, len(classes)), counted: len(classes) <= countedMost}
	widest := 0
	for i, class := range classes {
		m.labels[i] = body.shorten(class, longestLabel)
		widest = max(widest, body.width(m.labels[i]))
	}

	m.cell = max(body.height()+2, min(64, 480/len(classes)))
	if m.counted {
		for _, row := range counts {
			for _, n := range row {
				m.cell = max(m.cell, body.width(strconv.Itoa(n))+8)
			}
		}
	}
	m.upright = widest > m.cell-4
	columnLabels := body.height()
	if m.upright {
		columnLabels = widest
	}
	axis := body.height() + 8
	m.origin = image.Pt(margin+axis+widest+8, margin+head.height()+12+axis+columnLabels+8)
	m.size = m.origin.Add(image.Pt(len(classes)*m.cell+margin, len(classes)*m.cell+margin))
	return m, nil
}

func (m *matrix) drawLabels(img *image.RGBA) {
	side := len(m.labels) * m.cell
	m.body.drawCentred(img, m.origin.X+side/2, margin+m.head.height()+12, "predicted class", muted)
	const rows = "true class"
	m.body.drawUpwards(img, margin, m.origin.Y+side/2+m.body.width(rows)/2, rows, muted)
	for i, label := range m.labels {
		middle := i*m.cell + m.cell/2
		m.body.draw(img, m.origin.X-8-m.body.width(label), m.origin.Y+middle-m.body.height()/2, label, ink)
		if m.upright {
			m.body.drawUpwards(img, m.origin.X+middle-m.body.height()/2, m.origin.Y-8, label, ink)
		} else {
			m.body.drawCentred(img, m.origin.X+middle, m.origin.Y-8-m.body.height(), label, ink)
		}
	}
}

func (m *matrix) drawRow(img *image.RGBA, t int, row []int) {
	sum := 0
	for _, n := range row {
		sum += n
	}
	for p, n := range row {
		r := image.Rect(0, 0, m.cell, m.cell).Add(m.origin).Add(image.Pt(p*m.cell, t*m.cell))
		background := shareColour(n, sum, t == p)
		fill(img, r, background)
		if m.counted {
			m.body.drawCentred(img, r.Min.X+m.cell/2, r.Min.Y+(m.cell-m.body.height())/2, strconv.Itoa(n), countColour(n, background))
		}
	}
}

func shareColour(n, sum int, diagonal bool) color.RGBA {
	if sum == 0 {
		return white
	}
	full := red
	if diagonal {
		full = blue
	}
	return blend(white, full, math.Sqrt(float64(n)/float64(sum)))
}

// countColour keeps the zeros back and the numbers legible on a dark cell.
func countColour(n int, background color.RGBA) color.RGBA {
	switch {
	case n == 0:
		return outline
	case int(background.R)+int(background.G)+int(background.B) < 3*140:
		return white
	}
	return ink
}
