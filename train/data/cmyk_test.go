package data

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cmykJPEG is a picture of 8x8 pixels of one colour in four channels, as programs for print save it: a baseline JPEG (ITU-T T.81) with Adobe's segment
// APP14, whose transform is 0 for CMYK and 2 for YCCK. The values are inverted there, 255 for no ink.
func cmykJPEG(transform byte, values [4]byte) []byte {
	var b bytes.Buffer
	segment := func(marker byte, content ...byte) {
		b.Write([]byte{0xff, marker})
		b.Write(binary.BigEndian.AppendUint16(nil, uint16(2+len(content))))
		b.Write(content)
	}
	b.Write([]byte{0xff, 0xd8})
	segment(0xee, append([]byte("Adobe\x00\x64\x00\x00\x00\x00"), transform)...)
	segment(0xdb, append([]byte{0}, bytes.Repeat([]byte{1}, 64)...)...)                                                 // nothing is divided
	segment(0xc0, 8, 0, 8, 0, 8, 4, 1, 0x11, 0, 2, 0x11, 0, 3, 0x11, 0, 4, 0x11, 0)                                     // 8 bits, 8x8, four channels
	segment(0xc4, append(append([]byte{0, 0, 0, 0, 12}, make([]byte, 12)...), 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11)...) // DC: a category is its number in 4 bits
	segment(0xc4, append(append([]byte{0x10, 1}, make([]byte, 15)...), 0)...)                                           // AC: a 0 ends the block
	segment(0xda, 4, 1, 0, 2, 0, 3, 0, 4, 0, 0, 63, 0)
	text := ""
	put := func(value, count int) {
		for i := count - 1; i >= 0; i-- {
			text += string('0' + rune(value>>i&1))
		}
	}
	for _, v := range values {
		mean := 8 * (int(v) - 128) // the transform of a block that is the same everywhere
		category, size := 0, max(mean, -mean)
		for ; size>>category > 0; category++ {
		}
		put(category, 4)
		if mean < 0 {
			mean += 1<<category - 1
		}
		put(mean, category)
		put(0, 1)
	}
	for len(text)%8 > 0 {
		text += "1"
	}
	for ; text != ""; text = text[8:] {
		v := byte(0)
		for i := range 8 {
			v = v<<1 | text[i]&1
		}
		if b.WriteByte(v); v == 0xff {
			b.WriteByte(0)
		}
	}
	b.Write([]byte{0xff, 0xd9})
	return b.Bytes()
}

// Pictures for print become red, green and blue.
func TestPictureInCMYK(t *testing.T) {
	for want, file := range map[[3]float64][]byte{
		{1, 0, 0}:     cmykJPEG(0, [4]byte{255, 0, 0, 255}),
		{0, 0.5, 0.5}: cmykJPEG(0, [4]byte{0, 255, 255, 128}),
		{0, 0, 0}:     cmykJPEG(0, [4]byte{255, 255, 255, 0}),
		{0.5, 1, 0.2}: cmykJPEG(0, [4]byte{128, 255, 51, 255}),
		{0, 0, 1}:     cmykJPEG(2, [4]byte{226, 1, 149, 255}), // as luma and colour differences (JFIF), those of the inks: yellow's here for blue's cyan and magenta
	} {
		p, err := Picture(saveBytes(t, file), []int{8, 8, 3}, PictureOptions{})
		require.NoError(t, err)
		for i, v := range p.Pixels {
			assert.InDelta(t, want[i%3], v, 0.01)
		}
	}
	p, err := Picture(saveBytes(t, cmykJPEG(0, [4]byte{255, 0, 0, 255})), []int{8, 8, 1}, PictureOptions{NoInvert: true})
	require.NoError(t, err)
	assert.InDelta(t, 0.299, p.Pixels[0], 0.01)
}
