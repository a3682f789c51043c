package sim_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// fetcher is a kernel whose threads read four floats at in + 16 i to %f0 to %f3, and write %f10 to %f13 to out + 16 i; the texture
// object is in %d5.
func fetcher(body string) string {
	return ".version 8.8\n.target sm_90a\n.address_size 64\n.visible .entry fetch(.param .u64 in, .param .u64 out, .param .u64 tex)\n{\n" +
		bodyRegisters + "\t.reg .f32 %f<32>;\n" + `
	ld.param.u64 %d0, [in];
	ld.param.u64 %d1, [out];
	ld.param.u64 %d5, [tex];
	mov.u32 %r0, %tid.x;
	mul.wide.u32 %d2, %r0, 16;
	add.u64 %d3, %d0, %d2;
	add.u64 %d4, %d1, %d2;
	ld.global.v4.f32 {%f0, %f1, %f2, %f3}, [%d3];
` + body + "\n\tst.global.v4.f32 [%d4], {%f10, %f11, %f12, %f13};\n\tret;\n}\n"
}

// fetch runs the body for each place.
func fetch(t *testing.T, d *sim.Device, body string, places [][4]float32, handle uint64) ([][4]float32, error) {
	out := alloc(t, d, uint64(16*len(places)))
	_, err := d.Launch(kernelOf(t, d, fetcher(body), "fetch"), linear(1), linear(len(places)), 0, pack(upload(t, d, places), out, handle))
	got := make([][4]float32, len(places))
	download(t, d, out, got)
	return got, err
}

const reach = 5 // sizes of a texture that the reference lays side by side

// extended is a row of texels, as the address mode continues it, reach sizes to both sides: entry i is texel i - reach*n. -1 is the border.
func extended(n int, mode sim.AddressMode) []int {
	var row []int
	for copy := -reach; copy <= reach; copy++ {
		for i := range n {
			switch {
			case copy == 0, mode == sim.AddressWrap:
				row = append(row, i)
			case mode == sim.AddressBorder:
				row = append(row, -1)
			case mode == sim.AddressMirror:
				row = append(row, choose(copy%2 == 0, i, n-1-i))
			default:
				row = append(row, choose(copy < 0, 0, n-1))
			}
		}
	}
	return row
}

// referenceTexture is a texture by the formulas of the CUDA C++ Programming Guide, "Texture Fetching", over the extended rows.
type referenceTexture struct {
	sim.Texture
	texels []float64 // channel by channel of texel by texel
}

func (r referenceTexture) at(c int, i [3]int) float64 {
	index, size := 0, [3]int{r.Width, max(1, r.Height), max(1, r.Depth)}
	for dim := 2; dim >= 0; dim-- {
		mode := r.Address[dim]
		if !r.Normalized && mode >= sim.AddressWrap {
			mode = sim.AddressClamp
		}
		x := extended(size[dim], mode)[i[dim]+reach*size[dim]]
		if x < 0 {
			return float64(r.Border[c])
		}
		index = index*size[dim] + x
	}
	if c >= r.Channels {
		return 0
	}
	return r.texels[index*r.Channels+c]
}

func (r referenceTexture) fetch(c, dims int, place [4]float32) float64 {
	var i [3]int
	var alpha [3]float64
	for dim, n := range []int{r.Width, r.Height, r.Depth}[:dims] {
		x := float64(place[dim])
		if r.Normalized {
			x *= float64(n)
		}
		if r.Linear {
			x -= 0.5
			alpha[dim] = math.Round((x-math.Floor(x))*256) / 256
		}
		i[dim] = int(math.Floor(x))
	}
	a, b, g := alpha[0], alpha[1], alpha[2]
	t := func(x, y, z int) float64 { return r.at(c, [3]int{i[0] + x, i[1] + y, i[2] + z}) }
	switch {
	case !r.Linear:
		return t(0, 0, 0)
	case dims == 1:
		return (1-a)*t(0, 0, 0) + a*t(1, 0, 0)
	case dims == 2:
		return (1-a)*(1-b)*t(0, 0, 0) + a*(1-b)*t(1, 0, 0) + (1-a)*b*t(0, 1, 0) + a*b*t(1, 1, 0)
	}
	return (1-a)*(1-b)*(1-g)*t(0, 0, 0) + a*(1-b)*(1-g)*t(1, 0, 0) + (1-a)*b*(1-g)*t(0, 1, 0) + a*b*(1-g)*t(1, 1, 0) +
		(1-a)*(1-b)*g*t(0, 0, 1) + a*(1-b)*g*t(1, 0, 1) + (1-a)*b*g*t(0, 1, 1) + a*b*g*t(1, 1, 1)
}

