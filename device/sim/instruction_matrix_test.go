package sim_test

import (
	"slices"
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

func matrixRows() []row {
	return slices.Concat(matrixMoves(), multiplyRows(), wmmaRows())
}
