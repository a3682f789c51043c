package plot

import (
	"bytes"
	"image"
	"image/color"
	"io"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	nan = float32(math.NaN())
	inf = float32(math.Inf(1))
)

func drawSheet(t *testing.T, options SheetOptions, tiles ...Tile) *image.RGBA {
	t.Helper()
	return picture(t, func(w io.Writer) error { return Sheet(w, options, tiles) })
}

func grey(v uint8) color.RGBA { return color.RGBA{v, v, v, 255} }

// requireBlock holds a square of one colour.
func requireBlock(t *testing.T, img *image.RGBA, x, y, side int, c color.RGBA) {
	t.Helper()
	for v := y; v < y+side; v++ {
		for u := x; u < x+side; u++ {
			if got := img.RGBAAt(u, v); got != c {
				require.Equal(t, c, got, "pixel (%d,%d)", u, v)
			}
		}
	}
}

func TestUnitTile(t *testing.T) {
	img := drawSheet(t, SheetOptions{Zoom: 3}, Tile{Pixels: []float32{0, 0.5, 1, 2, -1, 0.2}, H: 2, W: 3, C: 1})
	require.Equal(t, image.Rect(0, 0, 16+9+16, 16+6+16), img.Bounds())
	for i, c := range []color.RGBA{grey(0), grey(128), grey(255), grey(255), grey(0), grey(51)} {
		requireBlock(t, img, 16+i%3*3, 16+i/3*3, 3, c)
	}
	for _, p := range []image.Point{{15, 15}, {25, 15}, {15, 22}, {25, 22}} {
		assert.Equal(t, outline, img.RGBAAt(p.X, p.Y), "frame at %v", p)
	}
	assert.Equal(t, white, img.RGBAAt(14, 14))
}

func TestUnitColour(t *testing.T) {
	img := drawSheet(t, SheetOptions{Zoom: 2}, Tile{Pixels: []float32{1, 0.2, 0, 0, 0.4, 3}, H: 1, W: 2, C: 3})
	requireBlock(t, img, 16, 16, 2, color.RGBA{255, 51, 0, 255})
	requireBlock(t, img, 18, 16, 2, color.RGBA{0, 102, 255, 255})
}

func TestValuesThatAreNotFinite(t *testing.T) {
	for _, bad := range []float32{nan, inf, -inf} {
		assert.Equal(t, warning, unitColour([]float32{bad}))
		assert.Equal(t, warning, unitColour([]float32{0, 1, bad}))
		assert.Equal(t, warning, signedColour(bad, 1))
		limit, finite := largest(Tile{Pixels: []float32{-3, bad, 2}})
		assert.Equal(t, 3.0, limit, "they do not count as magnitudes")
		assert.False(t, finite)
	}
	finite := drawSheet(t, SheetOptions{}, Tile{Pixels: []float32{0}, H: 1, W: 1, C: 1})
	broken := drawSheet(t, SheetOptions{}, Tile{Pixels: []float32{nan}, H: 1, W: 1, C: 1})
	assert.Zero(t, count(finite, finite.Bounds(), warning))
	assert.Greater(t, count(broken, broken.Bounds(), warning), 100*100, "the tile and the key")
}

