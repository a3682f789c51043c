//go:build amd64 && !purego

package sim

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
)

// special are the bits of numbers at which floating-point and integer operations take turns.
var special = []uint32{
	0, 1 << 31, 1, 1<<31 | 1, 0x7fffff, 0x800000, 0x3f800000, 0xbf800000, 0x7f7fffff, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc12345,
	0x7f800001, 31, 32, 33, 255, 0x7fffffff, 0xffffffff,
}

// randomWarp has a register file of eight registers in each bank, some of it special numbers.
func randomWarp(r *rand.Rand) *warp {
	w := &warp{r: make([][32]uint32, 8), q: make([][32]uint64, 8)}
	word := func() uint32 {
		if r.IntN(3) == 0 {
			return special[r.IntN(len(special))]
		}
		if r.IntN(2) == 0 {
			return math.Float32bits(float32(r.NormFloat64()))
		}
		return r.Uint32()
	}
	for s := range w.r {
		for i := range w.r[s] {
			w.r[s][i] = word()
			w.q[s][i] = uint64(word())<<32 | uint64(word())
		}
	}
	return w
}

func masks(r *rand.Rand) []uint32 { return []uint32{fullMask, 1, 1 << 31, 0xff00, r.Uint32() | 1} }

// TestVectorLoopsAgreeWithTheirTwins holds that the assembly gives the bits of the Go code, in the lanes of a mask, and touches no others.
func TestVectorLoopsAgreeWithTheirTwins(t *testing.T) {
	if !useAVX2 {
		t.Skip("this processor has no AVX2")
	}
	r := rand.New(rand.NewPCG(1, 2))
	for name, exec := range simdExec {
		twin := portable[name].exec
		require.NotNil(t, twin, name)
		for range 200 {
			w := randomWarp(r)
			in := &inst{d: int32(r.IntN(8)), a: int32(r.IntN(8)), b: int32(r.IntN(8)), c: int32(r.IntN(8))}
			for _, m := range masks(r) {
				v := &warp{r: append([][32]uint32{}, w.r...), q: append([][32]uint64{}, w.q...)}
				exec(w, in, m)
				twin(v, in, m)
				require.Equal(t, v.r, w.r, "%s %+v %08x", name, in, m)
				require.Equal(t, v.q, w.q, "%s %+v %08x", name, in, m)
			}
		}
	}
	for name, compare := range simdCompare {
		twin := portableComparisons[name]
		require.NotNil(t, twin, name)
		for range 200 {
			w := randomWarp(r)
			require.Equal(t, twin(w, 1, 2), compare(w, 1, 2), name)
			require.Equal(t, twin(w, 3, 3), compare(w, 3, 3), name)
		}
	}
}

func TestVectorAddressesAgreeWithTheirTwins(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 500 {
		w := randomWarp(r)
		if r.IntN(2) == 0 { // neighbours, as a rule
			for i := range 32 {
				w.r[0][i], w.q[0][i] = w.r[0][0]+uint32(4*i), w.q[0][0]+uint64(4*i)
			}
		}
		for _, m := range masks(r) {
			var got, want [32]uint32
			require.Equal(t, offsets32Go(&want, &w.r[0], w.r[1][0], m), offsets32(&got, &w.r[0], w.r[1][0], m))
			require.Equal(t, want, got)
			require.Equal(t, offsets64Go(&want, &w.q[0], w.q[1][0], m), offsets64(&got, &w.q[0], w.q[1][0], m))
			require.Equal(t, want, got)
		}
	}
}

func TestVectorGathersAgreeWithTheirTwins(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	buf := make([]byte, 4096)
	for i := range buf {
		buf[i] = byte(r.IntN(3))
	}
	for n := range 500 {
		var off, got [32]uint32
		for i := range off {
			off[i] = uint32(r.IntN(1000)) * 4
			if n%2 == 0 {
				off[i] = off[0]/8 & ^uint32(3) + uint32(4*i)
			}
			got[i] = r.Uint32()
		}
		for _, m := range masks(r) {
			want := got
			load32(&got, buf, &off, 8, m)
			load32Go(&want, buf, &off, 8, m)
			require.Equal(t, want, got)
			base, x, y := unsafe.Pointer(&buf[0]), le.Uint32(buf[off[0]+4:]), le.Uint32(buf[off[1]>>3&^3:])
			for _, shift := range []uint{0, 3} {
				require.Equal(t, lanesUnlikeGo(base, &off, 4, shift, x, y, m), lanesUnlike(base, &off, 4, shift, x, y, m))
			}
			require.Equal(t, lanesAtLeastGo(base, &off, 4, x, m), lanesAtLeast(base, &off, 4, x, m))
		}
	}
}

func TestVectorMatricesAgreeWithTheirTwins(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for range 200 {
		w := randomWarp(r)
		for _, element := range []mmaElement{elementTF32, elementBF16, elementF16} {
			var a, b [16][16]float64
			var c, d [16][8]float64
			rowsOf(element, &a, &w.r[0], 8, 4)
			rowsOfGo(element, &b, &w.r[0], 8, 4)
			columnsOf(element, &c, &w.r[1], 4)
			columnsOfGo(element, &d, &w.r[1], 4)
			for i := range a {
				for j := range a[i] {
					require.Equal(t, f64Bits(b[i][j]), f64Bits(a[i][j]), "element %d row %d column %d", element, i, j)
				}
				for j := range c[i] {
					require.Equal(t, f64Bits(d[i][j]), f64Bits(c[i][j]), "element %d row %d column %d", element, i, j)
				}
			}
		}
		var a [16][16]float64
		var b, got, want [16][8]float64
		for i := range a {
			for j := range a[i] {
				a[i][j] = float64(float32(r.NormFloat64()))
				b[i][j/2] = float64(float32(r.NormFloat64()))
			}
		}
		for _, k := range []int{4, 8, 16} {
			mmaSums(&got, &a, &b, k)
			mmaSumsGo(&want, &a, &b, k)
			require.Equal(t, want, got)
		}
		v := &warp{r: append([][32]uint32{}, w.r...)}
		mmaResults(&w.r[0], &w.r[1], &w.r[2], &w.r[3], got[:8])
		mmaResultsGo(&v.r[0], &v.r[1], &v.r[2], &v.r[3], got[:8])
		require.Equal(t, v.r, w.r)
	}
}
