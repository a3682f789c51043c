package plot

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
	"slices"
	"strconv"

	"gonum.org/v1/plot"
	"gonum.org/v1/plot/font"
	"gonum.org/v1/plot/plotter"
	"gonum.org/v1/plot/text"
	"gonum.org/v1/plot/vg"
	"gonum.org/v1/plot/vg/draw"
	"gonum.org/v1/plot/vg/vgimg"

	xfont "golang.org/x/image/font"
)

const (
	curvesDPI    = 128
	panelWidth   = 5 * vg.Inch
	curvesHeight = 3.75 * vg.Inch
	headHeight   = 46 // points above a panel's axes, for its title and legend
	dottedMost   = 40 // epochs up to which every one gets a dot
)

// Metrics are the means over one pass through a data set; Accuracy is a share in [0,1].
type Metrics struct{ Loss, Accuracy float64 }

// Epoch is what was measured in one epoch. Validation and Test are nil where none was done.
type Epoch struct {
	Training         Metrics
	Validation, Test *Metrics
	LearningRate     float64 // of the last step; 0 if it is not to be drawn
	Best             bool    // marked; the last such epoch is
}

// Curves draws loss and accuracy, in training, in validation and on the test set, over the epochs, and the learning rate where epochs have one;
// history[0] is epoch 1. A dashed line marks the best. The axes of the loss and the rate start at 0 unless a loss is negative; the accuracy axis ends at 100% and starts at the greatest of 99, 98, 95, 90, 80,
// 50 and 0 that leaves nothing out. Values that are NaN, infinite or beyond float32 leave a gap; the legend shows the last
// measured values as they are.
func Curves(w io.Writer, history []Epoch) error {
	if len(history) == 0 {
		return fmt.Errorf("plot: curves: the history has no epochs")
	}
	img, err := drawCurves(history)
	if err != nil {
		return fmt.Errorf("plot: curves: %w", err)
	}
	return encode(w, img)
}

func drawCurves(history []Epoch) (image.Image, error) {
	letters, err := plain()
	if err != nil {
		return nil, err
	}
	panels := []panel{
		{title: "Loss", curves: measured(history, "", func(m Metrics) float64 { return m.Loss }), axis: lossAxis},
		{title: "Accuracy", curves: measured(history, "%", func(m Metrics) float64 { return 100 * m.Accuracy }), unit: "%", axis: percentAxis},
	}
	if rates := learningRates(history); rates.last != "" {
		panels = append(panels, panel{title: "Learning rate", curves: []series{rates}, axis: lossAxis})
	}
	best := 0
	for i, e := range history {
		if e.Best {
			best = i + 1
		}
	}
	canvas := vgimg.NewWith(vgimg.UseWH(panelWidth*vg.Length(len(panels)), curvesHeight), vgimg.UseDPI(curvesDPI))
	tiles := draw.Tiles{Rows: 1, Cols: len(panels), PadTop: 10, PadBottom: 8, PadLeft: 10, PadRight: 14, PadX: 24}
	for i, p := range panels {
		p.best = best
		if err := p.draw(tiles.At(draw.New(canvas), i, 0), letters, len(history)); err != nil {
			return nil, err
		}
	}
	return canvas.Image(), nil
}

// plain sets texts in the Go fonts, from a cache of its own: gonum's default one is global.
func plain() (text.Handler, error) {
	f, err := loadFonts()
	if err != nil {
		return nil, err
	}
	return text.Plain{Fonts: font.NewCache(font.Collection{
		{Font: font.Font{Typeface: "Go"}, Face: f.regular},
		{Font: font.Font{Typeface: "Go", Weight: xfont.WeightBold}, Face: f.bold},
	})}, nil
}

// panel is one of the diagrams.
type panel struct {
	title, unit string
	curves      []series
	axis        func(least, most float64) (from, to, step float64)
	best        int // epoch, 0 for none
}

// series is one curve; a value that was not measured or cannot be drawn is NaN.
type series struct {
	name   string
	values []float64
	last   string
	colour color.Color
}

// measured are the curves of a figure in training, in validation and on the test set, without those that have no value.
func measured(history []Epoch, unit string, value func(Metrics) float64) []series {
	all := []series{{name: "training", colour: blue}, {name: "validation", colour: accent}, {name: "test", colour: green}}
	for _, e := range history {
		for i, m := range []*Metrics{&e.Training, e.Validation, e.Test} {
			if m == nil {
				all[i].values = append(all[i].values, math.NaN())
				continue
			}
			all[i].add(value(*m), unit)
		}
	}
	return slices.DeleteFunc(all, func(s series) bool { return s.last == "" })
}

func learningRates(history []Epoch) series {
	rates := series{name: "of the last step", colour: blue}
	for _, e := range history {
		if e.LearningRate == 0 {
			rates.values = append(rates.values, math.NaN())
			continue
		}
		rates.add(e.LearningRate, "")
	}
	return rates
}

func (s *series) add(v float64, unit string) {
	s.last = strconv.FormatFloat(v, 'g', 4, 64)
	if math.IsNaN(v) || math.Abs(v) > math.MaxFloat32 {
		v = math.NaN()
	} else {
		s.last += unit
	}
	s.values = append(s.values, v)
}

