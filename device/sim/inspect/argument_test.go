package inspect

import (
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestNumbers(t *testing.T) {
	for text, want := range map[string][]byte{
		"i8:-1": {0xff}, "u8:200": {200}, "i16:-2": {0xfe, 0xff}, "u16:0xffff": {0xff, 0xff}, "i32:-3": {0xfd, 0xff, 0xff, 0xff},
		"u32:7": {7, 0, 0, 0}, "i64:-1": {255, 255, 255, 255, 255, 255, 255, 255}, "u64:258": {2, 1, 0, 0, 0, 0, 0, 0},
		"f32:1.5": {0, 0, 0xc0, 0x3f}, "f64:1.5": {0, 0, 0, 0, 0, 0, 0xf8, 0x3f}, "f16:1.5": {0x00, 0x3e}, "bf16:-2": {0x00, 0xc0},
		"f16:65520": {0x00, 0x7c}, "f16:6e-8": {1, 0}, "f16:inf": {0x00, 0x7c}, "bf16:nan": {0xff, 0x7f}, "bf16:1.00390625": {0x80, 0x3f},
		"hex:00ff10": {0, 255, 16},
	} {
		a, err := parseArgument(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, a.value, text)
	}
	for bits := range uint64(1 << 16) { // every number of 16 bits comes back
		for _, name := range []string{"f16", "bf16"} {
			n := numberTypes[name]
			text := n.get(appendBytes(nil, bits, 2))
			v, err := strconv.ParseFloat(text, 64)
			require.NoError(t, err)
			if got := load(n.put(nil, v), 2); !math.IsNaN(v) {
				require.Equal(t, bits, got, "%s %s", name, text)
			}
		}
	}
}

func TestBuffers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x.bin")
	require.NoError(t, os.WriteFile(file, []byte{1, 2, 3}, 0o644))
	tests := []struct {
		text    string
		bytes   uint64
		content []byte
		save    string
	}{
		{"in:" + file, 3, []byte{1, 2, 3}, ""},
		{"inout:" + file + ":y.bin", 3, []byte{1, 2, 3}, "y.bin"},
		{"out:y.bin:12", 12, nil, "y.bin"},
		{"out:y.bin:f64:3", 24, nil, "y.bin"},
		{"out:a:b:16", 16, nil, "a:b"},
		{"zeros:i16:2", 4, []byte{0, 0, 0, 0}, ""},
		{"ones:f32:1", 4, []byte{0, 0, 0x80, 0x3f}, ""},
		{"iota:u16:3", 6, []byte{0, 0, 1, 0, 2, 0}, ""},
		{"empty:f32:5", 20, nil, ""},
	}
	for _, test := range tests {
		a, err := parseArgument(test.text)
		require.NoError(t, err, test.text)
		assert.Nil(t, a.value)
		assert.Equal(t, test.bytes, a.bytes, test.text)
		assert.Equal(t, test.content, a.content, test.text)
		assert.Equal(t, test.save, a.save, test.text)
	}
	a, err := parseArgument("random:f32:1000")
	require.NoError(t, err)
	b, err := parseArgument("random:f32:1000:1")
	require.NoError(t, err)
	assert.NotEqual(t, a.content, b.content, "another seed")
	for i := 0; i < len(a.content); i += 4 {
		v, err := strconv.ParseFloat(a.element.get(a.content[i:]), 32)
		require.NoError(t, err)
		require.True(t, v >= -1 && v <= 1)
	}
}

func TestBadArguments(t *testing.T) {
	folder := t.TempDir()
	empty := filepath.Join(folder, "empty")
	require.NoError(t, os.WriteFile(empty, nil, 0o644))
	for text, want := range map[string]string{
		"":                               `unknown form ""`,
		"3":                              "the forms are",
		"f99:3":                          `unknown form "f99"`,
		"f32:x":                          `"x" is no f32`,
		"u8:256":                         `"256" is no u8`,
		"u32:-1":                         `"-1" is no u32`,
		"hex:123":                        "hexadecimal digits",
		"hex:":                           "hexadecimal digits",
		"zeros:f32":                      "zeros:f32:1024",
		"zeros:q:4":                      "wanted is zeros:TYPE:COUNT",
		"zeros:f32:0":                    `"0" is no count`,
		"zeros:f64:99999999999999999999": "is no count from 1 to",
		"zeros:f64:1:2":                  "wanted is",
		"random:f32:4:x":                 `the seed "x"`,
		"out:y":                          "a size is wanted",
		"out:y:0":                        "is no count",
		"inout:a":                        "two files",
		"in:" + folder:                   "is no regular file",
		"in:" + folder + "/none":         folder + "/none does not exist",
		"in:" + empty:                    "is empty",
	} {
		_, err := parseArgument(text)
		assert.ErrorContains(t, err, want, text)
	}
}
