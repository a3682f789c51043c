package sim_test

import (
	"fmt"
	"math/big"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/device/sim"
)

// matrixCells: every thread stores its 16 bytes of input in the shared array "tile", which then holds eight-by-eight matrices of
// 16-bit elements one after the other; %r20 is the row that the lane names, lane modulo the rows.
const matrixCells = `
	.shared .align 128 .b8 tile[512];
	mov.u32 %r19, tile;
	mad.lo.u32 %r20, %r2, 16, %r19;
	st.shared.v4.u32 [%r20], {%r10, %r11, %r12, %r13};
	bar.sync 0;
`

// element is the 16-bit element of row r and column c of matrix m in the tile.
func element(in []words, m, r, c int) uint32 { return in[m*8+r][c/2] >> (c % 2 * 16) & 0xffff }

// fragment is what ldmatrix gives a lane of matrix m.
func fragment(in []words, m, lane int, transposed bool) uint32 {
	r, c := lane/4, lane%4*2
	if transposed {
		return element(in, m, c, r) | element(in, m, c+1, r)<<16
	}
	return element(in, m, r, c) | element(in, m, r, c+1)<<16
}

func matrixMoves() []row {
	var rows []row
	for _, trans := range []string{"", ".trans"} {
		transposed := trans != ""
		rows = append(rows,
			row{name: "ldmatrix.x1" + trans, body: matrixCells + "\tldmatrix.sync.aligned.m8n8.x1" + trans + ".shared.b16 {%r30}, [%r20];",
				want: func(i int, in []words) (uint32, uint32) { return fragment(in, 0, i, transposed), 0 }},
			row{name: "ldmatrix.x2" + trans, body: matrixCells + "\tldmatrix.sync.aligned.m8n8.x2" + trans + ".shared.b16 {%r30, %r31}, [%r20];",
				want: func(i int, in []words) (uint32, uint32) {
					return fragment(in, 0, i, transposed), fragment(in, 1, i, transposed)
				}},
			row{name: "ldmatrix.x4" + trans, body: matrixCells + "\tldmatrix.sync.aligned.m8n8.x4" + trans + ".shared::cta.b16 {%r14, %r15, %r16, %r17}, [%r20];\n\txor.b32 %r30, %r14, %r15;\n\tadd.u32 %r31, %r16, %r17;",
				want: func(i int, in []words) (uint32, uint32) {
					return fragment(in, 0, i, transposed) ^ fragment(in, 1, i, transposed), fragment(in, 2, i, transposed) + fragment(in, 3, i, transposed)
				}},
			// What ldmatrix loads stmatrix stores back, transposed twice or not at all; the tile is read in another lane.
			row{name: "stmatrix" + trans, body: matrixCells + `
	ldmatrix.sync.aligned.m8n8.x4` + trans + `.shared.b16 {%r14, %r15, %r16, %r17}, [%r20];
	bar.sync 0;
	stmatrix.sync.aligned.m8n8.x4` + trans + `.shared.b16 [%r20], {%r15, %r14, %r17, %r16};
	bar.sync 0;
	ld.shared.v2.u32 {%r30, %r31}, [%r20];`,
				want: func(i int, in []words) (uint32, uint32) { return in[i^8][0], in[i^8][1] }},
		)
	}
	return append(rows,
		row{name: "stmatrix.x1", body: matrixCells + `
	stmatrix.sync.aligned.m8n8.x1.shared.b16 [%r20], {%r10};
	bar.sync 0;
	ld.shared.u32 %r30, [%r20];`,
			want: func(i int, in []words) (uint32, uint32) {
				if i >= 8 {
					return in[i][0], 0
				}
				return in[i*4][0], 0
			}},
		row{name: "movmatrix", body: "movmatrix.sync.aligned.m8n8.trans.b16 %r30, %r10;",
			want: func(i int, in []words) (uint32, uint32) {
				at := func(r, c int) uint32 { return in[r*4+c/2][0] >> (c % 2 * 16) & 0xffff }
				r, c := i/4, i%4*2
				return at(c, r) | at(c+1, r)<<16, 0
			}})
}

// multiply describes an mma: its shape, how many elements of A, B and C a lane holds, and where they lie in the matrices
// (PTX ISA, "Matrix Fragments for mma").
type multiply struct {
	shape    string
	a, b, c  string // types
	n, m, k  int
	inA, inB int
	placeA   func(group, in, i int) (row, column int)
	placeB   func(group, in, i int) (row, column int)
}

func placeC(group, in, i int) (int, int) { return group + i/2*8, in*2 + i%2 }

