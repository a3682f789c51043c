package sim

import (
	"math"
	"math/bits"
)

// execDoubleMMA is mma of f64, which adds the products one after the other to C, each with one rounding.
func execDoubleMMA(w *warp, in *inst, m uint32) {
	s := in.mma
	d, a, b, c := s.split(in.list)
	var A [16][16]float64
	var B [16][8]float64
	for x, slot := range a {
		for l, v := range &w.q[slot] {
			A[l>>2+x%(s.m/8)*8][l&3+x/(s.m/8)*4] = math.Float64frombits(v)
		}
	}
	for x, slot := range b {
		for l, v := range &w.q[slot] {
			B[l&3+4*x][l>>2] = math.Float64frombits(v)
		}
	}
	var results [4][32]uint64
	for x, slot := range c {
		for l, v := range &w.q[slot] {
			sum := math.Float64frombits(v)
			for k := range s.k {
				sum = math.FMA(A[l>>2+x/2*8][k], B[k][l&3*2+x&1], sum)
			}
			results[x][l] = f64Bits(sum)
		}
	}
	for x, slot := range d {
		w.q[slot] = results[x]
	}
}

// execBitMMA is mma of single bits: for each product of a sum the bits of a row of A xor, or and, those of a column of B.
func execBitMMA(w *warp, in *inst, m uint32) {
	s := in.mma
	d, a, b, c := s.split(in.list)
	var A [16][8]uint32 // words of 32 columns
	var B [8][8]uint32
	for x, slot := range a {
		for l, v := range &w.r[slot] {
			A[l>>2+x%(s.m/8)*8][l&3+x/(s.m/8)*4] = v
		}
	}
	for x, slot := range b {
		for l, v := range &w.r[slot] {
			B[l&3+4*x][l>>2] = v
		}
	}
	var results [4][32]uint32
	for x, slot := range c {
		for l, v := range &w.r[slot] {
			n := v
			for k := range s.k / 32 {
				p, q := A[l>>2+x/2*8][k], B[k][l&3*2+x&1]
				if s.and {
					n += uint32(bits.OnesCount32(p & q))
				} else {
					n += uint32(bits.OnesCount32(p ^ q))
				}
			}
			results[x][l] = n
		}
	}
	for x, slot := range d {
		w.r[slot] = results[x]
	}
}

// execQuadMMA is m8n8k4 of f16: lanes 4q to 4q+3 and 16 more, which are the lower four rows, compute a product of their own
// (PTX ISA, "Matrix Fragments for mma.m8n8k4 with .f16 floating point type").
func execQuadMMA(w *warp, in *inst, m uint32) {
	s := in.mma
	d, a, b, c := s.split(in.list)
	var A [4][8][4]float64
	var B [4][4][8]float64
	var C [4][8][8]float64
	for l := range 32 {
		quad, lane, half := l/4%4, l%4, l/16*4
		for i := range 4 {
			v, u := f16(w.r[a[i/2]][l]>>(i%2*16)), f16(w.r[b[i/2]][l]>>(i%2*16))
			if s.columns[0] {
				A[quad][i+half][lane] = v
			} else {
				A[quad][lane+half][i] = v
			}
			if s.columns[1] {
				B[quad][i][lane+half] = u
			} else {
				B[quad][lane][i+half] = u
			}
		}
		for i := range 8 {
			row, column := quadElement(s.c, l, i)
			if s.c == elementF16 {
				C[quad][row][column] = f16(w.r[c[i/2]][l] >> (i % 2 * 16))
			} else {
				C[quad][row][column] = float64(math.Float32frombits(w.r[c[i]][l]))
			}
		}
	}
	for l := range 32 {
		quad := l / 4 % 4
		for i := range 8 {
			row, column := quadElement(s.d, l, i)
			sum := 0.0
			for k := range 4 {
				sum += A[quad][row][k] * B[quad][k][column]
			}
			sum = addOdd(sum, C[quad][row][column])
			switch {
			case s.d == elementF32:
				w.r[d[i]][l] = f32Bits(float32(sum))
			case i%2 == 0:
				w.r[d[i/2]][l] = f16Bits(sum)
			default:
				w.r[d[i/2]][l] |= f16Bits(sum) << 16
			}
		}
	}
}

// quadElement gives the place of a lane's element of C or D.
func quadElement(element mmaElement, lane, i int) (row, column int) {
	if element == elementF16 {
		return lane%4 + lane/16*4, i
	}
	return lane&1 + i&2 + lane/16*4, i&4 + lane&2 + i&1
}
