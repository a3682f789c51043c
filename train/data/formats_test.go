package data

import (
	"bytes"
	"encoding/binary"
	"image"
	"image/color"
	"image/gif"
	"image/jpeg"
	"image/png"
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/image/bmp"
	"golang.org/x/image/tiff"
)

// bits writes values from the lowest bit on, as VP8L has them.
type bits struct {
	bytes []byte
	n     int
}

func (b *bits) put(value, count int) {
	for i := range count {
		if b.n%8 == 0 {
			b.bytes = append(b.bytes, 0)
		}
		b.bytes[b.n/8] |= byte(value>>i&1) << (b.n % 8)
		b.n++
	}
}

// webP is a lossless WebP of two greys, one bit a pixel: the prefix codes of green, red and blue have two symbols, but only that of
// green decides, since subtracting green from the others makes them 0.
func webP(img *image.NRGBA, dark, light int, extra ...[]byte) []byte {
	var b bits
	b.put(0x2f, 8)
	b.put(img.Rect.Dx()-1, 14)
	b.put(img.Rect.Dy()-1, 14)
	b.put(0, 1) // no alpha
	b.put(0, 3) // version
	b.put(1, 1) // a transform:
	b.put(2, 2) // subtract green
	b.put(0, 1) // no more transforms
	b.put(0, 1) // no colour cache
	b.put(0, 1) // one group of prefix codes
	symbols := func(values ...int) {
		b.put(1, 1) // a simple code
		b.put(len(values)-1, 1)
		b.put(1, 1) // symbols of 8 bits
		for _, v := range values {
			b.put(v, 8)
		}
	}
	symbols(dark, light) // green
	symbols(0)           // red
	symbols(0)           // blue
	symbols(255)         // alpha
	symbols(0)           // distance
	for i := range img.Rect.Dx() * img.Rect.Dy() {
		b.put(int(img.Pix[4*i]>>7), 1)
	}
	if len(b.bytes)%2 == 1 {
		b.bytes = append(b.bytes, 0)
	}
	chunk := func(name string, body []byte) []byte {
		return append(binary.LittleEndian.AppendUint32([]byte(name), uint32(len(body))), body...)
	}
	var body []byte
	if len(extra) > 0 {
		header := make([]byte, 10)
		header[0] = 0x08 // Exif
		header[4], header[7] = byte(img.Rect.Dx()-1), byte(img.Rect.Dy()-1)
		body = append(body, chunk("VP8X", header)...)
	}
	body = append(body, chunk("VP8L", b.bytes)...)
	for _, tiff := range extra {
		body = append(body, chunk("EXIF", tiff)...)
	}
	return chunk("RIFF", append([]byte("WEBP"), body...))
}

func TestPictureReadsWhatHelpLists(t *testing.T) {
	img := framedDigit(black, white)
	var asBMP bytes.Buffer
	require.NoError(t, bmp.Encode(&asBMP, img))
	var asGIF, asTIFF, inStrips, asPNG, asJPEG bytes.Buffer
	require.NoError(t, gif.Encode(&asGIF, img, &gif.Options{NumColors: 256, Quantizer: twoGreys{}}))
	require.NoError(t, tiff.Encode(&asTIFF, img, nil))
	require.NoError(t, tiff.Encode(&inStrips, img, &tiff.Options{Compression: tiff.Deflate, Predictor: true}))
	require.NoError(t, png.Encode(&asPNG, img))
	require.NoError(t, jpeg.Encode(&asJPEG, img, &jpeg.Options{Quality: 100}))
	turned := framedDigit(black, white)
	for y := range 28 {
		for x := range 28 {
			turned.Set(27-y, x, img.At(x, y)) // a quarter to the right, which orientation 8 takes back
		}
	}
	for name, file := range map[string][]byte{
		"bmp":         asBMP.Bytes(),
		"gif":         asGIF.Bytes(),
		"tiff":        asTIFF.Bytes(),
		"tiff zip":    inStrips.Bytes(),
		"turned tiff": turnedTIFF(t, turned, 8),
		"png":         asPNG.Bytes(),
		"jpeg":        asJPEG.Bytes(),
		"webp":        webP(img, 0, 255),
		"turned webp": webP(turned, 0, 255, exif(binary.LittleEndian, 8, 3)),
	} {
		x, _, err := prepared(Picture(saveBytes(t, file), mnistShape, PictureOptions{}))
		require.NoError(t, err, name)
		for i, v := range x {
			require.InDelta(t, float32(img.Pix[4*i])/255, v, map[bool]float64{true: 0.02}[name == "jpeg"], "%s, pixel %d", name, i)
		}
	}
	for _, format := range []string{"PNG", "JPEG", "WebP", "BMP", "GIF", "TIFF"} {
		assert.Contains(t, PictureFormats, format)
	}
}

