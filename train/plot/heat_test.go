package plot

import (
	"bytes"
	"image"
	"image/color"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// square is an image of one value with a map of 2x2.
func square(side int, heat ...float32) Heat {
	pixels := make([]float32, side*side)
	for i := range pixels {
		pixels[i] = 0.6 // 153
	}
	return Heat{Title: "title", Image: Tile{Pixels: pixels, H: side, W: side, C: 1, Caption: "image"}, Map: heat, H: 2, W: 2, Caption: "map"}
}

func drawHeat(t *testing.T, h Heat) *image.RGBA {
	t.Helper()
	return picture(t, func(w io.Writer) error { return HeatMap(w, h) })
}

// panels are the corners of the two images, whose frames are found.
func panels(t *testing.T, img *image.RGBA, side int) (left, right image.Point) {
	t.Helper()
	bounds := img.Bounds()
	for y := bounds.Min.Y; y < bounds.Max.Y-side; y++ {
		isFrame := func(x int) bool {
			return img.RGBAAt(x, y) == outline && img.RGBAAt(x+side+1, y) == outline && img.RGBAAt(x, y+side+1) == outline
		}
		if second := margin + side + gap - 1; isFrame(margin-1) && isFrame(second) {
			return image.Pt(margin, y+1), image.Pt(second+1, y+1)
		}
	}
	t.Fatal("no panels")
	return
}

func TestHeatMap(t *testing.T) {
	img := drawHeat(t, square(32, 0, 0, 0, 4))
	left, right := panels(t, img, 288) // 9 pixels each
	requireBlock(t, img, left.X, left.Y, 288, grey(153))
	assert.Equal(t, grey(153), img.RGBAAt(right.X, right.Y), "nothing is over what is cold")
	hot := blend(grey(153), heatColours[len(heatColours)-1], heatOpacity)
	requireBlock(t, img, right.X+217, right.Y+217, 71, hot) // beyond the middle of the hottest place
	half := heated(grey(153), 2, 4)
	assert.Equal(t, blend(grey(153), heatColours[3], heatOpacity*0.7071), half, "the middle colour")
	assert.Equal(t, 1, count(img, image.Rect(right.X+144, right.Y+287, right.X+145, right.Y+288), half), "half way between the two below")
	for _, c := range []color.RGBA{heatColours[0], heatColours[len(heatColours)-1]} {
		assert.Positive(t, count(img, image.Rect(0, 0, img.Bounds().Max.X, left.Y-1), c), "the bar")
	}
}

// The map is bilinear between the middles of its places, and constant beyond them.
func TestHeatBetweenPlaces(t *testing.T) {
	h := Heat{Map: []float32{0, 4, 8, 20}, H: 2, W: 2}
	for _, c := range []struct{ x, y, want float64 }{
		{0, 0, 0}, {0.25, 0.25, 0}, {0.75, 0.25, 4}, {1, 0, 4}, {0.25, 0.75, 8}, {1, 1, 20}, {0.5, 0.25, 2}, {0.25, 0.5, 4}, {0.5, 0.5, 8}, {0.625, 0.25, 3},
	} {
		assert.InDelta(t, c.want, h.at(c.x, c.y), 1e-12, "%v", c)
	}
}

// The colours are the map's alone; a map of zeros has none, and is said to be so.
func TestHeatIsAllColour(t *testing.T) {
	h := square(1, 0, 0, 0, 0)
	h.Image.Pixels, h.Image.C = []float32{1, 0, 0}, 3
	img := drawHeat(t, h)
	left, right := panels(t, img, 288)
	requireBlock(t, img, left.X, left.Y, 288, color.RGBA{255, 0, 0, 255})
	requireBlock(t, img, right.X, right.Y, 288, grey(76))
	assert.Zero(t, count(img, img.Bounds(), heatColours[0]), "no bar")

	h.Image = Tile{Pixels: make([]float32, 300*200), H: 300, W: 200, C: 1}
	assert.Equal(t, 2*200+gap+2*margin, drawHeat(t, h).Bounds().Dx(), "a large image is as large as it is")
}

func TestHeatMapRefuses(t *testing.T) {
	for want, change := range map[string]func(*Heat){
		"3 values for a map of shape [2,2]":       func(h *Heat) { h.Map = h.Map[:3] },
		"the map holds -1; its values start at 0": func(h *Heat) { h.Map[1] = -1 },
		"the map holds NaN":                       func(h *Heat) { h.Map[1] = nan },
		"has 4 values for shape [2,2,3]":          func(h *Heat) { h.Image.C = 3 },
		"with 2 channels have no colours":         func(h *Heat) { h.Image = Tile{Pixels: make([]float32, 8), H: 2, W: 2, C: 2} },
	} {
		h := square(2, 1, 2, 3, 4)
		change(&h)
		var file bytes.Buffer
		require.ErrorContains(t, HeatMap(&file, h), want)
		assert.Empty(t, file.Bytes())
	}
}
