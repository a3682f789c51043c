package data

import (
	"bytes"
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The closing by its definition: of all squares around a pixel the smallest of their largest values.
func TestClosing(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for range 30 {
		p := newPlane(1+r.IntN(20), 1+r.IntN(20))
		for i := range p.v {
			p.v[i] = byte(r.IntN(256))
		}
		reach := r.IntN(8)
		square := func(v func(x, y int) byte, x, y int, better func(a, b byte) bool) byte {
			best := v(x, y)
			for ny := max(y-reach, 0); ny <= min(y+reach, p.h-1); ny++ {
				for nx := max(x-reach, 0); nx <= min(x+reach, p.w-1); nx++ {
					if w := v(nx, ny); better(w, best) {
						best = w
					}
				}
			}
			return best
		}
		value := func(x, y int) byte { return p.v[y*p.w+x] }
		largest := func(x, y int) byte { return square(value, x, y, func(a, b byte) bool { return a > b }) }
		closed := closing(p, reach)
		for y := range p.h {
			for x := range p.w {
				want := square(largest, x, y, func(a, b byte) bool { return a < b })
				require.Equal(t, want, closed.v[y*p.w+x], "%dx%d, reach %d", p.w, p.h, reach)
			}
		}
	}
}

// The border's slope is that of most of its pixels, not of all.
func TestBorderSlope(t *testing.T) {
	p := newPlane(60, 40)
	for i := range p.v {
		p.v[i] = byte(200 - i%60 - 2*(i/60))
	}
	for x := range 20 {
		p.v[x] = 0 // a tenth of the border
	}
	slope := p.borderSlope()
	for _, q := range []image.Point{{0, 0}, {59, 0}, {0, 39}, {59, 39}, {30, 20}} {
		assert.InDelta(t, 200-q.X-2*q.Y, slope(q.X, q.Y), 1)
	}
}

// The paper is what most of the page is: light that falls off to all sides, whatever is drawn in its middle.
func TestPaper(t *testing.T) {
	p := newPlane(200, 150)
	light := func(x, y int) float64 {
		u, v := float64(x)/200-0.5, float64(y)/150-0.4
		return 230 - 200*u*u - 150*v*v + 40*u*v
	}
	for i := range p.v {
		p.v[i] = byte(light(i%200, i/200))
		if x := i % 200; x > 60 && x < 110 {
			p.v[i] = 20
		}
	}
	paper := p.paper()
	for _, q := range []image.Point{{0, 0}, {199, 0}, {100, 75}, {0, 149}, {199, 149}} {
		assert.InDelta(t, light(q.X, q.Y), paper(q.X, q.Y), 2)
	}
}

func TestHull(t *testing.T) {
	square := []image.Point{{0, 0}, {4, 2}, {2, 6}, {-2, 4}}
	corners := hull(append([]image.Point{{1, 3}, {2, 3}, {2, 1}, {0, 2}}, square...)) // (2, 1) lies on a side
	assert.ElementsMatch(t, square, corners)
	assert.Equal(t, 20., area(corners))
	assert.InDelta(t, 20, smallestRectangle(corners), 1e-9, "it is a square, turned")
}

// digitPage is a white page with a seven on it.
func digitPage() *image.NRGBA {
	img := painted(300, 300, white, black, image.Rect(100, 80, 200, 95))
	draw.Draw(img, image.Rect(185, 80, 200, 220), image.Black, image.Point{}, draw.Src)
	return img
}

func TestWhatIsLeftOutIsSaid(t *testing.T) {
	fill := func(img *image.NRGBA, v uint8, boxes ...image.Rectangle) *image.NRGBA {
		for _, r := range boxes {
			draw.Draw(img, r, image.NewUniform(color.Gray{v}), image.Point{}, draw.Src)
		}
		return img
	}
	var rules []image.Rectangle
	for y := 20; y < 300; y += 40 {
		rules = append(rules, image.Rect(0, y, 300, y+2))
	}
	plain, note, err := prepared(Picture(savePNG(t, digitPage()), mnistShape, PictureOptions{}))
	require.NoError(t, err)
	assert.Equal(t, "inverted (its ink is dark), cut to its ink (100x140), resized 300x300 -> 14x20 and centred by mass in 28x28 as MNIST's digits are", note)
	table := painted(500, 400, color.Gray{30}, black, image.Rectangle{})
	draw.Draw(table, image.Rect(90, 60, 390, 360), digitPage(), image.Point{}, draw.Src)
	for want, img := range map[string]image.Image{
		"left out what surrounds the page": table,
		"left out ruled lines":             fill(digitPage(), 90, rules...),
		"left out specks":                  fill(digitPage(), 0, image.Rect(5, 5, 8, 8), image.Rect(280, 290, 283, 293)),
		"left out a box": fill(digitPage(), 0,
			image.Rect(80, 65, 220, 68), image.Rect(80, 235, 220, 238), image.Rect(80, 65, 83, 238), image.Rect(217, 65, 220, 238)),
	} {
		x, note, err := prepared(Picture(savePNG(t, img), mnistShape, PictureOptions{}))
		require.NoError(t, err)
		assert.Contains(t, note, want)
		assert.Contains(t, note, "cut to its ink (100x14", want)
		for i, v := range x {
			assert.InDelta(t, plain[i], v, 0.15, "%s: pixel %d", want, i)
		}
	}
}

// Ink that touches the picture's border is no frame.
func TestPictureOfATightlyCutDrawing(t *testing.T) {
	img := painted(300, 300, white, black, image.Rect(100, 80, 200, 95))
	draw.Draw(img, image.Rect(150, 80, 165, 220), image.Black, image.Point{}, draw.Src)
	whole, _, err := prepared(Picture(savePNG(t, img), mnistShape, PictureOptions{}))
	require.NoError(t, err)
	x, note, err := prepared(Picture(savePNG(t, img.SubImage(image.Rect(100, 80, 200, 220))), mnistShape, PictureOptions{}))
	require.NoError(t, err)
	assert.Equal(t, "inverted (its ink is dark), cut to its ink (100x140), resized 100x140 -> 14x20 and centred by mass in 28x28 as MNIST's digits are", note)
	assert.InDeltaSlice(t, whole, x, 0.02)
}

func TestDoubts(t *testing.T) {
	noise := func(side int) *image.Gray {
		img := image.NewGray(image.Rect(0, 0, side, side))
		r := rand.New(rand.NewPCG(uint64(side), 1))
		for i := range img.Pix {
			img.Pix[i] = uint8(r.IntN(256))
		}
		return img
	}
	two := digitPage()
	draw.Draw(two, image.Rect(40, 80, 55, 220), image.Black, image.Point{}, draw.Src)
	far := painted(900, 300, white, white, image.Rectangle{})
	draw.Draw(far, image.Rect(0, 0, 300, 300), digitPage(), image.Point{}, draw.Src)
	draw.Draw(far, image.Rect(600, 0, 900, 300), digitPage(), image.Point{}, draw.Src)
	for name, c := range map[string]struct {
		img  image.Image
		want string
	}{
		"a digit":    {digitPage(), ""},
		"framed":     {framedDigit(black, white), ""},
		"blank":      {painted(100, 80, white, white, image.Rectangle{}), "nothing stands out from the page"},
		"blank 28":   {painted(28, 28, black, black, image.Rectangle{}), "nothing stands out from the page"},
		"faint":      {painted(100, 80, white, color.Gray{245}, image.Rect(20, 20, 30, 60)), "nothing stands out from the page"},
		"noise":      {noise(280), "the picture is noise"},
		"noise 28":   {noise(28), "the picture is noise"},
		"two":        {two, "more than one drawing is on the picture"},
		"two, apart": {far, "more than one drawing is on the picture"},
	} {
		p, err := Picture(savePNG(t, c.img), mnistShape, PictureOptions{})
		require.NoError(t, err)
		assert.Equal(t, c.want, p.Doubt, "%s: %s", name, p.Note)
		require.Len(t, p.Pixels, 784)
	}
}

// A large picture is worked on at a fraction of its size, a narrow one too.
func TestPictureOfLargeSides(t *testing.T) {
	big := image.NewGray(image.Rect(0, 0, 3000, 2500))
	draw.Draw(big, big.Rect, image.White, image.Point{}, draw.Src)
	draw.Draw(big, image.Rect(1000, 500, 1200, 2000), image.Black, image.Point{}, draw.Src)
	_, note, err := prepared(Picture(savePNG(t, big), mnistShape, PictureOptions{}))
	require.NoError(t, err)
	assert.Contains(t, note, "resized 3000x2500 -> 3x20")

	line := image.NewGray(image.Rect(0, 0, 1, 65_535))
	for i := range line.Pix {
		line.Pix[i] = uint8(i / 256)
	}
	x, note, err := prepared(Picture(savePNG(t, line), []int{16, 16, 3}, PictureOptions{}))
	require.NoError(t, err)
	assert.Contains(t, note, "resized 1x65535 -> 1x16")
	for y := range 16 {
		assert.InDelta(t, (float64(y)+0.5)/16, x[(y*16+7)*3], 0.02)
	}
}

// Whatever the pixels are, there is an answer.
func FuzzPicture(f *testing.F) {
	f.Add(uint8(3), []byte("\x00\xff\x80"))
	f.Add(uint8(1), []byte{7})
	f.Add(uint8(40), noiseBytes(40*70))
	f.Add(uint8(4), noiseBytes(4*674)) // so narrow that a coarse raster has no column in it
	f.Fuzz(func(t *testing.T, width uint8, pix []byte) {
		if width == 0 || len(pix) < int(width) {
			return
		}
		h := len(pix) / int(width)
		img := &image.Gray{Pix: pix[:int(width)*h], Stride: int(width), Rect: image.Rect(0, 0, int(width), h)}
		var file bytes.Buffer
		require.NoError(t, png.Encode(&file, img))
		p, err := PictureFrom("fuzz", &file, mnistShape, PictureOptions{})
		require.NoError(t, err)
		require.Len(t, p.Pixels, 784)
	})
}

func noiseBytes(n int) []byte {
	r := rand.New(rand.NewPCG(1, 1))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.IntN(256))
	}
	return b
}