// twoGreys is the palette of a drawing in black and white.
type twoGreys struct{}

func (twoGreys) Quantize(color.Palette, image.Image) color.Palette {
	return color.Palette{black, white}
}

// withTag puts a tag with a SHORT into a TIFF's first directory, which stands at the file's end: the directory begins anew behind it.
func withTag(t *testing.T, file []byte, tag, value uint16) []byte {
	t.Helper()
	require.Equal(t, "II", string(file[:2]))
	little := binary.LittleEndian
	at := int(little.Uint32(file[4:]))
	n := int(little.Uint16(file[at:]))
	entries := file[at+2:][:n*tiffEntry]
	out := bytes.Clone(file)
	little.PutUint32(out[4:], uint32(len(out)))
	out = little.AppendUint16(out, uint16(n+1))
	entry := little.AppendUint32(little.AppendUint16(little.AppendUint16(nil, tag), 3), 1)
	entry = little.AppendUint16(little.AppendUint16(entry, value), 0)
	for len(entries) > 0 && little.Uint16(entries) < tag {
		out, entries = append(out, entries[:tiffEntry]...), entries[tiffEntry:]
	}
	out = append(append(out, entry...), entries...)
	return append(out, 0, 0, 0, 0)
}

func turnedTIFF(t *testing.T, img image.Image, orientation uint16) []byte {
	t.Helper()
	var b bytes.Buffer
	require.NoError(t, tiff.Encode(&b, img, nil))
	return withTag(t, b.Bytes(), 0x0112, orientation)
}

// The first picture of a camera's raw file is a preview of a few pixels, which is nothing to learn from.
func TestRawFilesAreNoTIFFs(t *testing.T) {
	var b bytes.Buffer
	require.NoError(t, tiff.Encode(&b, framedDigit(black, white), nil))
	for _, raw := range [][]byte{withTag(t, b.Bytes(), 254, 1), withTag(t, b.Bytes(), 50706, 1)} {
		_, err := Picture(saveBytes(t, raw), mnistShape, PictureOptions{})
		assert.ErrorContains(t, err, "this is a camera's raw file, which is not read")
	}
	_, err := Picture(saveBytes(t, withTag(t, b.Bytes(), 254, 0)), mnistShape, PictureOptions{})
	assert.NoError(t, err)
}

