package inspect

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fetchPTX reads a texture at (tid + dx, 1.5).
const fetchPTX = `.version 8.0
.target sm_80
.address_size 64
.visible .entry fetch(.param .u64 image, .param .f32 dx, .param .u64 y)
{
	.reg .b64 %d<4>;
	.reg .b32 %r<2>;
	.reg .f32 %f<8>;
	ld.param.u64 %d0, [image];
	ld.param.f32 %f0, [dx];
	ld.param.u64 %d1, [y];
	mov.u32 %r0, %tid.x;
	cvt.rn.f32.u32 %f1, %r0;
	add.f32 %f1, %f1, %f0;
	mov.f32 %f2, 0f3fc00000;
	tex.2d.v4.f32.f32 {%f4, %f5, %f6, %f7}, [%d0, {%f1, %f2}];
	mul.wide.u32 %d2, %r0, 4;
	add.s64 %d1, %d1, %d2;
	st.global.f32 [%d1], %f4;
	ret;
}
`

// Texel (x, y) of 4 x 4 is 4y + x: in row 1 a fetch at x gives 4 + floor(x), and with linear filtering 4 + x - 0.5 between the edges.
func TestTextures(t *testing.T) {
	file := filepath.Join(t.TempDir(), "fetch.ptx")
	require.NoError(t, os.WriteFile(file, []byte(fetchPTX), 0o644))
	for image, want := range map[string][]string{
		"{texture: iota:f32:16, width: 4, height: 4}":                                  {"5", "6", "7", "7"},
		"{texture: '@b', width: 4, height: 4, linear: true}":                           {"4.5", "5.5", "6.5", "7"},
		"{texture: '@b+4', width: 4, height: 3, address: border}":                      {"9", "10", "11", "0"},
		"{texture: iota:u8:16, width: 4, height: 4, linear: true, fractions: true}":    {"0.01764706", "0.021568628", "0.025490196", "0.02745098"},
		"{texture: iota:f16:32, width: 4, height: 4, channels: 2, linear: true}":       {"9", "11", "13", "14"},
		"{texture: iota:f32:16, width: 4, height: 4, normalized: true, address: wrap}": {"8", "8", "8", "8"},
	} {
		s := script(t, file, "fetch", 4, "image="+image, "dx=1", "y=empty:f32:4")
		for i, name := range []string{"1", "2", "3"} {
			s.Launches[0].Args[i].Name = name
		}
		require.NoError(t, s.Buffers.Add("b=iota:f32:16"))
		assert.Equal(t, want, firstOf(t, s, "3"), image)
	}
	for image, want := range map[string]string{
		"{texture: iota:f32:16, wide: 4}":                         `a texture has no "wide"`,
		"{texture: iota:f32:16, width: four}":                     `width: "four" is no number`,
		"{texture: iota:f32:16, width: 4, linear: 3}":             `linear: "3" is neither true nor false`,
		"{texture: iota:f32:16, width: 4, address: repeat}":       `address: there is no "repeat", only border, clamp, mirror, wrap`,
		"{texture: iota:f32:16}":                                  "0 x 0 x 0 texels",
		"{texture: iota:f32:16, width: 4, height: 5}":             "80 bytes at offset 0 of an allocation of 64 bytes",
		"{texture: iota:f64:16, width: 4, height: 4}":             `format "f64"`,
		"{texture: null, width: 4}":                               "the texels need memory with a type",
		"{texture: 4, width: 4}":                                  `"4" is no device memory`,
		"{texture: iota:i32:16, width: 4, height: 4, linear: on}": "linear filtering of s32",
	} {
		_, err := Run(script(t, file, "fetch", 4, image, "1", "empty:f32:4"))
		require.ErrorContains(t, err, want, image)
		assert.ErrorAs(t, err, new(*NotUnderstoodError), image)
	}
}
