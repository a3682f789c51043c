package kernels

// Every convolution and matrix product on the CPU is made of one inner kernel: a tile of tileRows × tileColumns sums that
// stay in registers while it steps through a row of A and of B for each term,
//
//	C[i][j] = init[i][j] + Σ_segment Σ_step A[rows[i] + segment.a + step·aStep] · B[segment.b + step·bStep + j].
//
// The rows of A are where the caller says, so that a convolution reads its windows where they lie in the image.
const (
	tileRows    = 6
	tileColumns = 16
)

// segment is where A and B begin a run of evenly spaced terms.
type segment struct{ a, b int }

// tile is one call of the inner kernel. All places are counted in elements. The assembly reads the fields by their offsets.
type tile struct {
	a, b, init, c []float32
	segments      []segment
	steps         int
	aStep, bStep  int
	rows          [tileRows]int // where each row begins in a
	initRows      [tileRows]int
	cRows         [tileRows]int
}

// run computes the tile.
func (t *tile) run() {
	switch cpu {
	case avx2:
		tileAVX2(t)
	default:
		t.portable()
	}
}

// portable is the kernel in Go: four columns at a time, so that the sums stay in registers.
func (t *tile) portable() {
	for i := range tileRows {
		init, c := t.init[t.initRows[i]:][:tileColumns], t.c[t.cRows[i]:][:tileColumns]
		for j := 0; j < tileColumns; j += 4 {
			c0, c1, c2, c3 := init[j], init[j+1], init[j+2], init[j+3]
			for _, s := range t.segments {
				a, b := t.rows[i]+s.a, s.b+j
				for range t.steps {
					av, bv := t.a[a], t.b[b:b+4:b+4]
					c0 += av * bv[0]
					c1 += av * bv[1]
					c2 += av * bv[2]
					c3 += av * bv[3]
					a += t.aStep
					b += t.bStep
				}
			}
			c[j], c[j+1], c[j+2], c[j+3] = c0, c1, c2, c3
		}
	}
}

// add adds the tile's sums to rows lo to hi of a matrix with the given number of columns, from column at on. edge is room for
// a tile that does not fit into the matrix.
func (t *tile) add(matrix []float32, lo, hi, at, columns int, edge []float32) {
	valid := min(tileColumns, columns-at)
	if hi-lo == tileRows && valid == tileColumns {
		t.init, t.c = matrix[at:], matrix[at:]
		for i := range tileRows {
			t.initRows[i] = (lo + i) * columns
			t.cRows[i] = t.initRows[i]
		}
		t.run()
		return
	}
	t.init, t.c = edge, edge
	for i := range tileRows {
		t.initRows[i] = i * tileColumns
		t.cRows[i] = i * tileColumns
		if row := lo + i; row < hi {
			copy(edge[i*tileColumns:][:valid], matrix[row*columns+at:])
		}
	}
	t.run()
	for row := lo; row < hi; row++ {
		copy(matrix[row*columns+at:][:valid], edge[(row-lo)*tileColumns:])
	}
}

// sweep computes products of the rows of A, one for each position of a grid, with a matrix B that is packed in panels.
type sweep struct {
	a                     []float32
	aStart, aRow, aColumn int // where the first position's row begins, and how far on the next grid row and column
	panels, start         []float32
	segments              []segment
	steps, depth          int
	c                     []float32
	cStart, cRow, cColumn int
	width                 int // of the grid
	columns               int
}

// run computes the positions from lo to hi.
func (s *sweep) run(lo, hi int) {
	t := tile{a: s.a, segments: s.segments, steps: s.steps, aStep: 1, bStep: tileColumns}
	var edge [tileRows * tileColumns]float32
	for at := 0; at < s.columns; at += tileColumns {
		valid := min(tileColumns, s.columns-at)
		t.b, t.init = s.panels[at*s.depth:], s.start[at:]
		y, x := lo/s.width, lo%s.width
		for m := lo; m < hi; m += tileRows {
			rows := min(tileRows, hi-m)
			var places [tileRows]int
			for i := range tileRows {
				if i < rows {
					t.rows[i] = s.aStart + y*s.aRow + x*s.aColumn
					places[i] = s.cStart + y*s.cRow + x*s.cColumn + at
					if x++; x == s.width {
						y, x = y+1, 0
					}
				} else {
					t.rows[i] = t.rows[0]
				}
			}
			if rows == tileRows && valid == tileColumns {
				t.c, t.cRows = s.c, places
				t.run()
				continue
			}
			t.c = edge[:]
			for i := range tileRows {
				t.cRows[i] = i * tileColumns
			}
			t.run()
			for i := range rows {
				copy(s.c[places[i]:][:valid], edge[i*tileColumns:])
			}
		}
	}
}

// columns is k rounded up to whole tiles.
func columns(k int) int { return (k + tileColumns - 1) / tileColumns * tileColumns }

// panelsSize is the size of a packed matrix [depth k].
func panelsSize(depth, k int) int { return depth * columns(k) }

// packPanels packs a matrix [depth k] so that the tileColumns columns of each panel lie together, row after row, with zeros
// for the columns beyond k.
func packPanels(panels, matrix []float32, depth, k int, w *Workers) {
	w.Run(columns(k)/tileColumns, func(_, panel int) {
		dst, at := panels[panel*depth*tileColumns:], panel*tileColumns
		valid := min(tileColumns, k-at)
		for d := range depth {
			row := dst[d*tileColumns : (d+1)*tileColumns]
			clear(row[copy(row, matrix[d*k+at:d*k+at+valid]):])
		}
	})
}
