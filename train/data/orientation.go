package data

import (
	"bytes"
	"encoding/binary"
	"image"
	"io"
)

// orientation returns how a JPEG is to be turned, as its Exif tag 0x0112 says (1, upright, to 8; Exif
// 2.32, section 4.6.4), and 1 for whatever has no such tag: cameras store what the sensor saw and leave
// the turning to the reader.
func orientation(r io.Reader) int {
	const (
		startOfImage = 0xffd8
		app1         = 0xffe1
		startOfScan  = 0xffda
	)
	var soi uint16
	if binary.Read(r, binary.BigEndian, &soi) != nil || soi != startOfImage {
		return 1
	}
	for {
		var segment struct{ Marker, Length uint16 }
		if binary.Read(r, binary.BigEndian, &segment) != nil || segment.Marker == startOfScan || segment.Length < 2 {
			return 1
		}
		body := make([]byte, segment.Length-2)
		if _, err := io.ReadFull(r, body); err != nil {
			return 1
		}
		if tiff, ok := bytes.CutPrefix(body, []byte("Exif\x00\x00")); ok && segment.Marker == app1 {
			return tiffOrientation(tiff)
		}
	}
}

// tiffOrientation looks the tag up in the first directory of a TIFF structure.
func tiffOrientation(tiff []byte) int {
	const tag, entrySize = 0x0112, 12
	if len(tiff) < 8 {
		return 1
	}
	var order binary.ByteOrder = binary.BigEndian
	if tiff[0] == 'I' {
		order = binary.LittleEndian
	}
	at := order.Uint32(tiff[4:])
	if int64(at)+2 > int64(len(tiff)) {
		return 1
	}
	dir := tiff[at:]
	entries := dir[2:]
	for range order.Uint16(dir) {
		if len(entries) < entrySize {
			return 1
		}
		if order.Uint16(entries) == tag {
			if v := order.Uint16(entries[8:]); v >= 1 && v <= 8 {
				return int(v)
			}
			return 1
		}
		entries = entries[entrySize:]
	}
	return 1
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
