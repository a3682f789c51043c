package sim

import (
	"math"
	"strings"

	"cnn-gpu/device/sim/ptx"
)

// mmaElement is the format of the elements of A and B.
type mmaElement uint8

const (
	elementTF32 mmaElement = iota
	elementBF16
	elementF16
)

// mmaShape is a form of mma.sync: D = A*B + C with A of 16 x k, B of k x 8.
type mmaShape struct {
	name    string // in the counters
	k       int
	na, nb  int        // registers of A and B
	element mmaElement // of A and B
	half    bool       // C and D are packed f16, in two registers
}

var mmaShapes = map[string]mmaShape{
	"sync.aligned.m16n8k4.row.col.f32.tf32.tf32.f32":  {"m16n8k4 tf32", 4, 2, 1, elementTF32, false},
	"sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32":  {"m16n8k8 tf32", 8, 4, 2, elementTF32, false},
	"sync.aligned.m16n8k8.row.col.f32.bf16.bf16.f32":  {"m16n8k8 bf16", 8, 2, 1, elementBF16, false},
	"sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32": {"m16n8k16 bf16", 16, 4, 2, elementBF16, false},
	"sync.aligned.m16n8k8.row.col.f32.f16.f16.f32":    {"m16n8k8 f16", 8, 2, 1, elementF16, false},
	"sync.aligned.m16n8k16.row.col.f32.f16.f16.f32":   {"m16n8k16 f16", 16, 4, 2, elementF16, false},
	"sync.aligned.m16n8k8.row.col.f16.f16.f16.f16":    {"m16n8k8 f16 to f16", 8, 2, 1, elementF16, true},
	"sync.aligned.m16n8k16.row.col.f16.f16.f16.f16":   {"m16n8k16 f16 to f16", 16, 4, 2, elementF16, true},
}

// nc is the number of registers of C and D.
func (s *mmaShape) nc() int {
	if s.half {
		return 2
	}
	return 4
}

func (s *mmaShape) flops() int64 { return int64(2 * 16 * 8 * s.k) }

// decodeMMA puts the registers of D, A, B and C, in this order, in inst.list.
func decodeMMA(d *decoder, in *inst, s *ptx.Instruction) {
	d.need(4)
	shape, ok := mmaShapes[strings.Join(s.Op.Modifiers, ".")]
	if !ok {
		d.fail("%w", ErrUnknownInstruction)
	}
	in.mma = &shape
	for i, n := range []int{shape.nc(), shape.na, shape.nb, shape.nc()} {
		elements := s.Operands[i].Elements
		if s.Operands[i].Kind != ptx.VectorOperand {
			elements = s.Operands[i : i+1]
		}
		if len(elements) != n {
			d.fail("operand %d has %d registers, expected %d", i, len(elements), n)
		}
		for _, o := range elements {
			if i == 0 {
				in.list = append(in.list, d.dstOrScratch(o, 'r'))
			} else {
				in.list = append(in.list, d.src(o, 'r'))
			}
		}
	}
}

// execMMA multiplies with exact products, sums in float64 and one rounding to float32. The tensor core cuts the terms of a sum
// where it aligns them, so its last bits differ when the sum is not exact.
//
// With g = lane/4 and t = lane%4, register x of A holds row g+8(x%2), that of B column g, and the registers of C and D row
// g+8(x/2), column 2t+x%2. Packed formats: columns of A (rows of B) 2t, 2t+1 and 8 more for the upper half of the registers; tf32:
// column t, and 4 more (PTX ISA, "Matrix Fragments for mma.m16n8k8" and "... m16n8k16").
func execMMA(w *warp, in *inst, m uint32) {
	shape := in.mma
	registers := in.list[shape.nc():]
	a, b, c := registers[:shape.na], registers[shape.na:shape.na+shape.nb], registers[shape.na+shape.nb:]
	blk := w.b
	for x, slot := range a {
		rowsOf(shape.element, &blk.mmaA, &w.r[slot], x&1*8, x>>1*shape.columns())
	}
	for x, slot := range b {
		columnsOf(shape.element, &blk.mmaB, &w.r[slot], x*shape.columns())
	}
	if shape.element == elementTF32 && blk.checks&Traffic != 0 {
		for _, slot := range registers[:shape.na+shape.nb] {
			blk.traffic.TF32Inexact += inexactTF32(&w.r[slot])
		}
	}
	mmaSums(&blk.mmaC, &blk.mmaA, &blk.mmaB, shape.k)
	if shape.half {
		w.halfResults(in.list, c)
		return
	}
	c2, c3 := w.r[c[2]], w.r[c[3]] // D may be C in another order
	mmaResults(&w.r[in.list[0]], &w.r[in.list[1]], &w.r[c[0]], &w.r[c[1]], blk.mmaC[:8])
	mmaResults(&w.r[in.list[2]], &w.r[in.list[3]], &c2, &c3, blk.mmaC[8:])
}

// halfResults adds C and rounds to f16: each register has two columns of a row.
func (w *warp) halfResults(d, c []int32) {
	c0, c1 := w.r[c[0]], w.r[c[1]]
	for x, r := range []*[32]uint32{&c0, &c1} {
		for l, v := range r {
			row := &w.b.mmaC[l>>2+8*x]
			w.r[d[x]][l] = f16Bits(addOdd(row[l&3*2], f16(v))) | f16Bits(addOdd(row[l&3*2+1], f16(v>>16)))<<16
		}
	}
}

// columns is how many columns of A four lanes hold.
func (s *mmaShape) columns() int {
	if s.element == elementTF32 {
		return 4
	}
	return 8
}

// tf32Drops are the bits of a float32 that the tensor core does not see.
const tf32Drops = 0x1fff

func inexactTF32(r *[32]uint32) (n int64) {
	for _, v := range r {
		n += int64(bit(v&tf32Drops != 0))
	}
	return n
}

// fragment gives the values in a lane's register.
func fragment(element mmaElement, v uint32) (values [2]float64, n int) {
	switch element {
	case elementTF32:
		return [2]float64{float64(math.Float32frombits(v &^ tf32Drops))}, 1
	case elementBF16:
		return [2]float64{bf16(v & 0xffff), bf16(v >> 16)}, 2
	}
	return [2]float64{f16(v), f16(v >> 16)}, 2
}

// rowsOfGo writes a register of A: eight rows from row on, columns from column on.
func rowsOfGo(element mmaElement, A *[16][16]float64, r *[32]uint32, row, column int) {
	for l, v := range r {
		values, n := fragment(element, v)
		copy(A[l>>2+row][l&3*n+column:], values[:n])
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
