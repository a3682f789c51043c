package sim

import (
	"math"
	"slices"

	"cnn-gpu/device/sim/ptx"
)

// decodeMMA decodes mma.sync and wmma.mma. It puts the registers of D, A, B and C, in this order, in inst.list.
func decodeMMA(d *decoder, in *inst, s *ptx.Instruction) {
	shape, ok := mmaShapes()[s.Op.Text]
	switch {
	case s.Op.Has("sp") || s.Op.Has("sp::ordered_metadata"):
		d.fail("mma of sparse matrices is not supported")
	case !ok:
		d.fail("%w", ErrUnknownInstruction)
	}
	d.need(4)
	in.mma = &shape
	in.exec = shape.executor()
	for i, f := range shape.fragments() {
		elements := elementsOf(s.Operands[i])
		if len(elements) != f.registers {
			d.fail("operand %d has %d registers, expected %d", i, len(elements), f.registers)
		}
		for _, o := range elements {
			if i == 0 {
				in.list = append(in.list, d.dstOrScratch(o, f.bank()))
			} else {
				in.list = append(in.list, d.src(o, f.bank()))
			}
		}
	}
	to, _, _, from := shape.split(in.list)
	for i := range to { // tiles of D are written before all of C was read
		if j := slices.Index(from, to[i]); j >= 0 && (j != i || shape.d != shape.c) {
			shape.crossed = true
		}
	}
}

// executor chooses the function for the types.
func (s *mmaShape) executor() execFunc {
	switch {
	case s.quads:
		return execQuadMMA
	case s.a == elementF64:
		return execDoubleMMA
	case s.a == elementB1:
		return execBitMMA
	}
	return execMMA
}

// mmaTiles are the matrices of an mma as numbers: A in tiles of 16 rows and 16 columns, B in strips of 8 columns. Rows of a tile that
// the shape does not have hold what was there before, and their sums go nowhere.
type mmaTiles struct {
	a         [2][4][16][16]float64
	b         [4][64][8]float64
	sum, part [16][8]float64
	c         [8][32]uint32 // the registers of C, where D's are the same in another order
}

// execMMA multiplies with exact products, sums in float64 and one rounding to the type of D. The tensor core cuts the terms of a sum
// where it aligns them, so its last bits differ when the sum is not exact. See mmaShape for where the elements lie.
func execMMA(w *warp, in *inst, m uint32) {
	s, blk := in.mma, w.b
	d, a, b, c := s.split(in.list)
	t := &blk.mma
	x, width := 0, 4*s.a.perRegister()
	for column := 0; column < s.k; column += width {
		for row := 0; row < s.m; row += 8 {
			if width > 8 {
				rowsOfNarrow(s.a, &t.a[row>>4], &w.r[a[x]], row&15, column)
			} else {
				rowsOf(s.a, &t.a[row>>4][0], &w.r[a[x]], row&15, column)
			}
			x++
		}
	}
	x = 0
	for strip := range s.n / 8 {
		for row := 0; row < s.k; row += width {
			if width > 8 {
				columnsOfNarrow(s.b, &t.b[strip], &w.r[b[x]], row)
			} else {
				columnsOf(s.b, (*[16][8]float64)(t.b[strip][:16]), &w.r[b[x]], row)
			}
			x++
		}
	}
	if s.a == elementTF32 && blk.checks&Traffic != 0 {
		for _, slot := range in.list[len(d) : len(d)+len(a)+len(b)] {
			blk.traffic.TF32Inexact += inexactTF32(&w.r[slot])
		}
	}
	registers := w.r
	if s.crossed {
		for i, slot := range c {
			t.c[i] = w.r[slot]
		}
		registers, c = t.c[:], firstRegisters[:len(c)]
	}
	for strip := range s.n / 8 {
		for tile := range (s.m + 15) / 16 {
			mmaSums(&t.sum, &t.a[tile][0], (*[16][8]float64)(t.b[strip][:16]), min(s.k, 16))
			for chunk := 1; chunk < s.k/16; chunk++ {
				mmaSums(&t.part, &t.a[tile][chunk], (*[16][8]float64)(t.b[strip][16*chunk:][:16]), 16)
				for i := range t.sum {
					for j := range t.sum[i] {
						t.sum[i][j] += t.part[i][j]
					}
				}
			}
			for row := 0; row < min(s.m, 16); row += 8 {
				w.mmaResults(s, d, c, registers, strip*s.m/8+tile*2+row/8, t.sum[row:row+8])
			}
		}
	}
}

// firstRegisters are the slots of mmaTiles.c.
var firstRegisters = [8]int32{0, 1, 2, 3, 4, 5, 6, 7}