func TestSignedScales(t *testing.T) {
	tiles := []Tile{
		{Pixels: []float32{-2, 0, 1}, H: 1, W: 3, C: 1},
		{Pixels: []float32{4, -1, 0}, H: 1, W: 3, C: 1},
		{Pixels: []float32{0, 0, 0}, H: 1, W: 3, C: 1},
	}
	toBlue := func(t float64) color.RGBA { return blend(white, blue, t) }
	toRed := func(t float64) color.RGBA { return blend(white, red, t) }
	for scale, want := range map[Scale][][]color.RGBA{
		Signed:        {{toBlue(0.5), white, toRed(0.25)}, {red, toBlue(0.25), white}, {white, white, white}},
		SignedPerTile: {{blue, white, toRed(0.5)}, {red, toBlue(0.25), white}, {white, white, white}},
	} {
		options := SheetOptions{Scale: scale, Zoom: 2}
		img := drawSheet(t, options, tiles...)
		s, err := layOut(options, tiles)
		require.NoError(t, err)
		for i, row := range want {
			for x, c := range row {
				corner := s.places[i].bounds.Min.Add(image.Pt(2*x, 0))
				requireBlock(t, img, corner.X, corner.Y, 2, c)
			}
		}
		bar := s.key.bar
		require.Equal(t, keyLength, bar.Dx())
		assert.Equal(t, blue, img.RGBAAt(bar.Min.X, bar.Min.Y))
		assert.Equal(t, red, img.RGBAAt(bar.Max.X-1, bar.Min.Y))
	}
	assert.Equal(t, color.RGBA{144, 179, 214, 255}, toBlue(0.5), "half way from white to blue, by hand")
}

func TestSignedMosaic(t *testing.T) {
	// Five channels of 1x2 values: three by two panels is nearest to a square, each 2 zoom wide, with a line between them.
	tile := Tile{Pixels: []float32{1, -1, 0, 1, -1, -1, 1, 1, 0, 1}, H: 1, W: 2, C: 5}
	img := drawSheet(t, SheetOptions{Scale: Signed, Zoom: 4}, tile)
	s, err := layOut(SheetOptions{Scale: Signed, Zoom: 4}, []Tile{tile})
	require.NoError(t, err)
	p := s.places[0]
	require.Equal(t, image.Pt(2*8+1, 3*4+2), p.bounds.Size())
	colours := map[float32]color.RGBA{1: red, 0: white, -1: blue}
	for channel := range 5 {
		for x := range 2 {
			corner := p.bounds.Min.Add(image.Pt(channel%2*9+4*x, channel/2*5))
			requireBlock(t, img, corner.X, corner.Y, 4, colours[tile.Pixels[x*5+channel]])
		}
	}
	assert.Equal(t, outline, img.RGBAAt(p.bounds.Min.X+8, p.bounds.Min.Y), "between the columns")
	assert.Equal(t, outline, img.RGBAAt(p.bounds.Min.X, p.bounds.Min.Y+4), "between the rows")
	assert.Equal(t, outline, img.RGBAAt(p.bounds.Max.X-1, p.bounds.Max.Y-1), "no sixth channel")
}

func TestSheetRowsAndHeadings(t *testing.T) {
	dot := Tile{Pixels: []float32{0}, H: 1, W: 1, C: 1}
	headed := dot
	headed.Heading = "second"
	tiles := []Tile{dot, dot, dot, headed, dot}
	s, err := layOut(SheetOptions{Columns: 2, Zoom: 10}, tiles)
	require.NoError(t, err)
	var corners []image.Point
	for _, p := range s.places {
		corners = append(corners, p.bounds.Min)
	}
	heading := 4 + s.lines[0].letters.height() + 8
	assert.Equal(t, []image.Point{{16, 16}, {38, 16}, {16, 38}, {16, 60 + heading}, {38, 60 + heading}}, corners)
	assert.Equal(t, image.Pt(16, 64), s.lines[0].at)

	img := drawSheet(t, SheetOptions{Columns: 2, Zoom: 10}, tiles...)
	for _, c := range corners {
		requireBlock(t, img, c.X, c.Y, 10, grey(0))
	}
	assert.Less(t, count(img, image.Rect(16, 64, 64, 64+heading-8), white), 48*(heading-8), "the heading is there")
}