// places are random coordinates in and around a texture.
func places(r *rand.Rand, t sim.Texture) [][4]float32 {
	all := make([][4]float32, 96)
	for i := range all {
		for dim, n := range []int{t.Width, t.Height, t.Depth} {
			x := r.Float32()*5 - 2
			if !t.Normalized {
				x *= float32(n)
			}
			all[i][dim] = x
		}
	}
	return all
}

var fetches = []string{
	"tex.1d.v4.f32.f32 {%f10, %f11, %f12, %f13}, [%d5, {%f0}];",
	"tex.2d.v4.f32.f32 {%f10, %f11, %f12, %f13}, [%d5, {%f0, %f1}];",
	"tex.3d.v4.f32.f32 {%f10, %f11, %f12, %f13}, [%d5, {%f0, %f1, %f2, %f3}];",
}

func TestTextures(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for dims := 1; dims <= 3; dims++ {
		for mode := sim.AddressClamp; mode <= sim.AddressMirror; mode++ {
			for option := range 4 {
				desc := sim.Texture{Format: "f32", Channels: []int{1, 2, 4}[(dims+option)%3], Width: 7, Linear: option&1 != 0, Normalized: option&2 != 0,
					Address: [3]sim.AddressMode{mode, (mode + 1) % 4, (mode + 3) % 4}, Border: [4]float32{-3, 5, 0.5, 11}}
				if dims > 1 {
					desc.Height = 5
				}
				if dims > 2 {
					desc.Depth = 3
				}
				t.Run(fmt.Sprintf("%d dimensions, mode %d, option %d", dims, mode, option), func(t *testing.T) {
					d := checked(t)
					values := make([]float32, desc.Width*max(1, desc.Height)*max(1, desc.Depth)*desc.Channels)
					ref := referenceTexture{Texture: desc}
					for i := range values {
						values[i] = r.Float32()*2 - 1
						ref.texels = append(ref.texels, float64(values[i]))
					}
					desc.Ptr = upload(t, d, values)
					handle, err := d.NewTexture(desc)
					require.NoError(t, err)
					at := places(r, desc)
					got, err := fetch(t, d, fetches[dims-1], at, handle)
					require.NoError(t, err)
					for i := range at {
						for c := range 4 {
							want := 0.0
							if c < desc.Channels {
								want = ref.fetch(c, dims, at[i])
							}
							require.InDelta(t, want, got[i][c], choose(desc.Linear, 1e-6, 0), "%v, channel %d", at[i], c)
						}
					}
				})
			}
		}
	}
}

// Formats of the texels, with rows that have a pitch: bytes and what a point fetch gives of the first, by hand.
func TestTexelFormats(t *testing.T) {
	whole := func(v int32) float32 { return math.Float32frombits(uint32(v)) }
	for _, test := range []struct {
		format   string
		fraction bool
		channels int
		bytes    []byte
		want     [4]float32
	}{
		{"u8", true, 4, []byte{0, 255, 51, 102}, [4]float32{0, 1, 0.2, 0.4}},
		{"s8", true, 2, []byte{0x80, 127}, [4]float32{-1, 1, 0, 0}},
		{"u16", true, 1, []byte{0xff, 0x7f}, [4]float32{32767.0 / 65535, 0, 0, 0}},
		{"s16", true, 2, []byte{0, 0x80, 0xff, 0x7f}, [4]float32{-1, 1, 0, 0}},
		{"f16", false, 2, []byte{0, 0x3c, 0, 0xc1}, [4]float32{1, -2.5, 0, 0}},
		{"u8", false, 4, []byte{1, 2, 200, 4}, [4]float32{whole(1), whole(2), whole(200), whole(4)}},
		{"s8", false, 1, []byte{0xfe}, [4]float32{whole(-2), 0, 0, 0}},
		{"u16", false, 1, []byte{0xfe, 0xff}, [4]float32{whole(65534), 0, 0, 0}},
		{"s16", false, 1, []byte{0xfe, 0xff}, [4]float32{whole(-2), 0, 0, 0}},
		{"s32", false, 1, []byte{1, 0, 0, 0x80}, [4]float32{whole(math.MinInt32 + 1), 0, 0, 0}},
		{"u32", false, 2, []byte{1, 0, 0, 0, 2, 0, 0, 0}, [4]float32{whole(1), whole(2), 0, 0}},
	} {
		d := checked(t)
		memory := make([]byte, 64)
		copy(memory[32+len(test.bytes):], test.bytes) // texel (1, 1)
		handle, err := d.NewTexture(sim.Texture{Ptr: upload(t, d, memory), Format: test.format, Channels: test.channels, Width: 2, Height: 2, Pitch: 32,
			NormalizedFloat: test.fraction})
		require.NoError(t, err)
		body := "tex.2d.v4.s32.f32 {%r10, %r11, %r12, %r13}, [%d5, {%f0, %f1}];\n"
		for i := range 4 {
			body += fmt.Sprintf("\tmov.b32 %%f%d, %%r%d;\n", 10+i, 10+i)
		}
		got, err := fetch(t, d, body, [][4]float32{{1.75, 1.25}}, handle)
		require.NoError(t, err)
		for c, want := range test.want {
			assert.Equal(t, math.Float32bits(want), math.Float32bits(got[0][c]), "%s, channel %d: %v", test.format, c, got[0][c])
		}
	}
}

