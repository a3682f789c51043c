package inspect

import (
	"math"
	"strconv"
	"strings"
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
	} {
		name, number, _ := strings.Cut(text, ":")
		got, err := numberTypes[name].parse(number)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
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

func TestNumbersThatAreNone(t *testing.T) {
	for text, want := range map[string]string{"f32:x": `"x" is no f32`, "u8:256": `"256" is no u8`, "u32:-1": `"-1" is no u32`} {
		name, number, _ := strings.Cut(text, ":")
		_, err := numberTypes[name].parse(number)
		assert.ErrorContains(t, err, want)
	}
}

// What compares numbers reads the same as what is shown.
func TestValues(t *testing.T) {
	for name, n := range numberTypes {
		for _, v := range []float64{0, 1, 100, 13} {
			b := n.put(nil, v)
			assert.Equal(t, v, n.value(b), name)
			assert.Equal(t, strconv.FormatFloat(v, 'g', -1, 64), n.get(b), name)
		}
	}
	assert.Equal(t, -3.0, numberTypes["i16"].value([]byte{0xfd, 0xff}))
}