func TestFormatsThatAreNotReadAreNamed(t *testing.T) {
	animated := webP(framedDigit(black, white), 0, 255, exif(binary.LittleEndian, 1, 3))
	animated[20] |= 2
	for want, header := range map[string]string{
		"this is HEIC":                "\x00\x00\x00\x18ftypheic\x00\x00\x00\x00",
		"this is AVIF":                "\x00\x00\x00\x1cftypavif",
		"this is JPEG XL":             "\x00\x00\x00\x0cJXL \r\n\x87\n",
		"this is JPEG 2000":           "\x00\x00\x00\x0cjP  \r\n\x87\n",
		"this is a PDF":               "%PDF-1.7\n",
		"this is an SVG":              "\ufeff<?xml version=\"1.0\"?>\n<!-- a drawing -->\n<svg xmlns=\"http://www.w3.org/2000/svg\">",
		"this is a BigTIFF":           "II+\x00\x08\x00\x00\x00",
		"this is a PNM":               "P5\n28 28\n255\n",
		"this is a web page":          "<!DOCTYPE html><title>404</title>",
		"this is a Git LFS pointer":   "version https://git-lfs.github.com/spec/v1\noid",
		"this is an animated WebP":    string(animated),
		"this is a video":             "\x00\x00\x00\x18ftypisom",
		"this is a camera's raw file": "\x00\x00\x00\x18ftypcrx ",
	} {
		_, err := Picture(saveBytes(t, []byte(header)), mnistShape, PictureOptions{})
		require.ErrorContains(t, err, want)
		assert.ErrorContains(t, err, PictureFormats)
	}
}

// Scanners and microscopes write their 8 or 12 bits into files of 16.
func TestPictureOfFewerBitsThanItsFile(t *testing.T) {
	for largest, c := range map[int]struct {
		note string
		want float32 // of a pixel of half the largest value
	}{
		255:   {"8-bit values made 16-bit", 0.5},
		4095:  {"12-bit values made 16-bit", 0.5},
		4096:  {"", 0.03},
		65535: {"", 0.5},
	} {
		grey := image.NewGray16(image.Rect(0, 0, 8, 8))
		colour := image.NewNRGBA64(grey.Rect)
		for i := range 64 {
			v := uint16(largest)
			if i == 9 {
				v = uint16(largest / 2)
			}
			grey.SetGray16(i%8, i/8, color.Gray16{v})
			colour.SetNRGBA64(i%8, i/8, color.NRGBA64{v, v, v, 65535})
		}
		for _, img := range []image.Image{grey, colour} {
			x, note, err := prepared(Picture(savePNG(t, img), []int{8, 8, 3}, PictureOptions{}))
			require.NoError(t, err)
			assert.InDelta(t, c.want, x[9*3], 0.01, largest)
			assert.InDelta(t, 2*c.want, x[0], 0.02, largest)
			if c.note != "" {
				assert.Equal(t, c.note, note)
			} else {
				assert.Equal(t, "used as it is", note)
			}
		}
	}
}

// FuzzPictureFile reads any bytes as a picture: those of other people's files, by decoders that are not ours.
func FuzzPictureFile(f *testing.F) {
	img := painted(9, 7, color.NRGBA{200, 30, 10, 255}, color.NRGBA{0, 0, 0, 90}, image.Rect(2, 2, 6, 5))
	for _, encode := range []func(*bytes.Buffer) error{
		func(b *bytes.Buffer) error { return png.Encode(b, img) },
		func(b *bytes.Buffer) error { return jpeg.Encode(b, img, nil) },
		func(b *bytes.Buffer) error { return gif.Encode(b, img, nil) },
		func(b *bytes.Buffer) error { return bmp.Encode(b, img) },
		func(b *bytes.Buffer) error { return tiff.Encode(b, img, nil) },
		func(b *bytes.Buffer) error {
			return tiff.Encode(b, img, &tiff.Options{Compression: tiff.Deflate, Predictor: true})
		},
	} {
		var b bytes.Buffer
		require.NoError(f, encode(&b))
		f.Add(b.Bytes())
	}
	f.Add(webP(framedDigit(black, white), 0, 255, exif(binary.BigEndian, 6, 3)))
	f.Fuzz(func(t *testing.T, file []byte) {
		if c, _, err := image.DecodeConfig(bytes.NewReader(file)); err == nil && c.Width*c.Height > 1<<18 {
			return // it would only take time
		}
		pixels, _, err := prepareBytes(io.NewSectionReader(bytes.NewReader(file), 0, int64(len(file))), []int{5, 6, 3}, PictureOptions{Preparation: Preparation{Framing: Cropped, Ground: AnyGround}})
		if err == nil {
			require.Len(t, pixels, 5*6*3)
		}
	})
}