// tex1Dfetch names texels by number; tld4 gives one channel of the four that a linear fetch reads.
func TestTextureFetchesOfTexels(t *testing.T) {
	d := checked(t)
	values := make([]float32, 24)
	for i := range values {
		values[i] = float32(i)
	}
	row, err := d.NewTexture(sim.Texture{Ptr: upload(t, d, values), Format: "f32", Channels: 1, Width: 24})
	require.NoError(t, err)
	got, err := fetch(t, d, "cvt.rzi.s32.f32 %r10, %f0;\n\ttex.1d.v4.f32.s32 {%f10, %f11, %f12, %f13}, [%d5, {%r10}];", [][4]float32{{3}, {23}, {24}, {-1}}, row)
	require.NoError(t, err)
	assert.Equal(t, [][4]float32{{3}, {23}, {}, {}}, got)

	plane, err := d.NewTexture(sim.Texture{Ptr: upload(t, d, values), Format: "f32", Channels: 2, Width: 4, Height: 3})
	require.NoError(t, err)
	// around (1.9, 1.2) lie columns 1 and 2, rows 0 and 1; texel (x, y) has 8y+2x and one more
	got, err = fetch(t, d, "tld4.g.2d.v4.f32.f32 {%f10, %f11, %f12, %f13}, [%d5, {%f0, %f1}];", [][4]float32{{1.9, 1.2}}, plane)
	require.NoError(t, err)
	assert.Equal(t, [4]float32{11, 13, 5, 3}, got[0], "(1,1), (2,1), (2,0), (1,0)")
}

func TestSurfaces(t *testing.T) {
	d := checked(t)
	values := make([]float32, 16)
	for i := range values {
		values[i] = float32(i)
	}
	memory := upload(t, d, values)
	handle, err := d.NewTexture(sim.Texture{Ptr: memory, Format: "f32", Channels: 2, Width: 4, Height: 2})
	require.NoError(t, err)
	const whole = "cvt.rzi.s32.f32 %r10, %f0;\n\tcvt.rzi.s32.f32 %r11, %f1;\n\tmov.b32 %f11, 0f00000000;\n\tmov.b32 %f12, %f11;\n\tmov.b32 %f13, %f11;\n\t"
	got, err := fetch(t, d, whole+"suld.b.2d.v2.b32.zero {%f10, %f11}, [%d5, {%r10, %r11}];", [][4]float32{{8, 1}, {24, 0}, {32, 0}, {0, -1}}, handle)
	require.NoError(t, err)
	assert.Equal(t, [][4]float32{{10, 11}, {6, 7}, {}, {}}, got)
	got, err = fetch(t, d, whole+"suld.b.2d.b32.clamp %f10, [%d5, {%r10, %r11}];", [][4]float32{{-4, 9}, {400, -1}}, handle)
	require.NoError(t, err)
	assert.Equal(t, [][4]float32{{8}, {7}}, got)
	_, err = fetch(t, d, whole+"mov.b32 %f10, %f2;\n\tsust.b.2d.b32.zero [%d5, {%r10, %r11}], %f2;", [][4]float32{{4, 1, 77}, {32, 1, 88}}, handle)
	require.NoError(t, err)
	download(t, d, memory, values)
	assert.Equal(t, []float32{0, 1, 2, 3, 4, 5, 6, 7, 8, 77, 10, 11, 12, 13, 14, 15}, values)

	_, err = fetch(t, d, whole+"mov.b32 %f10, %f2;\n\tsust.b.2d.b32.trap [%d5, {%r10, %r11}], %f2;", [][4]float32{{32, 1, 88}}, handle)
	assert.ErrorContains(t, err, "coordinate 0 of the surface is 32, from 0 to 28 there are 4 bytes to access")
}

