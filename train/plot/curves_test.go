package plot

import (
	"bytes"
	"image"
	"image/color"
	"io"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	lossPanel     = image.Rect(0, 90, 640, 480) // below title and legend
	accuracyPanel = image.Rect(640, 90, 1280, 480)
)

func falling(epochs int) []Epoch {
	history := make([]Epoch, epochs)
	for i := range history {
		history[i] = Epoch{
			Training:   Metrics{Loss: 1 / float64(i+1), Accuracy: 1 - 0.1/float64(i+1)},
			Validation: &Metrics{Loss: 1.2 / float64(i+1), Accuracy: 0.97 - 0.1/float64(i+1)},
		}
	}
	return history
}

func drawHistory(t *testing.T, history []Epoch) *image.RGBA {
	t.Helper()
	img := picture(t, func(w io.Writer) error { return Curves(w, history) })
	require.Equal(t, image.Rect(0, 0, 1280, 480), img.Bounds())
	return img
}

// grid gives the heights of a panel's highest and lowest grid line; the grey line below them is the axis.
func grid(img *image.RGBA, panel image.Rectangle) (top, bottom int) {
	var lines []int
	for y := panel.Min.Y; y < panel.Max.Y; y++ {
		grey := 0
		for x := panel.Min.X; x < panel.Max.X; x++ {
			if c := img.RGBAAt(x, y); c.R == c.G && c.G == c.B && c.R > 180 && c.R < 250 {
				grey++
			}
		}
		if grey > 300 && (len(lines) == 0 || y > lines[len(lines)-1]+1) {
			lines = append(lines, y)
		}
	}
	return lines[0], lines[len(lines)-2]
}

// span gives the smallest rectangle that holds a colour.
func span(img *image.RGBA, r image.Rectangle, c color.RGBA) image.Rectangle {
	var all image.Rectangle
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if near(img.RGBAAt(x, y), c) {
				all = all.Union(image.Rect(x, y, x+1, y+1))
			}
		}
	}
	return all
}

func TestCurvesPlaceValues(t *testing.T) {
	img := drawHistory(t, []Epoch{
		{Training: Metrics{Loss: 1, Accuracy: 0.6}, Validation: &Metrics{Loss: 0.5, Accuracy: 0.75}},
		{Training: Metrics{Loss: 0.5, Accuracy: 0.6}, Validation: &Metrics{Loss: 0.5, Accuracy: 1}},
		{Training: Metrics{Loss: 0, Accuracy: 0.6}, Validation: &Metrics{Loss: 0.5, Accuracy: 0.75}},
	})
	top, bottom := grid(img, lossPanel)
	training := span(img, lossPanel, blue)
	assert.InDelta(t, top, training.Min.Y, 6, "loss 1 at the top")
	assert.InDelta(t, bottom, training.Max.Y, 6, "loss 0 at the bottom")
	validation := span(img, lossPanel, accent)
	assert.InDelta(t, (top+bottom)/2, (validation.Min.Y+validation.Max.Y)/2, 2, "loss 0.5 half way")
	assert.Less(t, validation.Dy(), 14)
	middle := span(img, image.Rect(training.Min.X+training.Dx()/2-30, 90, training.Min.X+training.Dx()/2-20, 480), blue)
	assert.Less(t, middle.Max.Y, (top+bottom)/2, "before epoch 2 the loss is above 0.5")

	top, bottom = grid(img, accuracyPanel)
	training, validation = span(img, accuracyPanel, blue), span(img, accuracyPanel, accent)
	assert.InDelta(t, bottom-(bottom-top)/5, (training.Min.Y+training.Max.Y)/2, 2, "accuracy 60% a fifth above the bottom, 50%")
	assert.InDelta(t, top, validation.Min.Y, 6, "accuracy 100% at the top")
	assert.InDelta(t, (top+bottom)/2, validation.Max.Y, 6, "accuracy 75% half way")
}

