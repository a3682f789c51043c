//go:build cuda && cgo

package cuda_test

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/cuda"
)

// openGPU opens a real GPU with CNN_GPU_REQUIRE=cuda, else the simulated one.
func openGPU(t *testing.T) device.Device {
	t.Helper()
	name, required := "sim", os.Getenv("CNN_GPU_REQUIRE")
	if strings.Contains(required, "cuda") {
		name = "cuda"
	} else if _, err := nvrtc.Open(); err != nil && !strings.Contains(required, "nvrtc") {
		t.Skip(err)
	}
	d, err := device.Open(name, device.Options{})
	require.NoError(t, err)
	return d
}

// roundedTo is a number in a precision by the rounding of big numbers, not of bits: to nearest, ties away from zero in TF32 and to even in bfloat16.
func roundedTo(p kernels.Precision, x float32) float32 {
	const least = -126 // the exponent of the smallest normal number
	v := float64(x)
	if v == 0 || math.IsInf(v, 0) || math.IsNaN(v) {
		return x
	}
	digits, round := 10, math.Round
	if p == kernels.BF16 {
		digits, round = 7, math.RoundToEven
	}
	_, exponent := math.Frexp(v)
	last := math.Ldexp(1, max(exponent-1, least)-digits)
	return float32(math.Copysign(round(math.Abs(v)/last)*last, v)) // beyond the largest number: infinity
}

// edges are numbers at which rounding goes wrong first.
func edges() []float32 {
	var list []float32
	for _, bits := range []uint32{
		0, 1, 0x1000, 0x1001, 0xfff, 0x3000, 0x8000, 0x18000, 0x007fffff, 0x00800000, // subnormal numbers, and the smallest normal one
		0x3f800000, 0x3f801000, 0x3f800fff, 0x3f801001, 0x3f803000, // ties of TF32, and their neighbours
		0x3f808000, 0x3f807fff, 0x3f808001, 0x3f818000, // ties of bfloat16
		0x3fffffff, 0x3ffff000, 0x3fff8000, 0x7f7fffff, 0x7f7ff000, 0x7f7f8000, 0x7f7f7fff, // up to the next power of two, and to infinity
		0x7f800000, 0x7fc00000, 0x7f800001, // infinity, NaN
	} {
		list = append(list, math.Float32frombits(bits), math.Float32frombits(bits|1<<31))
	}
	return list
}

// The op rounds as Go does, in each form, with zeros as padding, whatever the shape, and several values at once.
func TestGPUNarrow(t *testing.T) {
	d := openGPU(t)
	defer func() { assert.NoError(t, d.Close()) }()
	for _, p := range []kernels.Precision{kernels.TF32, kernels.BF16} {
		rows := func(rows, channels int) cuda.Form { return cuda.Rows(p, rows, channels) }
		filters := func(taps, channels, filters int) cuda.Form { return cuda.Filters(p, taps, channels, filters) }
		all := []cuda.Form{
			rows(1, 1), rows(1, 58), rows(7, 3), rows(33, 8), rows(5, 64), rows(300, 20), rows(2, 1025),
			filters(1, 1, 1), filters(9, 1, 32), filters(9, 3, 7), filters(4, 32, 64), filters(1, 130, 10), filters(25, 16, 33), filters(2, 64, 40),
		}
		for _, f := range all {
			testNarrow(t, d, p, cuda.NewNarrow(p, 0, f))
		}
		for _, gap := range []int{0, 4} { // odd places, and such that vectors can be loaded from
			testNarrow(t, d, p, cuda.NewNarrow(p, gap, all...))
			testNarrow(t, d, p, cuda.NewNarrow(p, gap, rows(5, 64), filters(4, 32, 64), rows(300, 20)))
		}
	}
}

func testNarrow(t *testing.T, d device.Device, p kernels.Precision, op cuda.Narrow) {
	t.Helper()
	x, rng := edges(), rand.New(rand.NewPCG(1, 2))
	for len(x) < op.X.Elements() {
		x = append(x, math.Float32frombits(rng.Uint32()))
	}
	x = x[:op.X.Elements()]
	got, mem := make([]byte, op.Y.Elements()), map[*kernels.Buffer]kernels.Mem{op.X: {F32: x}}
	mem[op.Y] = kernels.Mem{U8: got}
	for i := range got {
		got[i] = 0xff // a NaN, in either type
	}
	_, err := device.OpRunner{Device: d}.Run([]kernels.Op{op}, mem)
	require.NoError(t, err)
	for _, part := range op.Parts() {
		want := map[int]float32{} // by element, where it is not zero
		for a := range part.A {
			for b := range part.B {
				for c := range part.C {
					at := (a*part.B+b)*part.Pitch + c
					if part.Turned {
						at = (c*part.A+a)*part.Pitch + b
					}
					want[at] = roundedTo(p, x[part.From+(a*part.B+b)*part.C+c])
				}
			}
		}
		elements := part.A * part.B * part.Pitch
		if part.Turned {
			elements = part.C * part.A * part.Pitch
		}
		for i := range elements {
			g := numberAt(p, got, part.To+i)
			if w := want[i]; math.Float32bits(g) != math.Float32bits(w) && !(math.IsNaN(float64(g)) && math.IsNaN(float64(w))) {
				require.Fail(t, "wrong", "%v of %+v: element %d is %v (%#x), want %v (%#x)", p, part, i, g, math.Float32bits(g), w, math.Float32bits(w))
			}
		}
	}
}

// numberAt is an element of a narrow value in memory.
func numberAt(p kernels.Precision, memory []byte, i int) float32 {
	if p == kernels.BF16 {
		return math.Float32frombits(uint32(binary.LittleEndian.Uint16(memory[2*i:])) << 16)
	}
	return math.Float32frombits(binary.LittleEndian.Uint32(memory[4*i:]))
}