func TestCaptionsAndHighlight(t *testing.T) {
	tile := Tile{Pixels: []float32{0.5}, H: 1, W: 1, C: 1}
	plain := drawSheet(t, SheetOptions{}, tile)
	require.Equal(t, image.Rect(0, 0, 132, 132), plain.Bounds())

	tile.Caption = "true 3\npredicted 5"
	captioned := drawSheet(t, SheetOptions{}, tile)
	_, body, err := headAndBody()
	require.NoError(t, err)
	require.Equal(t, 132+captionGap+2*body.height(), captioned.Bounds().Dy())
	for n := range 2 {
		top := 116 + captionGap + n*body.height()
		r := image.Rect(16, top, 116, top+body.height())
		assert.Less(t, count(captioned, r, white), r.Dx()*r.Dy()-50, "line %d", n)
	}

	tile.Highlight = true
	lit := drawSheet(t, SheetOptions{}, tile)
	requireBlock(t, lit, 13, 13, 3, accent)
	requireBlock(t, lit, 116, 116, 3, accent)
	requireBlock(t, lit, 16, 16, 100, grey(128))
	assert.Zero(t, count(lit, image.Rect(0, 119, 132, lit.Bounds().Max.Y), ink), "the caption has the frame's colour")

	tile.Caption = "one line that is wider than any tile would like to be"
	assert.Equal(t, 16+captionWidth+16, drawSheet(t, SheetOptions{}, tile).Bounds().Dx())
}

func TestZoomIsChosenForEachTile(t *testing.T) {
	for side, want := range map[int]int{1: 100, 3: 33, 5: 20, 28: 4, 64: 2, 100: 1, 224: 1} {
		tile := Tile{Pixels: make([]float32, side*side), H: side, W: side, C: 1}
		assert.Equal(t, want, newPlace(tile, SheetOptions{}).zoom, "%dx%d", side, side)
	}
	filter := Tile{Pixels: make([]float32, 3*3*64), H: 3, W: 3, C: 64}
	p := newPlace(filter, SheetOptions{Scale: Signed})
	assert.Equal(t, 8, p.across)
	assert.Equal(t, 4, p.zoom)
}

// Every value of random sheets is found where the layout says, and the tiles lie apart and inside.
func TestRandomSheets(t *testing.T) {
	random := rand.New(rand.NewPCG(7, 11))
	for range 30 {
		options := SheetOptions{Columns: random.IntN(5), Zoom: random.IntN(4), Scale: Scale(random.IntN(3))}
		var tiles []Tile
		for range 1 + random.IntN(9) {
			tile := Tile{H: 1 + random.IntN(7), W: 1 + random.IntN(7), C: 1 + 2*random.IntN(2), Highlight: random.IntN(2) == 0}
			tile.Caption = "a caption"[:random.IntN(10)]
			tile.Heading = "head"[:4*random.IntN(2)]
			for range tile.H * tile.W * tile.C {
				tile.Pixels = append(tile.Pixels, random.Float32()*2-1)
			}
			tiles = append(tiles, tile)
		}
		img := drawSheet(t, options, tiles...)
		s, err := layOut(options, tiles)
		require.NoError(t, err)
		all, _ := largest(tiles...)
		for i, p := range s.places {
			require.True(t, p.bounds.Inset(-3).In(img.Bounds()))
			for _, other := range s.places[:i] {
				require.False(t, p.bounds.Inset(-3).Overlaps(other.bounds.Inset(-3)))
			}
			limit, _ := largest(p.tile)
			if options.Scale == Signed {
				limit = all
			}
			for n := range p.tile.Pixels {
				channel, x, y := n%p.tile.C, n/p.tile.C%p.tile.W, n/p.tile.C/p.tile.W
				want := signedColour(p.tile.Pixels[n], limit)
				square := p.value(channel, y, x)
				if options.Scale == Unit {
					first := n - channel
					want, square = unitColour(p.tile.Pixels[first:first+p.tile.C]), p.value(0, y, x)
				}
				require.True(t, square.In(p.bounds))
				requireBlock(t, img, square.Min.X, square.Min.Y, p.zoom, want)
			}
		}
	}
}

