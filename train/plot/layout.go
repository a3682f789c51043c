package plot

import (
	"image"
	"image/color"
	"math"
	"strconv"
	"strings"
)

const (
	gap          = 12  // pixels between tiles
	captionGap   = 5   // pixels between a tile and its caption
	comfortable  = 100 // pixels that a tile should about have in its longer side
	captionWidth = 160 // pixels that a caption may be wider than a narrower tile
	titleWidth   = 900
	keyLength    = 96 // pixels of the colour bar
)

// sheet is the layout of a sheet: where each thing goes.
type sheet struct {
	scale  Scale
	size   image.Point
	lines  []line
	places []place
	key    key
}

type line struct {
	letters lettering
	at      image.Point // upper left
	text    string
	colour  color.RGBA
}

// place is where a tile goes. bounds leave out the frame.
type place struct {
	tile   Tile
	bounds image.Rectangle
	zoom   int
	across int // channels side by side in a mosaic
}

// value gives the square of one value.
func (p place) value(channel, y, x int) image.Rectangle {
	panel := image.Pt(channel%p.across*(p.tile.W*p.zoom+1), channel/p.across*(p.tile.H*p.zoom+1))
	return image.Rect(0, 0, p.zoom, p.zoom).Add(p.bounds.Min).Add(panel).Add(image.Pt(x*p.zoom, y*p.zoom))
}

// newPlace sizes a tile, with its upper left corner at the origin.
func newPlace(t Tile, options SheetOptions) place {
	across, down := 1, 1
	if !options.Scale.joins() { // a mosaic about as wide as it is high
		across = min(int(math.Ceil(math.Sqrt(float64(t.C)*float64(t.H)/float64(t.W)))), t.C)
		down = (t.C + across - 1) / across
	}
	zoom := options.Zoom
	if zoom == 0 {
		zoom = max(1, int(math.Round(comfortable/float64(max(across*t.W, down*t.H)))))
	}
	return place{t, image.Rect(0, 0, across*(t.W*zoom+1)-1, down*(t.H*zoom+1)-1), zoom, across}
}

// layOut finds every position. All sizes are known before any memory is asked for.
func layOut(options SheetOptions, tiles []Tile) (*sheet, error) {
	head, body, err := headAndBody()
	if err != nil {
		return nil, err
	}
	s := &sheet{scale: options.Scale}
	y := margin
	if options.Title != "" {
		s.write(head, image.Pt(margin, y), head.shorten(options.Title, titleWidth), ink)
		y += head.height() + 6
	}
	y = s.layOutKey(body, tiles, y)

	columns := options.Columns
	if columns == 0 {
		columns = 8
		if len(tiles) > 128 {
			columns = 16
		}
	}
	cellWidth := 0
	for _, t := range tiles {
		p := newPlace(t, options)
		if !fits(p.bounds.Size()) { // so that no sum below can overflow
			return nil, tooLarge(tiles, p.bounds.Size())
		}
		cellWidth = max(cellWidth, p.bounds.Dx())
		for text := range strings.SplitSeq(t.Caption, "\n") {
			cellWidth = max(cellWidth, min(body.width(text), captionWidth))
		}
		s.places = append(s.places, p)
	}

	widest := 0
	for from := 0; from < len(tiles); {
		to := from + 1
		for to < len(tiles) && to-from < columns && tiles[to].Heading == "" {
			to++
		}
		if h := tiles[from].Heading; h != "" {
			y += 4
			s.write(body, image.Pt(margin, y), body.shorten(h, titleWidth), muted)
			y += body.height() + 8
		}
		y = s.layOutRow(body, s.places[from:to], cellWidth, y)
		widest = max(widest, to-from)
		from = to
	}

	s.size.X = max(s.size.X, margin+widest*(cellWidth+gap)-gap+margin)
	s.size.Y = y - gap + margin
	if !fits(s.size) {
		return nil, tooLarge(tiles, s.size)
	}
	return s, nil
}

func tooLarge(tiles []Tile, size image.Point) error {
	return undrawable("%d tiles need %dx%d pixels or more, and %d million is the limit; draw fewer of them, or smaller ones",
		len(tiles), size.X, size.Y, maxPixels>>20)
}

// write notes a line of text and widens the sheet for it.
func (s *sheet) write(letters lettering, at image.Point, text string, c color.RGBA) {
	s.lines = append(s.lines, line{letters, at, text, c})
	s.size.X = max(s.size.X, at.X+letters.width(text)+margin)
}

// layOutRow puts the tiles on one base line, their captions below, and returns the next row's top.
func (s *sheet) layOutRow(body lettering, row []place, cellWidth, y int) int {
	tallest, captions := 0, 0
	for _, p := range row {
		tallest = max(tallest, p.bounds.Dy())
		if p.tile.Caption != "" {
			captions = max(captions, captionGap+(1+strings.Count(p.tile.Caption, "\n"))*body.height())
		}
	}
	for i := range row {
		p := &row[i]
		left := margin + i*(cellWidth+gap)
		p.bounds = p.bounds.Add(image.Pt(left+(cellWidth-p.bounds.Dx())/2, y+tallest-p.bounds.Dy()))
		if p.tile.Caption == "" {
			continue
		}
		colour := ink
		if p.tile.Highlight {
			colour = accent
		}
		for n, text := range strings.Split(p.tile.Caption, "\n") {
			text = body.shorten(text, cellWidth)
			s.write(body, image.Pt(left+(cellWidth-body.width(text))/2, y+tallest+captionGap+n*body.height()), text, colour)
		}
	}
	return y + tallest + captions + gap
}

// key is the explanation of the colours under the title.
type key struct {
	limit  float64
	bar    image.Rectangle // colours from -limit to limit
	scale  Scale
	swatch image.Rectangle // the colour of NaN and infinity
}

// layOutKey explains the colours where they need it, and returns the top of what follows.
func (s *sheet) layOutKey(body lettering, tiles []Tile, y int) int {
	limit, finite := largest(tiles...)
	s.key.limit = limit
	if s.scale == Unit && finite {
		if len(s.lines) > 0 {
			y += 8
		}
		return y
	}
	x := margin
	text := func(t string) {
		s.write(body, image.Pt(x, y), t, muted)
		x += body.width(t) + 6
	}
	if s.scale != Unit {
		least, most := "-max", "max of each tile"
		if s.scale != SignedPerTile {
			most = strconv.FormatFloat(limit, 'g', 3, 64)
			least = "-" + most
		}
		text(least)
		s.key.bar, s.key.scale = image.Rect(x, y+2, x+keyLength, y+body.height()-2), s.scale
		x = s.key.bar.Max.X + 6
		text(most)
		x += gap
	}
	if !finite {
		s.key.swatch = image.Rect(x, y+2, x+body.height()-4, y+body.height()-2)
		x = s.key.swatch.Max.X + 6
		text("NaN or infinite")
	}
	return y + body.height() + gap
}

func (k key) draw(img *image.RGBA) {
	for x := range k.bar.Dx() {
		v := float32(2*x-k.bar.Dx()+1) / float32(k.bar.Dx()-1)
		colour := k.scale.colour([]float32{v, v, v}, 1)
		fill(img, image.Rect(k.bar.Min.X+x, k.bar.Min.Y, k.bar.Min.X+x+1, k.bar.Max.Y), colour)
	}
	if !k.bar.Empty() {
		frame(img, k.bar.Inset(-1), 1, outline)
	}
	if !k.swatch.Empty() {
		fill(img, k.swatch, warning)
	}
}
