package plot

import (
	"bytes"
	"errors"
	"image"
	"image/color"
	"image/png"
	"io"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// picture draws and decodes; a PNG without transparency decodes to RGBA.
func picture(t *testing.T, draw func(io.Writer) error) *image.RGBA {
	t.Helper()
	var file bytes.Buffer
	require.NoError(t, draw(&file))
	img, err := png.Decode(&file)
	require.NoError(t, err)
	require.IsType(t, &image.RGBA{}, img)
	return img.(*image.RGBA)
}

// near allows for what the rounding of a rasteriser does to a colour.
func near(a, b color.RGBA) bool {
	differ := func(x, y uint8) bool { return max(x, y)-min(x, y) > 3 }
	return !differ(a.R, b.R) && !differ(a.G, b.G) && !differ(a.B, b.B)
}

// count gives the pixels of one colour within r.
func count(img *image.RGBA, r image.Rectangle, c color.RGBA) int {
	n := 0
	for y := r.Min.Y; y < r.Max.Y; y++ {
		for x := r.Min.X; x < r.Max.X; x++ {
			if near(img.RGBAAt(x, y), c) {
				n++
			}
		}
	}
	return n
}

func pictures() map[string]func(io.Writer) error {
	return map[string]func(io.Writer) error{
		"curves": func(w io.Writer) error { return Curves(w, falling(7)) },
		"confusion": func(w io.Writer) error {
			return Confusion(w, []string{"left", "a name that is much too long to stand above its column"}, [][]int{{3, 1}, {0, 2}})
		},
		"sheet": func(w io.Writer) error {
			return Sheet(w, SheetOptions{Title: "title", Scale: Signed}, []Tile{{Pixels: []float32{1, -2}, H: 1, W: 2, C: 1, Caption: "a"}})
		},
	}
}

func TestSameInputSameBytes(t *testing.T) {
	for name, draw := range pictures() {
		t.Run(name, func(t *testing.T) {
			files := make([]bytes.Buffer, 4)
			var all sync.WaitGroup
			for i := range files {
				all.Go(func() { assert.NoError(t, draw(&files[i])) })
			}
			all.Wait()
			for i := range files {
				assert.True(t, bytes.Equal(files[0].Bytes(), files[i].Bytes()), "file %d differs", i)
			}
		})
	}
}

type fullDisk struct{}

var errFull = errors.New("no space left on device")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWriteErrorsReachTheCaller(t *testing.T) {
	for name, draw := range pictures() {
		assert.ErrorIs(t, draw(fullDisk{}), errFull, name)
	}
}

func TestUpwardsIsAQuarterTurn(t *testing.T) {
	_, body, err := headAndBody()
	require.NoError(t, err)
	const text = "Sneaker, 7"
	width, height := body.width(text), body.height()
	flat := newImage(image.Pt(width, height))
	body.draw(flat, 0, 0, text, ink)
	upwards := newImage(image.Pt(height+5, width+5))
	body.drawUpwards(upwards, 3, width+2, text, ink)

	assert.Positive(t, count(flat, flat.Bounds(), ink))
	for v := range height {
		for u := range width {
			require.Equal(t, flat.RGBAAt(u, v), upwards.RGBAAt(3+v, width+1-u), "pixel (%d,%d) of the text", u, v)
		}
	}
}

func TestShorten(t *testing.T) {
	_, body, err := headAndBody()
	require.NoError(t, err)
	assert.Equal(t, "Bag", body.shorten("Bag", body.width("Bag")))
	assert.Equal(t, "", body.shorten("Bag", 1))
	long := "Ankle boot für den Winter"
	for width := 20; width < body.width(long); width++ {
		short := body.shorten(long, width)
		assert.LessOrEqual(t, body.width(short), width)
		assert.Regexp(t, `^(Ankle|Ankle boot|.*\S)?…$`, short)
		assert.Contains(t, long, short[:len(short)-len("…")])
	}
	assert.Equal(t, "Ankle…", body.shorten(long, body.width("Ankle …")), "no space before the ellipsis")
}