func TestSheetRefuses(t *testing.T) {
	good := Tile{Pixels: make([]float32, 4), H: 2, W: 2, C: 1, Caption: "x"}
	huge := Tile{Pixels: make([]float32, 40_000), H: 1, W: 40_000, C: 1}
	wide := []Tile{huge, huge, huge, huge, huge, huge, huge, huge}
	for want, c := range map[string]struct {
		options SheetOptions
		tiles   []Tile
	}{
		"no tiles to draw":                                 {},
		"columns -1 and zoom 0":                            {SheetOptions{Columns: -1}, []Tile{good}},
		"columns 0 and zoom 257":                           {SheetOptions{Zoom: 257}, []Tile{good}},
		"zoom goes from 0 to 256":                          {SheetOptions{Zoom: math.MaxInt}, []Tile{good}},
		"unknown scale 4":                                  {SheetOptions{Scale: 4}, []Tile{good}},
		"has 4 values for shape [2,2,3]":                   {SheetOptions{}, []Tile{good, {Pixels: good.Pixels, H: 2, W: 2, C: 3}}},
		`tile 1 ("") has 0 values for shape [`:             {SheetOptions{}, []Tile{good, {}}},
		"has 4 values for shape [-2,-2,1]":                 {SheetOptions{}, []Tile{{Pixels: good.Pixels, H: -2, W: -2, C: 1}}},
		"has 4 values for shape [4294967296,4294967296,1]": {SheetOptions{}, []Tile{{Pixels: good.Pixels, H: 1 << 32, W: 1 << 32, C: 1}}},
		"images with 2 channels have no colours":           {SheetOptions{}, []Tile{{Pixels: good.Pixels, H: 1, W: 2, C: 2}}},
		"64 million is the limit; draw fewer of them":      {SheetOptions{Zoom: 256}, wide},
		"8 tiles need 10240000x256 pixels":                 {SheetOptions{Zoom: 256}, wide},
		"100000 tiles need ":                               {SheetOptions{Columns: 1}, make1x1(100_000)},
	} {
		var file bytes.Buffer
		err := Sheet(&file, c.options, c.tiles)
		assert.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, "plot: sheet: ")
		assert.Zero(t, file.Len(), "nothing is written")
	}
}

func make1x1(n int) []Tile {
	tiles := make([]Tile, n)
	for i := range tiles {
		tiles[i] = Tile{Pixels: []float32{1}, H: 1, W: 1, C: 1}
	}
	return tiles
}

// Three channels of either sign are one colour: zero is mid-grey, and the largest magnitude of the sheet the brightest or darkest.
func TestSignedColour(t *testing.T) {
	assert.Equal(t, color.RGBA{255, 0, 128, 255}, signedRGB([]float32{2, -2, 0}, 2))
	assert.Equal(t, color.RGBA{191, 64, 128, 255}, signedRGB([]float32{1, -1, 0}, 2))
	assert.Equal(t, grey(128), signedRGB([]float32{0, 0, 0}, 0))
	assert.Equal(t, warning, signedRGB([]float32{0, nan, 0}, 1))

	tile := Tile{Pixels: []float32{2, -2, 0, 0, 0, 0}, H: 1, W: 2, C: 3}
	img := drawSheet(t, SheetOptions{Zoom: 20, Scale: SignedColour}, tile)
	bounds := img.Bounds()
	assert.Equal(t, 20*20, count(img, bounds, color.RGBA{255, 0, 128, 255}))
	assert.GreaterOrEqual(t, count(img, bounds, grey(128)), 20*20)
	assert.Zero(t, count(img, bounds, blend(white, red, 0.5)), "the key is that of this scale")

	tile.Pixels, tile.C = []float32{1, 2}, 1
	assert.EqualError(t, Sheet(io.Discard, SheetOptions{Scale: SignedColour}, []Tile{tile}),
		`plot: sheet: tile 0 ("") of shape [1,2,1]: scale SignedColour draws 3 channels; use Signed`)
}
