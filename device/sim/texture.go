package sim

import (
	"fmt"
	"math"
)

// AddressMode says what a texture gives outside.
type AddressMode uint8

const (
	AddressClamp  AddressMode = iota // the texel at the edge
	AddressBorder                    // the border's colour
	AddressWrap                      // the texture again; as AddressClamp where coordinates are not normalised
	AddressMirror                    // the texture again and again, every second time reversed; likewise
)

// Texture describes texels in device memory and how kernels read them (CUDA C++ Programming Guide, "Texture Object API" and "Texture
// Fetching"). A texel has Channels numbers of a Format, and texel (x, y, z) of a texture of Width, Height and Depth lies
// z*Slice + y*Pitch + x*(size of a texel) bytes behind Ptr.
//
// A fetch at x of a row of N texels T, where x is N times the coordinate if coordinates are normalised, gives
//
//	T[floor(x)]                                                    without Linear
//	(1-a) T[i] + a T[i+1]    i = floor(x-0.5), a = x-0.5 - i       with Linear
//
// and in more dimensions the same in each. As on a chip, a is rounded to 8 bits of fraction, in 9 bits of fixed point; the sum here is exact
// and rounded once. Whole coordinates (tex1Dfetch) name a texel; outside of a texture of one dimension they give 0.
type Texture struct {
	Ptr                  uint64
	Format               string // "u8", "s8", "u16", "s16", "u32", "s32", "f16" or "f32"
	Channels             int    // 1, 2 or 4; what a texel lacks is read as 0
	Width, Height, Depth int    // texels; Height, or Depth, is 0 where a texture has not as many dimensions
	Pitch, Slice         uint64 // bytes; 0 is without gaps

	Linear          bool
	Address         [3]AddressMode
	Border          [4]float32
	Normalized      bool // coordinates are fractions of the size
	NormalizedFloat bool // integers of 8 and 16 bits are read as fractions of the largest
}

// texelFormat is a format of channels.
type texelFormat struct {
	bytes          uint32
	signed, number bool // number: read as f32 whatever the texture says
}

var texelFormats = map[string]texelFormat{
	"u8": {1, false, false}, "s8": {1, true, false}, "u16": {2, false, false}, "s16": {2, true, false},
	"u32": {4, false, false}, "s32": {4, true, false}, "f16": {2, false, true}, "f32": {4, false, true},
}

// textureHandles begin where no memory is.
const textureHandles = uint64(0x7e0) << 52

// maxTextureSide is what all chips can do in each direction of a texture of two dimensions.
const maxTextureSide = 1 << 17

// textures are the objects of a device.
type textures struct {
	last uint64
	live map[uint64]*Texture
}

// dims is the number of dimensions.
func (t *Texture) dims() int {
	switch {
	case t.Depth > 0:
		return 3
	case t.Height > 0:
		return 2
	}
	return 1
}

// size is the number of texels in each direction.
func (t *Texture) size() [3]int { return [3]int{t.Width, max(t.Height, 1), max(t.Depth, 1)} }

// texel is the size of one in bytes.
func (t *Texture) texel() uint64 { return uint64(t.Channels) * uint64(texelFormats[t.Format].bytes) }

// numbers says that fetches give f32.
func (t *Texture) numbers() bool { return texelFormats[t.Format].number || t.NormalizedFloat }

