package data

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/draw"
	"image/jpeg"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func savePNG(t *testing.T, img image.Image) string {
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	return saveBytes(t, b.Bytes())
}

func saveBytes(t *testing.T, b []byte) string {
	path := filepath.Join(t.TempDir(), "picture")
	require.NoError(t, os.WriteFile(path, b, 0o644))
	return path
}

// prepared takes apart what Picture returns.
func prepared(p *Prepared, err error) (x []float32, note string, e error) {
	if err != nil {
		return nil, "", err
	}
	return p.Pixels, p.Note, nil
}

// painted is a w x h picture of one colour with a rectangle of another in it.
func painted(w, h int, ground, ink color.Color, box image.Rectangle) *image.NRGBA {
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			if (image.Point{x, y}.In(box)) {
				img.Set(x, y, ink)
			} else {
				img.Set(x, y, ground)
			}
		}
	}
	return img
}

var (
	mnistShape = []int{28, 28, 1}
	white      = color.Gray{255}
	black      = color.Gray{0}
)

func at(x []float32, w, col, row int) float32 { return x[row*w+col] }

func massCentre(x []float32, w int) (cx, cy float64) {
	var mass float64
	for i, v := range x {
		mass += float64(v)
		cx += float64(v) * (float64(i%w) + 0.5)
		cy += float64(v) * (float64(i/w) + 0.5)
	}
	return cx / mass, cy / mass
}

// framedDigit is a picture of the model's size whose ink lies as MNIST's does.
func framedDigit(ground, ink color.Color) *image.NRGBA {
	return painted(28, 28, ground, ink, image.Rect(12, 5, 16, 24))
}

func TestPictureOfTheModelsSize(t *testing.T) {
	img := framedDigit(black, white)
	img.Set(13, 20, color.Gray{204})
	x, note, err := prepared(Picture(savePNG(t, img), mnistShape, PictureOptions{}))
	require.NoError(t, err)
	assert.Equal(t, "used as it is", note)
	require.Len(t, x, 784)
	for i, v := range x {
		assert.Equal(t, float32(img.Pix[4*i])/255, v)
	}
}

// A drawing of the model's size may have parts that would be specks on a page, and places as dark as a page is light.
func TestPictureOfTheModelsSizeLeavesNothingOut(t *testing.T) {
	for name, boxes := range map[string][]image.Rectangle{
		"a dot far off": {image.Rect(12, 8, 16, 24), image.Rect(13, 4, 15, 6)},
		"heavy":         {image.Rect(7, 4, 20, 24)},
	} {
		img := painted(28, 28, black, white, boxes[0])
		for _, box := range boxes[1:] {
			draw.Draw(img, box, image.NewUniform(white), image.Point{}, draw.Src)
		}
		for _, framing := range []Framing{MNISTFraming, DigitsFraming, EMNISTFraming} {
			_, note, err := prepared(Picture(savePNG(t, img), mnistShape, PictureOptions{Preparation: Preparation{Framing: framing}}))
			require.NoError(t, err)
			assert.Equal(t, "used as it is", note, "%s %s", name, framing)
		}
	}
}

// A page with a frame round it lies in the picture as a drawing does, and is none.
func TestPictureOfTheModelsSizeIsAPage(t *testing.T) {
	img := painted(28, 28, black, white, image.Rect(4, 4, 24, 24))
	draw.Draw(img, image.Rect(13, 8, 15, 20), image.NewUniform(black), image.Point{}, draw.Src)
	for _, framing := range []Framing{MNISTFraming, DigitsFraming, EMNISTFraming} {
		_, note, err := prepared(Picture(savePNG(t, img), mnistShape, PictureOptions{Preparation: Preparation{Framing: framing}}))
		require.NoError(t, err)
		assert.NotEqual(t, "used as it is", note, framing)
	}
}

// Where a drawing may lie depends on the set.
func TestPictureOfTheModelsSizeOffTheMiddle(t *testing.T) {
	for framing, asItIs := range map[Framing]bool{MNISTFraming: false, DigitsFraming: true, EMNISTFraming: false} {
		x, note, err := prepared(Picture(savePNG(t, painted(28, 28, black, white, image.Rect(8, 3, 12, 22))), mnistShape,
			PictureOptions{Preparation: Preparation{Framing: framing}}))
		require.NoError(t, err)
		assert.Equal(t, asItIs, note == "used as it is", "%s: %s", framing, note)
		assert.Equal(t, asItIs, at(x, 28, 8, 12) == 1, framing)
	}
}

