package sim

import (
	"math"
	"slices"
	"strings"

	"cnn-gpu/device/sim/ptx"
)

// textureForm is the constant part of tex and tld4.
type textureForm struct {
	dims    int
	whole   bool // the coordinates are integers
	gather  int  // channel that tld4 reads, or -1
	handle  int32
	place   [3]int32 // slots of the coordinates
	results [4]int32
	scratch [4]int32 // a texel's channels
}

var dimensions = map[string]int{"1d": 1, "2d": 2, "3d": 3}

// refuseGeometry names what textures and surfaces can have besides.
func (d *decoder) refuseGeometry(s *ptx.Instruction) {
	for _, kind := range []struct{ parts, what string }{
		{"a1d a2d acube", "layered textures"}, {"cube", "cube maps"}, {"2dms a2dms", "multisampled textures"}, {"base level grad", "mipmapped textures"},
	} {
		for _, part := range strings.Fields(kind.parts) {
			if s.Op.Has(part) {
				d.fail("%s are not supported", kind.what)
			}
		}
	}
}

// decodeTexture: tex.geom.v4.dtype.ctype d, [a, c] and tld4.comp.2d.v4.dtype.f32 d, [a, c], where a is a texture object
// (PTX ISA, "Texture Instructions", the unified mode).
func decodeTexture(d *decoder, in *inst, s *ptx.Instruction) {
	d.refuseGeometry(s)
	mods := s.Op.Modifiers
	f := textureForm{gather: -1}
	if s.Op.Name == "tld4" && len(mods) > 0 {
		f.gather, mods = slices.Index([]string{"r", "g", "b", "a"}, mods[0]), mods[1:]
	}
	if len(mods) != 4 || mods[1] != "v4" || !slices.Contains([]string{"f32", "s32", "u32"}, mods[2]) || mods[3] != "f32" && mods[3] != "s32" ||
		s.Op.Name == "tld4" && (f.gather < 0 || mods[0] != "2d" || mods[3] != "f32") || dimensions[mods[0]] == 0 {
		d.fail("%w", ErrUnknownInstruction)
	}
	d.need(2)
	f.dims, f.whole = dimensions[mods[0]], mods[3] == "s32"
	if s.Operands[0].Kind != ptx.VectorOperand || len(s.Operands[0].Elements) != 4 {
		d.fail("the result must be four registers")
	}
	for i, o := range s.Operands[0].Elements {
		f.results[i], f.scratch[i] = d.dstOrScratch(o, 'r'), d.newSlot('r')
	}
	f.handle, f.place = d.textureOperand(s.Operands[1], f.dims)
	in.exec = f.exec
}

// textureOperand decodes [a, c]: the slots of the handle and of the coordinates.
func (d *decoder) textureOperand(o ptx.Operand, dims int) (handle int32, place [3]int32) {
	if o.Kind != ptx.AddressOperand || len(o.Elements) != 1 {
		d.fail("expected a texture object and coordinates in brackets")
	}
	if o.Variable != nil || o.Register < 0 || o.Value != 0 || d.bankOf(d.frame.fn.Registers[o.Register].Type) != 'q' {
		d.fail("the texture must be an object in a 64-bit register; texture and surface references are not supported")
	}
	_, handle = d.register(o.Register)
	d.read('q', handle)
	c := elementsOf(o.Elements[0])
	if len(c) != dims && (dims != 3 || len(c) != 4) { // the fourth is not used
		d.fail("%d coordinates, expected %d", len(c), dims)
	}
	for i := range dims {
		place[i] = d.src(c[i], 'r')
	}
	return handle, place
}

// eachTexture calls do for the lanes of each texture object that lanes of m name.
func (w *warp) eachTexture(handle int32, dims int, m uint32, do func(t *Texture, m uint32)) {
	for m != 0 {
		first := lowest(m)
		h := w.q[handle][first]
		t := w.b.d.textures.live[h]
		switch {
		case t == nil:
			w.fault(BadAddress, first, "%#x is no texture object", h)
		case t.dims() != dims:
			w.fault(BadAddress, first, "the texture object %#x has %d dimensions, the instruction wants %d", h, t.dims(), dims)
		}
		var same uint32
		for x := m; x != 0; x &= x - 1 {
			if w.q[handle][lowest(x)] == h {
				same |= x & -x
			}
		}
		do(t, same)
		m &^= same
	}
}

