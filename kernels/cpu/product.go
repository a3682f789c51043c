package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

// Every convolution and matrix product on the CPU is made of one inner kernel, a product of some rows of A with tileColumns columns
// of B,
//
//	C[i][j] = max(floor, start[j] + Σ_segment Σ_step A[aRows[i] + segment.a + step·aStep] · B[segment.b + step·bStep + j]),
//
// which keeps the sums of tileRows rows in registers while it steps through the terms. The rows of A are where the caller says, so
// that a convolution reads its windows where they lie in the image (the indirection buffer of Dukhan, "The indirect convolution
// algorithm", 2019).
const (
	tileRows    = 6
	tileColumns = 16

	pairColumns   = 2 * tileColumns // of the kernel for two panels of B
	narrowColumns = 8               // of the kernel for a last few columns
)

// segment is where A and B begin a run of evenly spaced terms.
type segment struct{ a, b int }

// product is one call of the inner kernel. All places are counted in elements. The assembly reads the fields by their offsets.
type product struct {
	a, b, c      []float32
	start        []float32 // of every row, in whole panels; nil adds the sums to what is in C
	segments     []segment
	steps        int
	aStep, bStep int
	aRows, cRows []int // where each row begins in A and C
	panel        int   // from one panel of B to the next
	floor        float32
	//lint:ignore U1000 the assembly keeps here the row that it has come to
	next        int
	lastColumns int // a bit for each column that is computed of the last panel, read by the code for AVX-512
}

// noFloor leaves every sum as it is.
var noFloor = float32(math.Inf(-1))

// run computes so many columns of the product and leaves the others of C alone. Each tileColumns of them have a panel of B.
func (t product) run(columns int) {
	for {
		n := min(columns, tileColumns)
		switch {
		case variant == avx512:
			n = min(columns, pairColumns)
			t.lastColumns = 1<<((n-1)%tileColumns+1) - 1
			if n > tileColumns {
				productPairAVX512(&t)
			} else {
				productAVX512(&t)
			}
		case variant == portable:
			t.portable(n)
		case n < tileColumns:
			t.runEdge(n)
		default:
			productAVX2(&t)
		}
		if columns -= n; columns == 0 {
			return
		}
		t.b, t.c = t.b[n/tileColumns*t.panel:], t.c[n:]
		if t.start != nil {
			t.start = t.start[n:]
		}
	}
}

// portable is the kernel in Go for the columns of a panel: four at a time, so that the sums stay in registers. It reads B where there are columns alone.
func (t *product) portable(columns int) {
	for i := range t.aRows {
		c := t.c[t.cRows[i]:][:columns]
		start := t.start
		if start == nil {
			start = c
		}
		j := 0
		for ; j+4 <= columns; j += 4 {
			c0, c1, c2, c3 := start[j], start[j+1], start[j+2], start[j+3]
			for _, s := range t.segments {
				a, b := t.aRows[i]+s.a, s.b+j
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
			c[j], c[j+1], c[j+2], c[j+3] = max(c0, t.floor), max(c1, t.floor), max(c2, t.floor), max(c3, t.floor)
		}
		for ; j < columns; j++ {
			sum := start[j]
			for _, s := range t.segments {
				a, b := t.aRows[i]+s.a, s.b+j
				for range t.steps {
					sum += t.a[a] * t.b[b]
					a += t.aStep
					b += t.bStep
				}
			}
			c[j] = max(sum, t.floor)
		}
	}
}

// edgeRows is the number of rows that a product of fewer than tileColumns columns computes at a time.
const edgeRows = 4 * tileRows

// edge is where a product of fewer than tileColumns columns puts its rows, before what is valid of them is copied.
type edge [edgeRows * tileColumns]float32

var edgePlaces = func() (places [edgeRows]int) {
	for i := range places {
		places[i] = i * tileColumns
	}
	return places
}()

// runEdge computes fewer than tileColumns columns of the product with AVX2.
func (t product) runEdge(columns int) {
	var e edge
	c, aRows, cRows := t.c, t.aRows, t.cRows
	t.c = e[:]
	for len(aRows) > 0 {
		n := min(edgeRows, len(aRows))
		t.aRows, t.cRows = aRows[:n], edgePlaces[:n]
		if t.start == nil {
			for i, place := range cRows[:n] {
				copy(e[i*tileColumns:][:columns], c[place:])
			}
		}
		if columns <= narrowColumns {
			productNarrowAVX2(&t)
		} else {
			productAVX2(&t)
		}
		for i, place := range cRows[:n] {
			copy(c[place:][:columns], e[i*tileColumns:])
		}
		aRows, cRows = aRows[n:], cRows[n:]
	}
}

// paddedColumns is k rounded up to whole tiles.
func paddedColumns(k int) int { return kernels.CeilDiv(k, tileColumns) * tileColumns }

// panelsSize is the size of a packed matrix [depth k].
func panelsSize(depth, k int) int { return depth * paddedColumns(k) }

// packPanel packs the valid columns from at on of a matrix [depth k] so that they lie together, row after row, with zeros behind them.
func packPanel(panel, matrix []float32, depth, k, at, valid int) {
	for d := range depth {
		row := panel[d*tileColumns : (d+1)*tileColumns]
		clear(row[copy(row, matrix[d*k+at:d*k+at+valid]):])
	}
}

// split cuts the first n values off s.
func split(s []float32, n int) (head, tail []float32) { return s[:n:n], s[n:] }
