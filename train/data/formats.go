package data

import (
	"bytes"
	"encoding/binary"
	"image"
)

// sniffed is how much of a file tells its format: what http.DetectContentType looks at, and a tar archive's first header.
const sniffed = 512

// otherFormats are files that people take for pictures and that are not read, by the bytes at an offset.
var otherFormats = []struct {
	offset int
	magic  string
	name   string
}{
	{0, "II+\x00", "a BigTIFF"},
	{0, "MM\x00+", "a BigTIFF"},
	{0, "FUJIFILM", "a camera's raw file"},
	{4, "ftypavi", "AVIF"},
	{4, "ftyphei", "HEIC"},
	{4, "ftyphev", "HEIC"},
	{4, "ftypmif1", "HEIC"},
	{4, "ftypmsf1", "HEIC"},
	{4, "ftypcrx", "a camera's raw file"},
	{4, "ftyp", "a video"},
	{0, "\xff\x0a", "JPEG XL"},
	{4, "JXL \r\n", "JPEG XL"},
	{4, "jP  \r\n", "JPEG 2000"},
	{0, "\xff\x4f\xff\x51", "JPEG 2000"},
	{0, "%PDF", "a PDF"},
	{0, "%!PS", "PostScript"},
	{0, "8BPS", "a Photoshop file"},
	{0, "gimp xcf", "a GIMP file"},
	{0, "\x00\x00\x01\x00", "an icon"},
	{0, "qoif", "QOI"},
	{0, "\x76\x2f\x31\x01", "OpenEXR"},
	{0, "#?RADIANCE", "Radiance HDR"},
	{0, "DDS ", "DDS"},
	{0, "PK\x03\x04", "a ZIP archive"},
	{0, gzipMagic, "a gzip file"},
	{0, "\x93NUMPY", "a NumPy array"},
	{0, "version https://git-lfs", "a Git LFS pointer (fetch the file itself: git lfs pull)"},
}

// otherFormat names a format that is not read, by a file's first bytes; it is empty for all else.
func otherFormat(header []byte) string {
	for _, f := range otherFormats {
		if len(header) > f.offset && bytes.HasPrefix(header[f.offset:], []byte(f.magic)) {
			return f.name
		}
	}
	const animated = 0x02
	if len(header) > 20 && bytes.HasPrefix(header, []byte("RIFF")) && bytes.Equal(header[8:16], []byte("WEBPVP8X")) && header[20]&animated != 0 {
		return "an animated WebP"
	}
	if len(header) > 2 && header[0] == 'P' && header[1] >= '1' && header[1] <= '7' && bytes.ContainsAny(header[2:3], " \t\r\n") {
		return "a PNM (PBM, PGM or PPM)"
	}
	text := bytes.ToLower(bytes.TrimLeft(header, "\ufeff \t\r\n"))
	switch {
	case bytes.HasPrefix(text, []byte("<svg")), bytes.HasPrefix(text, []byte("<?xml")) && bytes.Contains(text, []byte("<svg")):
		return "an SVG"
	case bytes.HasPrefix(text, []byte("<!doctype html")), bytes.HasPrefix(text, []byte("<html")):
		return "a web page"
	}
	return ""
}

// isRaw says whether a TIFF is a camera's raw file, whose first picture is a small preview: DNG says so by a tag of its own (DNGVersion),
// and what is a reduced version of another picture in the file by NewSubfileType (TIFF 6.0, section 8).
func isRaw(tiff []byte) bool {
	const newSubfileType, dngVersion, reduced = 254, 50706, 1
	kind, _ := tiffTag(tiff, newSubfileType)
	_, dng := tiffTag(tiff, dngVersion)
	return dng || kind&reduced != 0
}

// fullRange stretches the values of a 16-bit file that holds only 8 or 12 bits, as scanners and microscopes write them, and says
// how many there were; 0 if the file uses more.
func fullRange(img image.Image) (bits int) {
	var pix []byte
	channels, colours := 1, 1
	switch i := img.(type) {
	case *image.Gray16:
		pix = i.Pix
	case *image.RGBA64:
		pix, channels, colours = i.Pix, 4, 3
	case *image.NRGBA64:
		pix, channels, colours = i.Pix, 4, 3
	default:
		return 0
	}
	each := func(f func(v []byte)) {
		for at := 0; at < len(pix); at += 2 * channels {
			for c := range colours {
				f(pix[at+2*c:])
			}
		}
	}
	largest := uint16(0)
	each(func(v []byte) { largest = max(largest, binary.BigEndian.Uint16(v)) })
	bits = 12
	switch {
	case largest == 0 || largest >= 1<<12:
		return 0
	case largest < 1<<8:
		bits = 8
	}
	white := uint32(1)<<bits - 1
	each(func(v []byte) {
		binary.BigEndian.PutUint16(v, uint16(uint32(binary.BigEndian.Uint16(v))*0xffff/white))
	})
	return bits
}