func (f textureForm) exec(w *warp, in *inst, m uint32) {
	w.eachTexture(f.handle, f.dims, m, func(t *Texture, m uint32) { f.fetch(w, t, m) })
}

// fetch reads the texels around the coordinates, one after the other for all lanes, each as an access to global memory with its checks and
// counters, and puts them together as Texture says. On the chip they are one request.
func (f textureForm) fetch(w *warp, t *Texture, m uint32) {
	between := !f.whole && (t.Linear || f.gather >= 0)
	var first [3][32]int
	var weight [3][32]float64
	for dim := range f.dims {
		for x := m; x != 0; x &= x - 1 {
			i := lowest(x)
			v := w.r[f.place[dim]][i]
			if f.whole {
				first[dim][i] = int(int32(v))
			} else {
				first[dim][i], weight[dim][i] = t.position(dim, float64(math.Float32frombits(v)), between)
			}
		}
	}
	corners := 1
	if between {
		corners = 1 << f.dims
	}
	var sums [4][32]float64
	var bits [4][32]uint32
	for corner := range corners {
		f.texel(w, t, m, func(dim, lane int) int { return first[dim][lane] + corner>>dim&1 })
		for x := m; x != 0; x &= x - 1 {
			i := lowest(x)
			share := 1.0
			for dim := range f.dims {
				if a := weight[dim][i]; corner>>dim&1 != 0 {
					share *= a
				} else if between {
					share *= 1 - a
				}
			}
			for c, slot := range f.scratch {
				v := w.r[slot][i]
				switch {
				case f.gather == c: // from the lower left texel against the clock
					bits[[4]int{3, 2, 0, 1}[corner]][i] = v
				case f.gather >= 0:
				case corners == 1:
					bits[c][i] = v
				case share != 0:
					sums[c][i] += share * float64(math.Float32frombits(v))
				}
			}
		}
	}
	for c, slot := range f.results {
		for x := m; x != 0; x &= x - 1 {
			i := lowest(x)
			w.r[slot][i] = bits[c][i]
			if corners > 1 && f.gather < 0 {
				w.r[slot][i] = f32Bits(float32(sums[c][i]))
			}
		}
	}
}

// texel reads one texel in each lane to the scratch registers: numbers as f32, others as 32 bits.
func (f textureForm) texel(w *warp, t *Texture, m uint32, at func(dim, lane int) int) {
	format := texelFormats[t.Format]
	a := access{op: load, space: ptx.GlobalSpace, size: format.bytes, n: uint32(t.Channels), bytes: t.texel(), bank: 'r', signed: format.signed}
	copy(a.vec[:], f.scratch[:])
	var inside uint32
	for x := m; x != 0; x &= x - 1 {
		i := lowest(x)
		within, offset := true, uint64(0)
		for dim, unit := range []uint64{t.texel(), t.Pitch, t.Slice}[:f.dims] {
			index, ok := t.index(dim, at(dim, i))
			if f.whole && f.dims == 1 {
				index = at(dim, i)
				ok = index >= 0 && index < t.Width
			}
			within = within && ok
			offset += uint64(index) * unit
		}
		if within {
			inside |= x & -x
			w.addr[i] = t.Ptr + offset
		}
	}
	if inside != 0 {
		w.globalLanes(&inst{d: -1, mem: &a}, inside)
	}
	for c, slot := range f.scratch {
		w.use("the texel", registerRef{'r', slot}, inside)
		for x := m; x != 0; x &= x - 1 {
			i := lowest(x)
			v := &w.r[slot][i]
			switch {
			case c >= t.Channels:
				*v = 0
			case inside>>i&1 == 0 && f.whole && f.dims == 1:
				*v = 0
			case inside>>i&1 == 0 && t.numbers():
				*v = math.Float32bits(t.Border[c])
			case inside>>i&1 == 0:
				*v = uint32(int64(t.Border[c]))
			case t.numbers():
				*v = f32Bits(float32(t.value(*v)))
			}
		}
	}
}

