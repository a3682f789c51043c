package data

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"image"
	"io"
	"slices"
)

// orientation returns how a picture is to be turned, as its Exif tag 0x0112 says (1, upright, to 8; Exif 2.32, section 4.6.4), and 1 for
// whatever has no such tag: cameras store what the sensor saw and leave the turning to the reader.
func orientation(r io.ReadSeeker) int {
	header := make([]byte, 12)
	if _, err := io.ReadFull(r, header); err != nil {
		return 1
	}
	find, at := exifInJPEG, int64(2)
	switch {
	case isTIFF(header):
		return tiffOrientation(tiffDirectory(r))
	case bytes.HasPrefix(header, []byte("\xff\xd8")):
	case bytes.HasPrefix(header, []byte("\x89PNG\r\n\x1a\n")):
		find, at = exifInPNG, 8
	case bytes.HasPrefix(header, []byte("RIFF")) && bytes.Equal(header[8:], []byte("WEBP")):
		find, at = exifInWebP, 12
	default:
		return 1
	}
	if _, err := r.Seek(at, io.SeekStart); err != nil {
		return 1
	}
	return tiffOrientation(find(r))
}

// maxExif is the most that Exif data take: a JPEG's segment.
const maxExif = 1 << 16

// exifInJPEG reads segments up to the one that holds Exif data (Exif 2.32, section 4.5.4). Any number of bytes 0xff may stand before
// a segment's marker (ITU-T T.81, B.1.1.2).
func exifInJPEG(r io.ReadSeeker) []byte {
	const (
		fill        = 0xff
		app1        = 0xe1
		startOfScan = 0xda
	)
	in := bufio.NewReader(r)
	for {
		marker, err := in.ReadByte()
		if err != nil || marker != fill {
			return nil
		}
		for marker == fill {
			if marker, err = in.ReadByte(); err != nil {
				return nil
			}
		}
		var length uint16
		if binary.Read(in, binary.BigEndian, &length) != nil || length < 2 || marker == startOfScan {
			return nil
		}
		body := make([]byte, length-2)
		if _, err := io.ReadFull(in, body); err != nil {
			return nil
		}
		if tiff, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok && marker == app1 {
			return tiff
		}
	}
}

// exifInPNG finds the chunk eXIf (PNG, third edition, section 11.3.3.6), which may stand behind the pixels.
func exifInPNG(r io.ReadSeeker) []byte {
	for {
		var chunk struct {
			Length uint32
			Type   [4]byte
		}
		if binary.Read(r, binary.BigEndian, &chunk) != nil {
			return nil
		}
		if string(chunk.Type[:]) == "eXIf" {
			return readExif(r, chunk.Length)
		}
		const checksum = 4
		if _, err := r.Seek(int64(chunk.Length)+checksum, io.SeekCurrent); err != nil {
			return nil
		}
	}
}

// exifInWebP finds the chunk EXIF (WebP container specification, "Metadata"), which some begin as a JPEG's segment does.
func exifInWebP(r io.ReadSeeker) []byte {
	for {
		var chunk struct {
			Type   [4]byte
			Length uint32
		}
		if binary.Read(r, binary.LittleEndian, &chunk) != nil {
			return nil
		}
		if string(chunk.Type[:]) == "EXIF" {
			return bytes.TrimPrefix(readExif(r, chunk.Length), []byte("Exif\x00\x00"))
		}
		if _, err := r.Seek(int64(chunk.Length)+int64(chunk.Length%2), io.SeekCurrent); err != nil {
			return nil
		}
	}
}

func readExif(r io.Reader, length uint32) []byte {
	if length > maxExif {
		return nil
	}
	tiff := make([]byte, length)
	if _, err := io.ReadFull(r, tiff); err != nil {
		return nil
	}
	return tiff
}

// tiffOrientation is the orientation that a TIFF structure tells.
func tiffOrientation(tiff []byte) int {
	if v, _ := tiffTag(tiff, 0x0112); v >= 1 && v <= 8 {
		return int(v)
	}
	return 1
}

// tiffTag looks a tag up in the first directory of a TIFF structure. Its value should be a SHORT; some write a LONG.
func tiffTag(tiff []byte, tag uint16) (value uint32, found bool) {
	const long = 4
	if len(tiff) < 8 {
		return 0, false
	}
	order := tiffOrder(tiff)
	at := order.Uint32(tiff[4:])
	if int64(at)+2 > int64(len(tiff)) {
		return 0, false
	}
	dir := tiff[at:]
	entries := dir[2:]
	for range order.Uint16(dir) {
		if len(entries) < tiffEntry {
			return 0, false
		}
		if order.Uint16(entries) == tag {
			if order.Uint16(entries[2:]) == long {
				return order.Uint32(entries[8:]), true
			}
			return uint32(order.Uint16(entries[8:])), true
		}
		entries = entries[tiffEntry:]
	}
	return 0, false
}

// tiffEntry is the length of a directory's entry (TIFF 6.0, section 2).
const tiffEntry = 12

func tiffOrder(header []byte) binary.ByteOrder {
	if header[0] == 'I' {
		return binary.LittleEndian
	}
	return binary.BigEndian
}

// isTIFF says whether a file begins as a TIFF does.
func isTIFF(header []byte) bool {
	return bytes.HasPrefix(header, []byte("II*\x00")) || bytes.HasPrefix(header, []byte("MM\x00*"))
}

// tiffDirectory is a TIFF structure with the first directory of a file, wherever it stands there.
func tiffDirectory(r io.ReadSeeker) []byte {
	header := make([]byte, 8)
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return nil
	}
	if _, err := io.ReadFull(r, header); err != nil {
		return nil
	}
	order := tiffOrder(header)
	if _, err := r.Seek(int64(order.Uint32(header[4:])), io.SeekStart); err != nil {
		return nil
	}
	count := make([]byte, 2)
	if _, err := io.ReadFull(r, count); err != nil {
		return nil
	}
	entries := make([]byte, tiffEntry*int(order.Uint16(count)))
	if _, err := io.ReadFull(r, entries); err != nil {
		return nil
	}
	order.PutUint32(header[4:], uint32(len(header)))
	return slices.Concat(header, count, entries)
}

// turn brings the picture into its upright position.
func (p *preparation) turn(orientation int) {
	if orientation == 1 {
		return
	}
	w, h := p.flat.Rect.Dx(), p.flat.Rect.Dy()
	to := image.NewRGBA(image.Rect(0, 0, w, h))
	if orientation >= 5 {
		to = image.NewRGBA(image.Rect(0, 0, h, w))
		p.size = image.Pt(p.size.Y, p.size.X)
	}
	for y := range to.Rect.Dy() {
		for x := range to.Rect.Dx() {
			var from image.Point
			switch orientation {
			case 2:
				from = image.Pt(w-1-x, y)
			case 3:
				from = image.Pt(w-1-x, h-1-y)
			case 4:
				from = image.Pt(x, h-1-y)
			case 5:
				from = image.Pt(y, x)
			case 6:
				from = image.Pt(y, h-1-x)
			case 7:
				from = image.Pt(w-1-y, h-1-x)
			case 8:
				from = image.Pt(w-1-y, x)
			}
			copy(to.Pix[to.PixOffset(x, y):][:4], p.flat.Pix[p.flat.PixOffset(from.X, from.Y):][:4])
		}
	}
	p.flat = to
	p.say("turned upright (Exif orientation %d)", orientation)
}