func TestCurvesOneEpoch(t *testing.T) {
	img := drawHistory(t, falling(1))
	for _, panel := range []image.Rectangle{lossPanel, accuracyPanel} {
		top, _ := grid(img, panel)
		for _, c := range []color.RGBA{blue, accent} {
			dot := span(img, panel, c)
			assert.InDelta(t, 8, dot.Dx(), 3)
			assert.InDelta(t, 8, dot.Dy(), 3)
			assert.Greater(t, dot.Min.X, panel.Min.X+200, "in the middle")
			assert.Greater(t, dot.Min.Y, top-8, "not above the axis")
		}
	}
}

func TestCurvesWithoutValidation(t *testing.T) {
	history := falling(5)
	for i := range history {
		history[i].Validation = nil
	}
	img := drawHistory(t, history)
	assert.Zero(t, count(img, img.Bounds(), accent), "neither curve nor legend")
	assert.Positive(t, count(img, lossPanel, blue))
}

func TestCurvesOfTheTestSet(t *testing.T) {
	history := falling(5)
	for i := range history {
		history[i].Test = &Metrics{Loss: 2, Accuracy: 0.5}
	}
	img := drawHistory(t, history)
	for _, panel := range []image.Rectangle{lossPanel, accuracyPanel} {
		assert.Positive(t, count(img, panel, accent))
		assert.Positive(t, count(img, panel, green))
	}
	assert.Zero(t, count(drawHistory(t, falling(5)), img.Bounds(), green))
}

func TestCurvesLeaveGaps(t *testing.T) {
	whole := drawHistory(t, falling(5))
	extent := span(whole, lossPanel, blue)
	centre := (extent.Min.X + extent.Max.X) / 2
	window := image.Rect(centre-80, lossPanel.Min.Y, centre+80, lossPanel.Max.Y)
	require.Positive(t, count(whole, window, blue))
	for _, bad := range []float64{math.NaN(), math.Inf(1), -1e39} {
		history := falling(5)
		history[2].Training.Loss, history[2].Validation = bad, nil
		gap := drawHistory(t, history)
		assert.Zero(t, count(gap, window, blue), "%v", bad)
		assert.Zero(t, count(gap, window, accent), "no validation")
		assert.Equal(t, extent, span(gap, lossPanel, blue), "the rest stays")
	}
}

func TestCurvesWithNothingToDraw(t *testing.T) {
	img := drawHistory(t, []Epoch{{Training: Metrics{math.NaN(), math.NaN()}, Validation: &Metrics{math.Inf(1), math.NaN()}}})
	assert.Zero(t, count(img, lossPanel, blue)+count(img, accuracyPanel, accent))

	var nothing bytes.Buffer
	assert.EqualError(t, Curves(&nothing, nil), "plot: curves: the history has no epochs")
	assert.Zero(t, nothing.Len())
}

func TestCurvesOfManyEpochs(t *testing.T) {
	img := drawHistory(t, falling(1000))
	assert.Greater(t, span(img, accuracyPanel, blue).Dx(), 450)
	lonely := falling(1000)
	for i := range lonely {
		if i != 500 {
			lonely[i].Training.Loss = math.NaN()
		}
	}
	assert.Positive(t, count(drawHistory(t, lonely), lossPanel, blue), "a value between gaps is a dot")
}

func TestAxes(t *testing.T) {
	type axis struct{ from, to, step float64 }
	for _, c := range []struct{ least, most, from, to, step float64 }{
		{0.1, 0.9, 0, 1, 0.2}, {0, 0, 0, 1, 0.2}, {2.2, 2.3, 0, 2.5, 0.5}, {0.01, 0.061, 0, 0.08, 0.02},
		{-3, -1, -3, 0, 0.5}, {-0.5, 6, -2, 6, 2}, {3, 3e38, 0, 3e38, 5e37},
	} {
		from, to, step := lossAxis(c.least, c.most)
		assert.InEpsilonSlice(t, []float64{1 + c.from, c.to + 1, c.step}, []float64{1 + from, to + 1, step}, 1e-12, "%v", c)
	}
	for least, want := range map[float64]axis{
		100: {99, 100, 0.2}, 99: {99, 100, 0.2}, 98.9: {98, 100, 0.4}, 96: {95, 100, 1},
		90.1: {90, 100, 2}, 85: {80, 100, 4}, 55: {50, 100, 10}, 49.9: {0, 100, 20}, 0: {0, 100, 20},
	} {
		from, to, step := percentAxis(least, 100)
		assert.Equal(t, want, axis{from, to, step}, "%v%%", least)
	}
}