func TestPictureInverts(t *testing.T) {
	path := savePNG(t, framedDigit(white, black))
	x, note, err := prepared(Picture(path, mnistShape, PictureOptions{}))
	require.NoError(t, err)
	assert.Equal(t, "inverted (its ink is dark)", note)
	assert.Equal(t, float32(0), at(x, 28, 0, 0))
	assert.Equal(t, float32(1), at(x, 28, 13, 10))

	x, note, err = prepared(Picture(path, mnistShape, PictureOptions{NoInvert: true}))
	require.NoError(t, err)
	assert.Equal(t, "used as it is", note)
	assert.Equal(t, float32(1), at(x, 28, 0, 0))

	path = savePNG(t, framedDigit(black, white))
	x, note, err = prepared(Picture(path, mnistShape, PictureOptions{Preparation: Preparation{Framing: MNISTFraming, Ground: LightGround}}))
	require.NoError(t, err)
	assert.Equal(t, "inverted (its ink is light)", note)
	assert.Equal(t, float32(1), at(x, 28, 0, 0))
	assert.Equal(t, float32(0), at(x, 28, 13, 10))
}

// A dark upright bar in the corner of coloured paper comes to lie in the middle, 20 pixels high.
func TestPictureCentresAsMNISTDoes(t *testing.T) {
	img := painted(400, 300, color.NRGBA{240, 230, 200, 255}, color.NRGBA{20, 30, 90, 255}, image.Rect(300, 10, 320, 110))
	x, note, err := prepared(Picture(savePNG(t, img), mnistShape, PictureOptions{}))
	require.NoError(t, err)
	assert.Equal(t, "made grey, inverted (its ink is dark), "+
		"cut to its ink (20x100), resized 400x300 -> 4x20 and centred by mass in 28x28 as MNIST's digits are", note)
	for row := range 28 {
		for col := range 28 {
			want := float32(0)
			if col >= 13 && col < 17 && row >= 5 && row < 25 {
				want = 1
			}
			assert.InDelta(t, want, at(x, 28, col, row), 0.02, "row %d, column %d", row, col)
		}
	}
}

// Where the ink is uneven, its centre of mass counts, not that of its box.
func TestPictureCentresByMass(t *testing.T) {
	img := painted(200, 200, black, white, image.Rect(40, 40, 160, 60))
	draw.Draw(img, image.Rect(40, 60, 70, 160), image.White, image.Point{}, draw.Src)
	draw.Draw(img, image.Rect(150, 60, 160, 160), image.White, image.Point{}, draw.Src)
	x, _, err := prepared(Picture(savePNG(t, img), mnistShape, PictureOptions{}))
	require.NoError(t, err)
	cx, cy := massCentre(x, 28)
	assert.InDelta(t, 14.5, cx, 0.51)
	assert.InDelta(t, 14.5, cy, 0.51)
	assert.Zero(t, at(x, 28, 6, 14), "the box is not in the middle")
}

// Hair lines on a large page, an upright and a level one, stay visible.
func TestPictureKeepsThinLines(t *testing.T) {
	img := painted(600, 600, white, black, image.Rect(50, 50, 52, 550))
	for x := 50; x < 550; x++ {
		img.Set(x, 549, black)
	}
	x, _, err := prepared(Picture(savePNG(t, img), mnistShape, PictureOptions{}))
	require.NoError(t, err)
	assert.Equal(t, float32(1), slices.Max(x))
}

// Grain and a shadow across the paper leave the ground black.
func TestPictureOfAPhotograph(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 300, 300))
	grain := dice{rand.NewPCG(1, 1)}
	upright, level := image.Rect(60, 60, 90, 240), image.Rect(60, 210, 240, 240)
	for y := range 300 {
		for x := range 300 {
			v := 190 + x/20
			if at := image.Pt(x, y); at.In(upright) || at.In(level) {
				v = 50
			}
			img.SetGray(x, y, color.Gray{byte(v + grain.about(8))})
		}
	}
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, img, nil))
	x, _, err := prepared(Picture(saveBytes(t, b.Bytes()), mnistShape, PictureOptions{}))
	require.NoError(t, err)
	dark, light := 0, 0
	for _, v := range x {
		if v == 0 {
			dark++
		}
		if v > 0.9 {
			light++
		}
	}
	// The two strokes are 20x3 and 17x3 pixels of the 28x28, edges aside.
	assert.Greater(t, dark, 28*28-150)
	assert.InDelta(t, 111, light, 40)
}

func TestPictureOfNothing(t *testing.T) {
	x, note, err := prepared(Picture(savePNG(t, painted(50, 50, white, white, image.Rectangle{})), mnistShape, PictureOptions{}))
	require.NoError(t, err)
	assert.Equal(t, "found no ink to centre, inverted (its background is light), resized 50x50 -> 28x28", note)
	for _, v := range x {
		assert.Zero(t, v)
	}
}

