package plot

import (
	"fmt"
	"image"
	"image/color"
	"io"
	"math"
)

// Scale says how the values of tiles become colours. Values that are NaN or infinite are yellow in every scale.
type Scale int

const (
	// Unit shows values in [0,1] as they are, grey for one channel and RGB for three; values outside are clamped.
	Unit Scale = iota
	// Signed runs from blue (negative) over white (zero) to red (positive). The strongest colour is the largest magnitude in
	// the whole sheet, so that tiles can be compared.
	Signed
	// SignedPerTile is Signed with the largest magnitude of each tile by itself, so that a weak tile can be seen too.
	SignedPerTile
	// SignedColour shows three channels as red, green and blue: zero is mid-grey, the largest magnitude in the whole sheet is the
	// brightest, or the darkest if it is negative.
	SignedColour
)

// joins says whether all channels of a pixel are one colour.
func (s Scale) joins() bool { return s == Unit || s == SignedColour }

// colour is that of a pixel's channels or, where the scale does not join them, of one channel.
func (s Scale) colour(channels []float32, limit float64) color.RGBA {
	switch s {
	case Unit:
		return unitColour(channels)
	case SignedColour:
		return signedRGB(channels, limit)
	}
	return signedColour(channels[0], limit)
}

// SheetOptions lays a sheet out.
type SheetOptions struct {
	Title   string // drawn on top; may be empty
	Columns int    // tiles in a row; 0 chooses: 8, or 16 for more than 128 tiles
	Zoom    int    // pixels for one value, each way, up to 256; 0 chooses for each tile so that it is about 100 pixels wide
	Scale   Scale
}

// Tile is one small image of a sheet.
type Tile struct {
	// Pixels are the values in the order [H,W,C]. In the scale Unit C is 1 (grey) or 3 (RGB), in SignedColour 3; in the other signed
	// scales any number of channels is drawn as a mosaic, channel 0 at the upper left.
	Pixels  []float32
	H, W, C int

	Caption   string // below the tile; each "\n" begins a line
	Heading   string // if not empty, this tile begins a new section under this heading
	Highlight bool   // an orange frame and caption instead of the grey frame
}

// Sheet draws the tiles in rows, enlarged by whole factors without smoothing, each with its caption below.
//
// It refuses a sheet without tiles, a tile whose sizes are not those of its pixels, and a picture of more than 64 megapixels. What cannot be
// drawn, though the tiles are right, is an UndrawableError: that picture, or the channels in the scale Unit.
func Sheet(w io.Writer, options SheetOptions, tiles []Tile) error {
	if err := check(options, tiles); err != nil {
		return fmt.Errorf("plot: sheet: %w", err)
	}
	s, err := layOut(options, tiles)
	if err != nil {
		return fmt.Errorf("plot: sheet: %w", err)
	}
	return encode(w, s.draw())
}

const greatestZoom = 256

func check(options SheetOptions, tiles []Tile) error {
	if len(tiles) == 0 {
		return fmt.Errorf("no tiles to draw")
	}
	if options.Columns < 0 || options.Zoom < 0 || options.Zoom > greatestZoom {
		return fmt.Errorf("columns %d and zoom %d: columns start at 0, zoom goes from 0 to %d", options.Columns, options.Zoom, greatestZoom)
	}
	if options.Scale < Unit || options.Scale > SignedColour {
		return fmt.Errorf("unknown scale %d", options.Scale)
	}
	for i, t := range tiles {
		if !holds(len(t.Pixels), t.H, t.W, t.C) {
			return fmt.Errorf("tile %d (%q) has %d values for shape [%d,%d,%d]", i, t.Caption, len(t.Pixels), t.H, t.W, t.C)
		}
		if options.Scale == Unit && t.C != 1 && t.C != 3 {
			return undrawable("images with %d channels have no colours: those with 1 (grey) or 3 (RGB) can be drawn", t.C)
		}
		if options.Scale == SignedColour && t.C != colourChannels {
			return fmt.Errorf("tile %d (%q) of shape [%d,%d,%d]: scale SignedColour draws 3 channels; use Signed", i, t.Caption, t.H, t.W, t.C)
		}
	}
	return nil
}

// holds reports whether n is the product of the sizes, all positive; no product in it overflows.
func holds(n int, sizes ...int) bool {
	for _, size := range sizes {
		if size < 1 || n%size != 0 {
			return false
		}
		n /= size
	}
	return n == 1
}

// largest gives the largest finite magnitude of the tiles, and whether all their values are finite.
func largest(tiles ...Tile) (limit float64, finite bool) {
	finite = true
	for _, t := range tiles {
		for _, v := range t.Pixels {
			if isFinite(v) {
				limit = max(limit, math.Abs(float64(v)))
			} else {
				finite = false
			}
		}
	}
	return limit, finite
}

func isFinite(v float32) bool { return v-v == 0 }

// draw paints the sheet as laid out.
func (s *sheet) draw() image.Image {
	img := newImage(s.size)
	for _, l := range s.lines {
		l.letters.draw(img, l.at.X, l.at.Y, l.text, l.colour)
	}
	s.key.draw(img)
	for _, p := range s.places {
		p.draw(img, s.scale, s.key.limit)
	}
	return img
}

// draw paints one tile: its channels side by side, or all in one.
func (p place) draw(img *image.RGBA, scale Scale, limit float64) {
	t := p.tile
	border, width := outline, 1
	if t.Highlight {
		border, width = accent, 3
	}
	fill(img, p.bounds, outline)
	frame(img, p.bounds.Inset(-width), width, border)
	if scale.joins() {
		for i := range t.H * t.W {
			fill(img, p.value(0, i/t.W, i%t.W), scale.colour(t.Pixels[i*t.C:(i+1)*t.C], limit))
		}
		return
	}
	if scale == SignedPerTile {
		limit, _ = largest(t)
	}
	for i, v := range t.Pixels {
		fill(img, p.value(i%t.C, i/t.C/t.W, i/t.C%t.W), scale.colour([]float32{v}, limit))
	}
}