func TestExtent(t *testing.T) {
	for _, c := range []struct{ a, b, want []float64 }{
		{[]float64{2, math.NaN(), 3}, []float64{-1, 2}, []float64{-1, 3}},
		{[]float64{math.NaN()}, []float64{4}, []float64{4, 4}},
		{[]float64{math.NaN()}, nil, []float64{0, 0}},
	} {
		least, most := extent([]series{{values: c.a}, {values: c.b}})
		assert.Equal(t, c.want, []float64{least, most})
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		from, to, step float64
		unit           string
		want           []string
	}{
		{0, 0.12, 0.02, "", []string{"0.00", "0.02", "0.04", "0.06", "0.08", "0.10", "0.12"}},
		{0, 0.003, 0.001, "", []string{"0.000", "0.001", "0.002", "0.003"}},
		{-0.2, 0.1, 0.1, "", []string{"-0.2", "-0.1", "0.0", "0.1"}},
		{0, 100, 20, "%", []string{"0%", "20%", "40%", "60%", "80%", "100%"}},
		{99, 100, 0.2, "%", []string{"99.0%", "99.2%", "99.4%", "99.6%", "99.8%", "100.0%"}},
		{0, 1e30, 5e29, "", []string{"0", "5e+29", "1e+30"}},
	} {
		var labels []string
		for _, tick := range ticks(c.from, c.to, c.step, c.unit) {
			labels = append(labels, tick.Label)
		}
		assert.Equal(t, c.want, labels)
	}
	for n, want := range map[float64][]string{
		1: {"1"}, 5: {"1", "2", "3", "4", "5"}, 12: {"1", "2", "4", "6", "8", "10", "12"}, 230: {"1", "50", "100", "150", "200"},
	} {
		var labels []string
		for _, tick := range epochTicks(n) {
			labels = append(labels, tick.Label)
		}
		assert.Equal(t, want, labels, "%v epochs", n)
	}
}

// A learning rate that was noted has a panel of its own.
func TestLearningRatePanel(t *testing.T) {
	history := falling(6)
	for i := range history {
		history[i].LearningRate = 0.001 / float64(i+1)
	}
	img := picture(t, func(w io.Writer) error { return Curves(w, history) })
	require.Equal(t, image.Rect(0, 0, 1920, 480), img.Bounds())
	ratePanel := image.Rect(1280, 90, 1920, 480)
	line := span(img, ratePanel, blue)
	assert.Greater(t, line.Dx(), 400, "from the first epoch to the last")
	top, bottom := grid(img, ratePanel)
	assert.Less(t, float64(line.Min.Y), float64(top)+0.2*float64(bottom-top), "the first rate is near the top")

	img = picture(t, func(w io.Writer) error { return Curves(w, append(history, Epoch{})) })
	assert.Less(t, span(img, ratePanel, blue).Dx(), line.Dx(), "a rate that was not noted leaves a gap")
}

func TestCurvesMarkTheBest(t *testing.T) {
	history := falling(5)
	history[1].Best = true
	second := drawHistory(t, history)
	history[2].Best = true
	third := drawHistory(t, history) // the last that is best
	for _, panel := range []image.Rectangle{lossPanel, accuracyPanel} {
		top, bottom := grid(second, panel)
		curve, lines := span(second, panel, blue), map[float64]bool{}
		for x := curve.Min.X; x < curve.Max.X; x++ {
			changed := 0
			for y := top + 2; y < bottom-2; y++ {
				if second.RGBAAt(x, y) != third.RGBAAt(x, y) {
					changed++
				}
			}
			if changed == 0 {
				continue
			}
			epoch := 1 + 4*float64(x-curve.Min.X-4)/float64(curve.Dx()-8) // dots reach a little farther
			assert.Less(t, min(math.Abs(epoch-2), math.Abs(epoch-3)), 0.05, "nothing else at %d", x)
			if changed > (bottom-top)/3 { // dashes
				lines[math.Round(epoch)] = true
			}
		}
		assert.Equal(t, map[float64]bool{2: true, 3: true}, lines)
	}
}