func TestPictureKeepsItsFraming(t *testing.T) {
	img := painted(56, 28, black, white, image.Rect(0, 0, 56, 28).Inset(10))
	x, note, err := prepared(Picture(savePNG(t, img), mnistShape, PictureOptions{NoCenter: true}))
	require.NoError(t, err)
	assert.Equal(t, "resized 56x28 -> 28x14, bordered to 28x28", note)
	assert.Zero(t, at(x, 28, 14, 3))
	assert.InDelta(t, 1, at(x, 28, 14, 14), 0.02)
}

func TestPictureColour(t *testing.T) {
	img := painted(8, 16, color.NRGBA{255, 0, 51, 255}, color.NRGBA{0, 255, 0, 255}, image.Rect(0, 4, 8, 12).Inset(2))
	x, note, err := prepared(Picture(savePNG(t, img), []int{4, 6, 3}, PictureOptions{}))
	require.NoError(t, err)
	assert.Equal(t, "resized 8x16 -> 2x4, bordered to 6x4", note)
	require.Len(t, x, 4*6*3)
	assert.Equal(t, []float32{1, 0, 0.2}, x[:3])
	assert.Greater(t, x[(1*6+2)*3+1], x[1])
}

// Cropped pictures keep their proportions: the shorter side is scaled, and what is too much of the longer one goes on both sides.
func TestPictureCropped(t *testing.T) {
	o := PictureOptions{Preparation: Preparation{Framing: Cropped, Ground: AnyGround}}
	red, green := color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 255, 0, 255}
	for name, c := range map[string]struct {
		picture image.Image
		note    string
	}{
		"wide":         {painted(64, 16, red, green, image.Rect(24, 0, 40, 16)), "resized 64x16 -> 32x8, cut to its middle 8x8"},
		"high":         {painted(16, 64, red, green, image.Rect(0, 24, 16, 40)), "resized 16x64 -> 8x32, cut to its middle 8x8"},
		"square":       {painted(32, 32, green, green, image.Rectangle{}), "resized 32x32 -> 8x8"},
		"small":        {painted(3, 9, red, green, image.Rect(0, 3, 3, 6)), "resized 3x9 -> 8x24, cut to its middle 8x8"},
		"as it is":     {painted(8, 8, green, green, image.Rectangle{}), "used as it is"},
		"high enough":  {painted(24, 8, red, green, image.Rect(8, 0, 16, 8)), "cut to its middle 8x8"},
		"a panorama":   {painted(9000, 90, red, green, image.Rect(4455, 0, 4545, 90)), "resized 9000x90 -> 800x8, cut to its middle 8x8"},
		"a photograph": {painted(4000, 3000, red, green, image.Rect(500, 0, 3500, 3000)), "resized 4000x3000 -> 11x8, cut to its middle 8x8"},
	} {
		x, note, err := prepared(Picture(savePNG(t, c.picture), []int{8, 8, 3}, o))
		require.NoError(t, err, name)
		assert.Equal(t, c.note, note, name)
		for i, v := range x {
			require.InDelta(t, float64(i%3%2), v, 0.03, "%s, value %d", name, i)
		}
	}
	// As high as it is wide, but for an input that is not; and grey, which is not inverted.
	x, note, err := prepared(Picture(savePNG(t, painted(28, 28, white, black, image.Rect(0, 7, 28, 21))), []int{14, 28, 1}, o))
	require.NoError(t, err)
	assert.Equal(t, "cut to its middle 28x14", note)
	for _, v := range x {
		assert.Zero(t, v)
	}
	// However long the other side is, the middle is as sharp as the picture.
	long := grainy(3000, 9, 1)
	sharp, _, err := prepared(Picture(savePNG(t, long), []int{9, 9, 3}, o))
	require.NoError(t, err)
	for i, v := range sharp {
		require.Equal(t, float32(long.Pix[long.PixOffset(1495+i/3%9, i/27)+i%3])/255, v)
	}
	o.NoCenter = true
	_, again, err := prepared(Picture(savePNG(t, painted(28, 28, white, black, image.Rect(0, 7, 28, 21))), []int{14, 28, 1}, o))
	require.NoError(t, err)
	assert.Equal(t, note, again)
}

