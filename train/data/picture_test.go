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

func TestPictureOfTheModelsSize(t *testing.T) {
	img := image.NewGray(image.Rect(0, 0, 28, 28))
	img.SetGray(3, 20, color.Gray{51})
	x, note, err := Picture(savePNG(t, img), mnistShape, PictureOptions{})
	require.NoError(t, err)
	assert.Equal(t, "used as it is", note)
	require.Len(t, x, 784)
	for i, v := range x {
		if i == 20*28+3 {
			assert.Equal(t, float32(0.2), v)
		} else {
			assert.Zero(t, v)
		}
	}
}

func TestPictureInverts(t *testing.T) {
	path := savePNG(t, painted(28, 28, white, black, image.Rect(5, 5, 9, 20)))
	x, note, err := Picture(path, mnistShape, PictureOptions{})
	require.NoError(t, err)
	assert.Equal(t, "inverted (its background is light)", note)
	assert.Equal(t, float32(0), at(x, 28, 0, 0))
	assert.Equal(t, float32(1), at(x, 28, 6, 10))

	x, note, err = Picture(path, mnistShape, PictureOptions{NoInvert: true})
	require.NoError(t, err)
	assert.Equal(t, "used as it is", note)
	assert.Equal(t, float32(1), at(x, 28, 0, 0))
}

// A dark upright bar in the corner of coloured paper comes to lie in the middle, 20 pixels high.
func TestPictureCentresAsMNISTDoes(t *testing.T) {
	img := painted(400, 300, color.NRGBA{240, 230, 200, 255}, color.NRGBA{20, 30, 90, 255}, image.Rect(300, 10, 320, 110))
	x, note, err := Picture(savePNG(t, img), mnistShape, PictureOptions{})
	require.NoError(t, err)
	assert.Equal(t, "made grey, inverted (its background is light), "+
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
	x, _, err := Picture(savePNG(t, img), mnistShape, PictureOptions{})
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
	x, _, err := Picture(savePNG(t, img), mnistShape, PictureOptions{})
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
	x, _, err := Picture(saveBytes(t, b.Bytes()), mnistShape, PictureOptions{})
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
	x, note, err := Picture(savePNG(t, painted(50, 50, white, white, image.Rectangle{})), mnistShape, PictureOptions{})
	require.NoError(t, err)
	assert.Equal(t, "inverted (its background is light), found no ink to centre, resized 50x50 -> 28x28", note)
	for _, v := range x {
		assert.Zero(t, v)
	}
}

func TestPictureKeepsItsFraming(t *testing.T) {
	img := painted(56, 28, black, white, image.Rect(0, 0, 56, 28).Inset(10))
	x, note, err := Picture(savePNG(t, img), mnistShape, PictureOptions{NoCenter: true})
	require.NoError(t, err)
	assert.Equal(t, "resized 56x28 -> 28x14, bordered to 28x28", note)
	assert.Zero(t, at(x, 28, 14, 3))
	assert.InDelta(t, 1, at(x, 28, 14, 14), 0.02)
}

func TestPictureColour(t *testing.T) {
	img := painted(8, 16, color.NRGBA{255, 0, 51, 255}, color.NRGBA{0, 255, 0, 255}, image.Rect(0, 4, 8, 12).Inset(2))
	x, note, err := Picture(savePNG(t, img), []int{4, 6, 3}, PictureOptions{})
	require.NoError(t, err)
	assert.Equal(t, "resized 8x16 -> 2x4, bordered to 6x4", note)
	require.Len(t, x, 4*6*3)
	assert.Equal(t, []float32{1, 0, 0.2}, x[:3])
	assert.Greater(t, x[(1*6+2)*3+1], x[1])
}

func TestPictureTransparent(t *testing.T) {
	clear := color.NRGBA{}
	for ink, ground := range map[color.Gray]string{black: "white", white: "black"} {
		img := painted(28, 28, clear, ink, image.Rect(10, 10, 18, 18))
		x, note, err := Picture(savePNG(t, img), mnistShape, PictureOptions{})
		require.NoError(t, err)
		assert.Contains(t, note, "transparency made "+ground)
		assert.Equal(t, float32(0), at(x, 28, 0, 0))
		assert.Equal(t, float32(1), at(x, 28, 14, 14))
	}
}

// exifJPEG is a JPEG with an orientation tag in the byte order given.
func exifJPEG(t *testing.T, img image.Image, order binary.AppendByteOrder, orientation uint16) []byte {
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}))
	tiff := []byte("MM")
	if order == binary.LittleEndian {
		tiff = []byte("II")
	}
	tiff = order.AppendUint16(tiff, 42)
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	for tag, value := range map[uint16]uint16{0x0112: orientation, 0x0213: 1} {
		tiff = order.AppendUint16(tiff, tag)
		tiff = order.AppendUint16(tiff, 3)
		tiff = order.AppendUint32(tiff, 1)
		tiff = order.AppendUint16(tiff, value)
		tiff = order.AppendUint16(tiff, 0)
	}
	app1 := append([]byte("Exif\x00\x00"), tiff...)
	out := append([]byte{}, b.Bytes()[:2]...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(app1)+2))
	out = append(out, app1...)
	return append(out, b.Bytes()[2:]...)
}