// Mistakes with textures, of the kernel and of the host.
func TestTextureProblems(t *testing.T) {
	d := checked(t)
	empty := alloc(t, d, 64)
	good := sim.Texture{Ptr: empty, Format: "f32", Channels: 1, Width: 4, Height: 4}
	handle, err := d.NewTexture(good)
	require.NoError(t, err)
	place := [][4]float32{{1, 1}}
	_, err = fetch(t, d, fetches[1], place, handle)
	assert.ErrorContains(t, err, "the texel depends on offset 20 of it, which was never written since the allocation")
	_, err = fetch(t, d, fetches[0], place, handle)
	assert.ErrorContains(t, err, "has 2 dimensions, the instruction wants 1")
	_, err = fetch(t, d, fetches[1], place, empty)
	assert.ErrorContains(t, err, "is no texture object")
	require.NoError(t, d.FreeTexture(handle))
	assert.ErrorIs(t, d.FreeTexture(handle), sim.ErrNotFound)
	_, err = fetch(t, d, fetches[1], place, handle)
	assert.ErrorContains(t, err, "is no texture object")

	for want, change := range map[string]func(x *sim.Texture){
		`format "f64"`:                        func(x *sim.Texture) { x.Format = "f64" },
		"3 channels":                          func(x *sim.Texture) { x.Channels = 3 },
		"0 x 4 x 0 texels":                    func(x *sim.Texture) { x.Width = 0 },
		"4 x 0 x 2 texels":                    func(x *sim.Texture) { x.Height, x.Depth = 0, 2 },
		"f32 as fractions":                    func(x *sim.Texture) { x.NormalizedFloat = true },
		"linear filtering of u8":              func(x *sim.Texture) { x.Format, x.Linear = "u8", true },
		"no address mode 4":                   func(x *sim.Texture) { x.Address[1] = 4 },
		"rows of 16 bytes every 8 bytes":      func(x *sim.Texture) { x.Pitch = 8 },
		"must be multiples of a texel's 4":    func(x *sim.Texture) { x.Pitch = 18 },
		"bytes at offset 0 of an allocation":  func(x *sim.Texture) { x.Width = 5 },
		"belongs to no allocation":            func(x *sim.Texture) { x.Ptr = 16 },
		"every 32 and slices every 128 bytes": func(x *sim.Texture) { x.Ptr, x.Pitch = x.Ptr+1, 32 },
	} {
		x := good
		change(&x)
		_, err := d.NewTexture(x)
		assert.ErrorContains(t, err, want)
	}

	for text, want := range map[string]string{
		"tex.a2d.v4.f32.f32 {%f10, %f11, %f12, %f13}, [%d5, {%r1, %f0, %f1, %f2}];":  "layered textures are not supported",
		"tex.cube.v4.f32.f32 {%f10, %f11, %f12, %f13}, [%d5, {%f0, %f1, %f2, %f3}];": "cube maps are not supported",
		"tex.level.2d.v4.f32.f32 {%f10, %f11, %f12, %f13}, [%d5, {%f0, %f1}], %f2;":  "mipmapped textures are not supported",
		"tex.2d.v4.f32.f32 {%f10, %f11, %f12, %f13}, [%d5, {%f0}];":                  "1 coordinates, expected 2",
		"tex.2d.v4.f16.f32 {%f10, %f11, %f12, %f13}, [%d5, {%f0, %f1}];":             "unknown instruction",
		"suld.b.2d.b32 %f10, [%d5, {%r0, %r0}];":                                     "unknown instruction",
	} {
		m, err := d.Load([]byte(fetcher(text)))
		require.NoError(t, err, text)
		_, err = m.Kernel("fetch")
		assert.ErrorContains(t, err, want, text)
	}
}