// surfaceForm is the constant part of suld and sust.
type surfaceForm struct {
	dims    int
	handle  int32
	place   [3]int32
	access  *access
	outside string // "trap", "clamp" or "zero"
}

// decodeSurface: suld.b.geom{.vec}.dtype.clamp d, [a, b] and sust.b.geom{.vec}.ctype.clamp [a, b], c (PTX ISA, "Surface Instructions").
// The first coordinate is in bytes.
func decodeSurface(d *decoder, in *inst, s *ptx.Instruction) {
	d.refuseGeometry(s)
	f := surfaceForm{access: &access{n: 1, space: ptx.GlobalSpace}}
	var t ptx.Type
	for i, m := range s.Op.Modifiers {
		switch {
		case i == 0 && m == "b", hint(m):
		case m == "trap" || m == "clamp" || m == "zero":
			f.outside = m
		case dimensions[m] > 0:
			f.dims = dimensions[m]
		case vectors[m] > 0 && vectors[m] <= 4:
			f.access.n = uint32(vectors[m])
		case slices.Contains([]string{"b8", "b16", "b32", "b64"}, m):
			t = ptx.TypeByName(m)
		default:
			d.fail("%w", ErrUnknownInstruction)
		}
	}
	d.need(2)
	if f.dims == 0 || t == ptx.NoType || f.outside == "" {
		d.fail("%w", ErrUnknownInstruction)
	}
	f.access.size = uint32(t.Size())
	f.access.bytes = uint64(f.access.size * f.access.n)
	if f.access.bytes > 16 {
		d.fail("%w", ErrUnknownInstruction)
	}
	registers, surface := s.Operands[0], s.Operands[1]
	if s.Op.Name == "sust" {
		registers, surface = surface, registers
		f.access.op = store
	}
	d.data(f.access, registers, t)
	f.handle, f.place = d.textureOperand(surface, f.dims)
	in.exec = f.exec
}

func (f surfaceForm) exec(w *warp, in *inst, m uint32) {
	w.eachTexture(f.handle, f.dims, m, func(t *Texture, m uint32) { f.transfer(w, t, m) })
}

func (f surfaceForm) transfer(w *warp, t *Texture, m uint32) {
	a, size := f.access, t.size()
	most := [3]int64{int64(size[0])*int64(t.texel()) - int64(a.bytes), int64(size[1]) - 1, int64(size[2]) - 1}
	var inside uint32
	for x := m; x != 0; x &= x - 1 {
		i := lowest(x)
		within, offset := true, uint64(0)
		for dim, unit := range []uint64{1, t.Pitch, t.Slice}[:f.dims] {
			at := int64(int32(w.r[f.place[dim]][i]))
			if at < 0 || at > most[dim] {
				switch f.outside {
				case "trap":
					w.fault(OutOfBounds, i, "coordinate %d of the surface is %d, from 0 to %d there are %d bytes to access (the first is in bytes)", dim, at, most[dim], a.bytes)
				case "clamp":
					at = max(0, min(at, most[dim]))
				default:
					within = false
				}
			}
			offset += uint64(at) * unit
		}
		if within {
			inside |= x & -x
			w.addr[i] = t.Ptr + offset
		}
	}
	if inside != 0 {
		w.globalLanes(&inst{d: -1, mem: a}, inside)
	}
	if a.op != load {
		return
	}
	for x := m &^ inside; x != 0; x &= x - 1 {
		for _, slot := range a.vec[:a.n] {
			switch {
			case slot < 0:
			case a.bank == 'q':
				w.q[slot][lowest(x)] = 0
			default:
				w.r[slot][lowest(x)] = 0
			}
		}
	}
}