func multiplies() []multiply {
	a16 := func(group, in, i int) (int, int) { return group + i/2%2*8, in*2 + i%2 + i/4*8 }
	b16 := func(group, in, i int) (int, int) { return in*2 + i%2 + i/2*8, group }
	a32 := func(group, in, i int) (int, int) { return group + i%2*8, in + i/2*4 }
	b32 := func(group, in, i int) (int, int) { return in + i*4, group }
	return []multiply{
		{"m16n8k16", "bf16", "bf16", "f32", 8, 16, 16, 8, 4, a16, b16},
		{"m16n8k16", "f16", "f16", "f32", 8, 16, 16, 8, 4, a16, b16},
		{"m16n8k16", "f16", "f16", "f16", 8, 16, 16, 8, 4, a16, b16},
		{"m16n8k8", "f16", "f16", "f16", 8, 16, 8, 4, 2, a16, b16},
		{"m16n8k8", "bf16", "bf16", "f32", 8, 16, 8, 4, 2, a16, b16},
		{"m16n8k8", "f16", "f16", "f32", 8, 16, 8, 4, 2, a16, b16},
		{"m16n8k8", "tf32", "tf32", "f32", 8, 16, 8, 4, 2, a32, b32},
		{"m16n8k4", "tf32", "tf32", "f32", 8, 16, 4, 2, 1, a32, b32},
	}
}

// matrixElement is the small integer in row r and column c of a matrix; which is the index of the matrix.
func matrixElement(which, r, c int) int { return (r*31+c*17+which*7+r*c)%9 - 3 }

// encodeElement returns the bits of a small integer in a type.
func encodeElement(t string, v int) uint32 {
	return uint32(formats[t].encode(big.NewFloat(float64(v)), "rn"))
}

// registersOf lists the registers' contents that a lane holds of a matrix.
func registersOf(t string, count int, value func(i int) int) []uint32 {
	each := 32 / width(t)
	regs := make([]uint32, count/each)
	for i := range count {
		regs[i/each] |= encodeElement(t, value(i)) << (i % each * width(t))
	}
	return regs
}

// row makes the row of one mma. Its operands are immediate values chosen by the lane: each lane finds its registers in a table in
// global memory.
func (p multiply) row() row {
	countC := p.m * p.n / 32
	var table []string
	var want [32][]uint32
	na, nb, nc := p.inA*width(p.a)/32, p.inB*width(p.b)/32, countC*width(p.c)/32
	for lane := range 32 {
		group, in := lane/4, lane%4
		regs := registersOf(p.a, p.inA, func(i int) int { r, c := p.placeA(group, in, i); return matrixElement(0, r, c) })
		regs = append(regs, registersOf(p.b, p.inB, func(i int) int { r, c := p.placeB(group, in, i); return matrixElement(1, r, c) })...)
		regs = append(regs, registersOf(p.c, countC, func(i int) int { r, c := placeC(group, in, i); return matrixElement(2, r, c) })...)
		for _, r := range regs {
			table = append(table, fmt.Sprint(r))
		}
		want[lane] = registersOf(p.c, countC, func(i int) int {
			r, c := placeC(group, in, i)
			sum := matrixElement(2, r, c)
			for k := range p.k {
				sum += matrixElement(0, r, k) * matrixElement(1, k, c)
			}
			return sum
		})
	}
	names := func(first, count int) string {
		var list []string
		for i := range count {
			list = append(list, fmt.Sprintf("%%r%d", first+i))
		}
		return "{" + strings.Join(list, ", ") + "}"
	}
	body := fmt.Sprintf("\tmov.u64 %%d20, table;\n\tmad.lo.s64 %%d20, %%d2, %d, %%d20;\n", 4*(na+nb+nc))
	for i := range na + nb + nc {
		body += fmt.Sprintf("\tld.global.u32 %%r%d, [%%d20+%d];\n", 32+i, 4*i)
	}
	body += fmt.Sprintf("\tmma.sync.aligned.%s.row.col.%s.%s.%s.%s %s, %s, %s, %s;\n", p.shape, p.c, p.a, p.b, p.c,
		names(50, nc), names(32, na), names(32+na, nb), names(32+na+nb, nc))
	for i := range nc { // a sum in which no two results can change places unseen
		body += fmt.Sprintf("\tmad.lo.u32 %%r%d, %%r%d, %d, %%r%d;\n", 30+i%2, 50+i, 2*i+1, 30+i%2)
	}
	return row{name: "mma." + p.shape + "." + p.a + "." + p.b + "." + p.c,
		declarations: fmt.Sprintf(".global .align 4 .b32 table[%d] = {%s};", len(table), strings.Join(table, ", ")), body: body,
		want: func(i int, _ []words) (uint32, uint32) {
			var sums [2]uint32
			for j, v := range want[i] {
				sums[j%2] += v * uint32(2*j+1)
			}
			return sums[0], sums[1]
		}}
}

func matrixRows() []row {
	rows := matrixMoves()
	for _, p := range multiplies() {
		rows = append(rows, p.row())
	}
	return rows
}

func TestEveryMultiplyHasItsRow(t *testing.T) {
	var names []string
	for _, p := range multiplies() {
		names = append(names, fmt.Sprintf("sync.aligned.%s.row.col.%s.%s.%s.%s", p.shape, p.c, p.a, p.b, p.c))
	}
	assert.ElementsMatch(t, sim.MultiplyNames(), names)
}