// NewTexture makes a texture object. The handle is what a kernel takes as cudaTextureObject_t; as a cudaSurfaceObject_t it names the same
// texels. The memory must live as long.
func (d *Device) NewTexture(t Texture) (handle uint64, err error) {
	d.busy.Lock()
	defer d.busy.Unlock()
	bad := func(format string, args ...any) (uint64, error) {
		return 0, fmt.Errorf("sim: texture: "+format+": %w", append(args, ErrConfiguration)...)
	}
	format, known := texelFormats[t.Format]
	limit := maxTextureSide
	if t.Height == 0 {
		limit = 1 << 28
	}
	switch {
	case !known:
		return bad("format %q, there are u8, s8, u16, s16, u32, s32, f16 and f32", t.Format)
	case t.Channels != 1 && t.Channels != 2 && t.Channels != 4:
		return bad("%d channels, a texel has 1, 2 or 4", t.Channels)
	case t.Width < 1 || t.Width > limit || t.Height < 0 || t.Height > limit || t.Depth < 0 || t.Depth > limit || t.Depth > 0 && t.Height == 0:
		return bad("%d x %d x %d texels", t.Width, t.Height, t.Depth)
	case t.NormalizedFloat && (format.bytes == 4 || format.number):
		return bad("%s as fractions, which only integers of 8 and 16 bits can be", t.Format)
	case t.Linear && !format.number && !t.NormalizedFloat:
		return bad("linear filtering of %s, which only f16, f32 and integers that are read as fractions have", t.Format)
	}
	for i, mode := range t.Address {
		if mode > AddressMirror {
			return bad("there is no address mode %d", mode)
		}
		if !t.Normalized && mode >= AddressWrap {
			t.Address[i] = AddressClamp
		}
	}
	size := t.size()
	row := uint64(size[0]) * t.texel()
	if t.Pitch == 0 {
		t.Pitch = row
	}
	if t.Slice == 0 {
		t.Slice = t.Pitch * uint64(size[1])
	}
	if t.Pitch < row || t.Slice < t.Pitch*uint64(size[1]-1)+row || t.Pitch > maxAllocation || t.Slice > maxAllocation {
		return bad("rows of %d bytes every %d bytes, slices every %d", row, t.Pitch, t.Slice)
	}
	if t.Ptr%t.texel() != 0 || t.Pitch%t.texel() != 0 || t.Slice%t.texel() != 0 {
		return bad("address %#x, rows every %d and slices every %d bytes must be multiples of a texel's %d", t.Ptr, t.Pitch, t.Slice, t.texel())
	}
	if _, _, err := d.mem.find(t.Ptr, t.Slice*uint64(size[2]-1)+t.Pitch*uint64(size[1]-1)+row); err != nil {
		return 0, err
	}
	d.textures.last++
	if d.textures.live == nil {
		d.textures.live = map[uint64]*Texture{}
	}
	handle = textureHandles + d.textures.last
	d.textures.live[handle] = &t
	return handle, nil
}

// FreeTexture forgets a texture object; its memory stays.
func (d *Device) FreeTexture(handle uint64) error {
	d.busy.Lock()
	defer d.busy.Unlock()
	if d.textures.live[handle] == nil {
		return fmt.Errorf("sim: %#x is no texture object: %w", handle, ErrNotFound)
	}
	delete(d.textures.live, handle)
	return nil
}

// index brings an index into the texture; false is outside.
func (t *Texture) index(dim, i int) (int, bool) {
	n := t.size()[dim]
	switch t.Address[dim] {
	case AddressBorder:
		return i, i >= 0 && i < n
	case AddressWrap:
		return ((i % n) + n) % n, true
	case AddressMirror:
		if i = ((i % (2 * n)) + 2*n) % (2 * n); i >= n {
			i = 2*n - 1 - i
		}
		return i, true
	}
	return max(0, min(i, n-1)), true
}

// position gives the first texel that a fetch at x reads in one direction, and the weight of the one after it.
func (t *Texture) position(dim int, x float64, between bool) (i int, weight float64) {
	if t.Normalized {
		switch t.Address[dim] {
		case AddressWrap:
			x -= math.Floor(x)
		case AddressMirror:
			x -= 2 * math.Floor(x/2)
		}
		x *= float64(t.size()[dim])
	}
	if between {
		x -= 0.5
	}
	if x != x {
		x = 0
	}
	const far = 1 << 30
	floor := math.Floor(max(-far, min(x, far)))
	if between {
		weight = math.RoundToEven((x-floor)*256) / 256
	}
	return int(floor), max(0, min(weight, 1))
}

// value reads a channel's bits, which were extended by its sign, as f32.
func (t *Texture) value(bits uint32) float64 {
	switch t.Format {
	case "f16":
		return f16(bits)
	case "u8":
		return float64(uint8(bits)) / math.MaxUint8
	case "s8":
		return max(-1, float64(int8(bits))/math.MaxInt8)
	case "u16":
		return float64(uint16(bits)) / math.MaxUint16
	case "s16":
		return max(-1, float64(int16(bits))/math.MaxInt16)
	}
	return float64(math.Float32frombits(bits))
}