// mmaResults adds a tile of C to eight rows of sums and puts it into D. The registers of C are not those of w where D's cross them.
func (w *warp) mmaResults(s *mmaShape, d, c []int32, from [][32]uint32, tile int, sum [][8]float64) {
	switch {
	case s.d == elementS32:
		for x := range 2 {
			integerResults(&w.r[d[2*tile+x]], &from[c[2*tile+x]], sum, x, s.satfinite)
		}
	case s.d == elementF32 && s.c == elementF32:
		mmaResults(&w.r[d[2*tile]], &w.r[d[2*tile+1]], &from[c[2*tile]], &from[c[2*tile+1]], sum)
	default:
		for l := range 32 {
			var result [2]uint32
			for x := range result {
				v := sum[l>>2][l&3*2+x]
				if s.c == elementF16 {
					v = addOdd(v, f16(from[c[tile]][l]>>(16*x)))
				} else {
					v = addOdd(v, float64(math.Float32frombits(from[c[2*tile+x]][l])))
				}
				if s.d == elementF16 {
					result[x] = f16Bits(v)
				} else {
					result[x] = f32Bits(float32(v))
				}
			}
			if s.d == elementF16 {
				w.r[d[tile]][l] = result[0] | result[1]<<16
			} else {
				w.r[d[2*tile]][l], w.r[d[2*tile+1]][l] = result[0], result[1]
			}
		}
	}
}

// integerResults adds C to the even or the odd columns; without .satfinite what does not fit in 32 bits wraps.
func integerResults(d, c *[32]uint32, sum [][8]float64, odd int, satfinite bool) {
	for l, v := range c {
		x := int64(sum[l>>2][l&3*2+odd]) + int64(int32(v))
		if satfinite {
			x = max(math.MinInt32, min(x, math.MaxInt32))
		}
		d[l] = uint32(x)
	}
}

// tf32Drops are the bits of a float32 that the tensor core does not see.
const tf32Drops = 0x1fff

func inexactTF32(r *[32]uint32) (n int64) {
	var bits uint32
	for _, v := range r {
		bits |= v
	}
	if bits&tf32Drops == 0 {
		return 0
	}
	for _, v := range r {
		n += int64(bit(v&tf32Drops != 0))
	}
	return n
}

// fragment gives the values in a lane's register, of the formats with one or two in it.
func fragment(element mmaElement, v uint32) (values [2]float64, n int) {
	switch element {
	case elementTF32:
		return [2]float64{float64(math.Float32frombits(v &^ tf32Drops))}, 1
	case elementBF16:
		return [2]float64{bf16(v & 0xffff), bf16(v >> 16)}, 2
	}
	return [2]float64{f16(v), f16(v >> 16)}, 2
}

// narrowFragment gives those of the formats with four or eight.
func narrowFragment(element mmaElement, v uint32, values *[8]float64) (n int) {
	n = element.perRegister()
	for i := range n {
		x := v >> (32 / n * i)
		switch element {
		case elementE4M3:
			values[i] = e4m3(x & 0xff)
		case elementE5M2:
			values[i] = e5m2(x & 0xff)
		case elementS8:
			values[i] = float64(int8(x))
		case elementU8:
			values[i] = float64(uint8(x))
		case elementS4:
			values[i] = float64(int8(x<<4) >> 4)
		default:
			values[i] = float64(x & 15)
		}
	}
	return n
}

// rowsOfGo writes a register of A: eight rows from row on, columns from column on.
func rowsOfGo(element mmaElement, A *[16][16]float64, r *[32]uint32, row, column int) {
	for l, v := range r {
		values, n := fragment(element, v)
		copy(A[l>>2+row][l&3*n+column:], values[:n])
	}
}

// rowsOfNarrow does the same for formats whose registers may reach over tiles.
func rowsOfNarrow(element mmaElement, A *[4][16][16]float64, r *[32]uint32, row, column int) {
	var values [8]float64
	for l, v := range r {
		n := narrowFragment(element, v, &values)
		at := l&3*n + column
		copy(A[at/16][l>>2+row][at%16:], values[:n])
	}
}

// columnsOfGo writes a register of B: eight columns, rows from row on.
func columnsOfGo(element mmaElement, B *[16][8]float64, r *[32]uint32, row int) {
	for l, v := range r {
		values, n := fragment(element, v)
		for i, x := range values[:n] {
			B[l&3*n+row+i][l>>2] = x
		}
	}
}

func columnsOfNarrow(element mmaElement, B *[64][8]float64, r *[32]uint32, row int) {
	var values [8]float64
	for l, v := range r {
		n := narrowFragment(element, v, &values)
		for i, x := range values[:n] {
			B[l&3*n+row+i][l>>2] = x
		}
	}
}

// mmaResultsGo adds C to eight rows of sums.
func mmaResultsGo(d0, d1, c0, c1 *[32]uint32, sum [][8]float64) {
	for l := range d0 {
		row := &sum[l>>2]
		x := f32Bits(float32(row[l&3*2] + float64(math.Float32frombits(c0[l]))))
		d1[l] = f32Bits(float32(row[l&3*2+1] + float64(math.Float32frombits(c1[l]))))
		d0[l] = x
	}
}

// mmaSumsGo computes sum = A*B.
func mmaSumsGo(sum *[16][8]float64, A *[16][16]float64, B *[16][8]float64, k int) {
	for i := range A {
		var s [8]float64
		for j, v := range A[i][:k] {
			for n, x := range &B[j] {
				s[n] += v * x
			}
		}
		sum[i] = s
	}
}