// Every orientation of the same scene, a light left half with a white top corner, becomes upright again.
func TestPictureTurnsPhotographsUpright(t *testing.T) {
	const w, h = 16, 8
	// where tells from which place of the upright scene the camera's pixel (x, y) is, Exif 2.32, table 6.
	where := map[uint16]func(x, y int) (int, int){
		1: func(x, y int) (int, int) { return x, y },
		2: func(x, y int) (int, int) { return w - 1 - x, y },
		3: func(x, y int) (int, int) { return w - 1 - x, h - 1 - y },
		4: func(x, y int) (int, int) { return x, h - 1 - y },
		5: func(x, y int) (int, int) { return y, x },
		6: func(x, y int) (int, int) { return w - 1 - y, x },
		7: func(x, y int) (int, int) { return w - 1 - y, h - 1 - x },
		8: func(x, y int) (int, int) { return y, h - 1 - x },
	}
	scene := func(x, y int) uint8 { return uint8(10 + 12*x + 6*y) }
	for orientation, from := range where {
		seen := image.NewGray(image.Rect(0, 0, w, h))
		if orientation >= 5 {
			seen = image.NewGray(image.Rect(0, 0, h, w))
		}
		for y := range seen.Rect.Dy() {
			for x := range seen.Rect.Dx() {
				seen.SetGray(x, y, color.Gray{scene(from(x, y))})
			}
		}
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			x, _, err := Picture(saveBytes(t, exifJPEG(t, seen, order, orientation)), []int{h, w, 1}, PictureOptions{NoInvert: true})
			require.NoError(t, err)
			for i, v := range x {
				assert.InDelta(t, float32(scene(i%w, i/w))/255, v, 0.03, "orientation %d, pixel %d", orientation, i)
			}
		}
	}
}

func TestPictureRefuses(t *testing.T) {
	good, err := os.ReadFile(savePNG(t, painted(40, 40, white, black, image.Rect(5, 5, 9, 20))))
	require.NoError(t, err)
	huge := bytes.Clone(good)
	binary.BigEndian.PutUint32(huge[16:], 100_000)
	binary.BigEndian.PutUint32(huge[20:], 100_000)
	binary.BigEndian.PutUint32(huge[29:], crc32.ChecksumIEEE(huge[12:29]))
	for name, c := range map[string]struct {
		path string
		want string
	}{
		"not a picture": {saveBytes(t, []byte("hello")), "expected a PNG or JPEG file, found neither"},
		"empty":         {saveBytes(t, nil), "expected a PNG or JPEG file, found neither"},
		"torn":          {saveBytes(t, good[:len(good)-30]), "damaged picture"},
		"torn header":   {saveBytes(t, good[:20]), "damaged picture"},
		"huge":          {saveBytes(t, huge), "a picture of 100000x100000 pixels"},
		"a folder":      {t.TempDir(), "expected a file, found a folder"},
		"missing":       {filepath.Join(t.TempDir(), "no.png"), "no such file"},
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := Picture(c.path, mnistShape, PictureOptions{})
			require.ErrorContains(t, err, c.want)
			assert.ErrorContains(t, err, "data: "+c.path)
		})
	}
	_, _, err = Picture(saveBytes(t, good), []int{28, 28, 2}, PictureOptions{})
	assert.ErrorContains(t, err, "[H W 1] or [H W 3], not [28 28 2]")
}

func FuzzOrientation(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x22Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		o := orientation(bytes.NewReader(b))
		assert.True(t, o >= 1 && o <= 8)
	})
}