func (p panel) draw(c draw.Canvas, letters text.Handler, epochs int) error {
	from, to, step := p.axis(extent(p.curves))

	diagram := p.diagram(letters)
	diagram.Y.Min, diagram.Y.Max = from, to
	diagram.Y.Tick.Marker = ticks(from, to, step, p.unit)
	diagram.X.Min, diagram.X.Max = 1, float64(epochs)
	diagram.X.Tick.Marker = epochTicks(diagram.X.Max)

	if p.best > 0 {
		diagram.X.Label.Text = fmt.Sprintf("epoch (the best: %d)", p.best)
		at := float64(p.best)
		diagram.Add(&plotter.Line{
			XYs:       plotter.XYs{{X: at, Y: from}, {X: at, Y: to}},
			LineStyle: draw.LineStyle{Color: outline, Width: 1, Dashes: []vg.Length{4, 3}},
		})
	}
	x := c.Min.X
	for _, s := range p.curves {
		thumbs, err := s.plot(diagram)
		if err != nil {
			return err
		}
		x = legend(c, x, letters, s, thumbs)
	}
	head := text.Style{Color: ink, Font: font.Font{Typeface: "Go", Weight: xfont.WeightBold, Size: 12}, Handler: letters, YAlign: draw.YTop}
	c.FillText(head, vg.Point{X: c.Min.X, Y: c.Max.Y}, p.title)
	diagram.Draw(draw.Crop(c, 0, 0, 0, -headHeight))
	return nil
}

// extent gives the least and the greatest value of all curves, or zeros where there is none.
func extent(all []series) (least, most float64) {
	least, most = math.Inf(1), math.Inf(-1)
	for _, s := range all {
		for _, v := range s.values {
			if !math.IsNaN(v) {
				least, most = min(least, v), max(most, v)
			}
		}
	}
	if least > most {
		return 0, 0
	}
	return least, most
}

func (p panel) diagram(letters text.Handler) *plot.Plot {
	d := plot.New()
	d.TextHandler = letters
	d.BackgroundColor = nil
	d.X.Label.Text = "epoch"
	for _, axis := range []*plot.Axis{&d.X, &d.Y} {
		axis.Color, axis.Tick.Color, axis.Width = outline, outline, 0.5
		axis.Label.TextStyle.Handler, axis.Tick.Label.Handler = letters, letters
		axis.Label.TextStyle.Font, axis.Tick.Label.Font = font.Font{Typeface: "Go", Size: 10}, font.Font{Typeface: "Go", Size: 9}
		axis.Label.TextStyle.Color, axis.Tick.Label.Color = muted, muted
	}
	grid := plotter.NewGrid()
	grid.Vertical.Color = nil
	grid.Horizontal.Color, grid.Horizontal.Width = color.Gray{228}, 0.5
	d.Add(grid)
	return d
}

// plot adds the curve, in pieces where values are missing, and returns what stands for it in the legend.
func (s series) plot(d *plot.Plot) ([]plot.Thumbnailer, error) {
	line := draw.LineStyle{Color: s.colour, Width: 1.5}
	dot := draw.GlyphStyle{Color: s.colour, Radius: 2.2, Shape: draw.CircleGlyph{}}
	thumbs := []plot.Thumbnailer{&plotter.Line{LineStyle: line}}
	dotted := len(s.values) <= dottedMost
	if dotted {
		thumbs = append(thumbs, &plotter.Scatter{GlyphStyle: dot})
	}
	for _, piece := range pieces(s.values) {
		l, err := plotter.NewLine(piece)
		if err != nil {
			return nil, err
		}
		l.LineStyle = line
		d.Add(l)
		if dotted || len(piece) == 1 {
			points, err := plotter.NewScatter(piece)
			if err != nil {
				return nil, err
			}
			points.GlyphStyle = dot
			d.Add(points)
		}
	}
	return thumbs, nil
}

// pieces cuts a curve at its NaNs.
func pieces(values []float64) []plotter.XYs {
	var all []plotter.XYs
	open := false
	for i, v := range values {
		if math.IsNaN(v) {
			open = false
			continue
		}
		if !open {
			all, open = append(all, nil), true
		}
		all[len(all)-1] = append(all[len(all)-1], plotter.XY{X: float64(i + 1), Y: v})
	}
	return all
}

// legend draws one entry under the panel's title, from x on, and returns where the next one starts.
func legend(c draw.Canvas, x vg.Length, letters text.Handler, s series, thumbs []plot.Thumbnailer) vg.Length {
	l := plot.NewLegend()
	l.TextStyle = text.Style{Color: ink, Font: font.Font{Typeface: "Go", Size: 10}, Handler: letters}
	l.Left, l.Top = true, true
	l.Add(s.name+" "+s.last, thumbs...)
	at := draw.Crop(c, x-c.Min.X, 0, 0, -20)
	l.Draw(at)
	return x + l.Rectangle(at).Size().X + 14
}