// Where the shorter side is to have a length, what is cut out of the middle is less of the picture, as of ImageNet's of 256 are 224.
func TestPictureShorterSide(t *testing.T) {
	red, green := color.NRGBA{255, 0, 0, 255}, color.NRGBA{0, 255, 0, 255}
	picture := func(img image.Image, shape []int, shorter int) ([]float32, string) {
		t.Helper()
		x, note, err := prepared(Picture(savePNG(t, img), shape, PictureOptions{Preparation: Preparation{Framing: Cropped, Ground: AnyGround, Shorter: shorter}}))
		require.NoError(t, err)
		return x, note
	}
	for name, c := range map[string]struct {
		picture image.Image
		shape   []int
		note    string
	}{
		"wide":         {painted(64, 32, red, green, image.Rect(24, 8, 40, 24)), []int{8, 8, 3}, "resized 64x32 -> 32x16, cut to its middle 8x8"},
		"high":         {painted(32, 64, red, green, image.Rect(8, 24, 24, 40)), []int{8, 8, 3}, "resized 32x64 -> 16x32, cut to its middle 8x8"},
		"square":       {painted(32, 32, red, green, image.Rect(8, 8, 24, 24)), []int{8, 8, 3}, "resized 32x32 -> 16x16, cut to its middle 8x8"},
		"another cut":  {painted(64, 32, red, green, image.Rect(20, 12, 44, 20)), []int{4, 12, 3}, "resized 64x32 -> 32x16, cut to its middle 12x4"},
		"small":        {painted(8, 8, red, green, image.Rect(2, 2, 6, 6)), []int{8, 8, 3}, "resized 8x8 -> 16x16, cut to its middle 8x8"},
		"a photograph": {painted(4000, 3000, red, green, image.Rect(1250, 750, 2750, 2250)), []int{8, 8, 3}, "resized 4000x3000 -> 21x16, cut to its middle 8x8"},
	} {
		x, note := picture(c.picture, c.shape, 16)
		assert.Equal(t, c.note, note, name)
		for i, v := range x {
			require.InDelta(t, float64(i%3%2), v, 0.03, "%s, value %d", name, i)
		}
	}
	// One that has the length already is cut alone.
	grain := grainy(30, 20, 1)
	x, note := picture(grain, []int{9, 9, 3}, 20)
	assert.Equal(t, "cut to its middle 9x9", note)
	for i, v := range x {
		require.Equal(t, float32(grain.Pix[grain.PixOffset(10+i/3%9, 5+i/27)+i%3])/255, v)
	}
	// As long as the input needs it is what is done without a length.
	x, _ = picture(grain, []int{9, 9, 3}, 9)
	plain, _ := picture(grain, []int{9, 9, 3}, 0)
	assert.Equal(t, plain, x)

	_, _, err := prepared(Picture(savePNG(t, grain), []int{9, 12, 3}, PictureOptions{Preparation: Preparation{Framing: Cropped, Shorter: 11}}))
	assert.ErrorContains(t, err, "images of 9x12x3 cannot be cut out of pictures whose shorter side is 11: give a side from 12 to 16384")
}

func TestPictureTransparent(t *testing.T) {
	clear := color.NRGBA{}
	for ink, ground := range map[color.Gray]string{black: "white", white: "black"} {
		img := framedDigit(clear, ink)
		x, note, err := prepared(Picture(savePNG(t, img), mnistShape, PictureOptions{}))
		require.NoError(t, err)
		assert.Contains(t, note, "transparency made "+ground)
		assert.Equal(t, float32(0), at(x, 28, 0, 0))
		assert.Equal(t, float32(1), at(x, 28, 14, 14))
	}
}

func TestPictureRefuses(t *testing.T) {
	good, err := os.ReadFile(savePNG(t, painted(40, 40, white, black, image.Rect(5, 5, 9, 20))))
	require.NoError(t, err)
	sized := func(w, h uint32) []byte {
		b := bytes.Clone(good)
		binary.BigEndian.PutUint32(b[16:], w)
		binary.BigEndian.PutUint32(b[20:], h)
		binary.BigEndian.PutUint32(b[29:], crc32.ChecksumIEEE(b[12:29]))
		return b
	}
	for name, c := range map[string]struct {
		path string
		want string
	}{
		"not a picture": {saveBytes(t, []byte("hello")), "expected a picture (PNG, JPEG, WebP, BMP, GIF or TIFF), found something else"},
		"empty":         {saveBytes(t, nil), "the file is empty"},
		"torn":          {saveBytes(t, good[:len(good)-30]), "damaged picture"},
		"torn header":   {saveBytes(t, good[:20]), "damaged picture"},
		"huge":          {saveBytes(t, sized(60_000, 60_000)), "a picture of 60000x60000 pixels, expected sides of 1 to 65535 and at most 134217728"},
		"a long line":   {saveBytes(t, sized(1, 1<<26)), "a picture of 1x67108864 pixels, expected sides of 1 to 65535"},
		"a phone's":     {saveBytes(t, sized(12_000, 9_000)), "damaged picture"}, // its size is no reason to refuse it
		"a folder":      {t.TempDir(), "expected a file, found a folder"},
		"missing":       {filepath.Join(t.TempDir(), "no.png"), "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Picture(c.path, mnistShape, PictureOptions{})
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "data: "+c.path)
		})
	}
	_, err = Picture(saveBytes(t, good), []int{28, 28, 2}, PictureOptions{})
	assert.ErrorContains(t, err, "[H W 1] or [H W 3], not [28 28 2]")
}
