package data

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"image"
	"image/color"
	"image/jpeg"
	"image/png"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// exif is a TIFF structure with an orientation tag among others, its value of the type given: 3 is a SHORT, 4 a LONG.
func exif(order binary.AppendByteOrder, orientation uint16, kind uint16) []byte {
	tiff := []byte("MM")
	if order == binary.LittleEndian {
		tiff = []byte("II")
	}
	tiff = order.AppendUint16(tiff, 42)
	tiff = order.AppendUint32(tiff, 8)
	tiff = order.AppendUint16(tiff, 2)
	for tag, value := range map[uint16]uint16{0x0112: orientation, 0x0213: 1} {
		tiff = order.AppendUint16(tiff, tag)
		tiff = order.AppendUint16(tiff, kind)
		tiff = order.AppendUint32(tiff, 1)
		if kind == 4 {
			tiff = order.AppendUint32(tiff, uint32(value))
		} else {
			tiff = order.AppendUint16(order.AppendUint16(tiff, value), 0)
		}
	}
	return tiff
}

// inJPEG puts Exif data into a picture, behind so many fill bytes.
func inJPEG(t *testing.T, img image.Image, tiff []byte, fill int) []byte {
	var b bytes.Buffer
	require.NoError(t, jpeg.Encode(&b, img, &jpeg.Options{Quality: 100}))
	app1 := append([]byte("Exif\x00\x00"), tiff...)
	out := append(slices.Clone(b.Bytes()[:2]), bytes.Repeat([]byte{0xff}, fill)...)
	out = append(out, 0xff, 0xe1)
	out = binary.BigEndian.AppendUint16(out, uint16(len(app1)+2))
	return append(append(out, app1...), b.Bytes()[2:]...)
}

// inPNG puts Exif data into a picture, before or behind its pixels.
func inPNG(t *testing.T, img image.Image, tiff []byte, behind bool) []byte {
	var b bytes.Buffer
	require.NoError(t, png.Encode(&b, img))
	chunk := binary.BigEndian.AppendUint32(nil, uint32(len(tiff)))
	chunk = append(append(chunk, "eXIf"...), tiff...)
	chunk = binary.BigEndian.AppendUint32(chunk, crc32.ChecksumIEEE(chunk[4:]))
	at := 8 + 25 // behind the signature and IHDR
	if behind {
		at = b.Len() - 12 // before IEND
	}
	return slices.Concat(b.Bytes()[:at], chunk, b.Bytes()[at:])
}

// Every orientation of the same scene becomes upright again, from JPEG and PNG, from tags of both byte orders and types.
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
		var files [][]byte
		for _, order := range []binary.AppendByteOrder{binary.BigEndian, binary.LittleEndian} {
			for _, kind := range []uint16{3, 4} {
				tiff := exif(order, orientation, kind)
				files = append(files, inJPEG(t, seen, tiff, 0), inJPEG(t, seen, tiff, 3), inPNG(t, seen, tiff, false), inPNG(t, seen, tiff, true))
			}
		}
		for n, file := range files {
			o := PictureOptions{NoInvert: true}
			x, _, err := prepared(Picture(saveBytes(t, file), []int{h, w, 1}, o))
			require.NoError(t, err)
			for i, v := range x {
				require.InDelta(t, float32(scene(i%w, i/w))/255, v, 0.03, "orientation %d, file %d, pixel %d", orientation, n, i)
			}
		}
	}
}

func FuzzOrientation(f *testing.F) {
	f.Add([]byte("\xff\xd8\xff\xe1\x00\x22Exif\x00\x00II*\x00\x08\x00\x00\x00\x01\x00\x12\x01\x03\x00\x01\x00\x00\x00\x06\x00\x00\x00"))
	f.Add([]byte("\x89PNG\r\n\x1a\n\x00\x00\x00\x1aeXIfMM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x04\x00\x00\x00\x01\x00\x00\x00\x06"))
	f.Fuzz(func(t *testing.T, b []byte) {
		o := orientation(bytes.NewReader(b))
		assert.True(t, o >= 1 && o <= 8)
	})
}
