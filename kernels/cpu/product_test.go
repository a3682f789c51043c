package cpu

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The values are whole numbers, so that the sums are exact.
func TestProduct(t *testing.T) {
	used := variant
	defer func() { variant = used }()
	for _, variant = range Variants() {
		for rows := 1; rows <= 5*tileRows; rows++ {
			for segments := range 4 {
				for _, adds := range []bool{false, true} {
					p := newProduct(rows, segments, 1+(rows+segments)%4)
					if adds {
						p.start = nil
					}
					for _, columns := range []int{1, narrowColumns, narrowColumns + 1, tileColumns, tileColumns + 1, pairColumns - 1, pairColumns, productColumns} {
						q := p
						q.c = slices.Clone(p.c)
						q.run(columns)
						for i, place := range p.cRows {
							assert.Equal(t, append(p.want(i)[:columns:columns], p.c[place+columns:][:productColumns+1-columns]...), q.c[place:][:productColumns+1],
								"row %d of %d, %d columns, %d segments, adds %v, on %s", i, rows, columns, segments, adds, variant)
						}
					}
				}
			}
		}
	}
}

// productColumns is the number of columns of a test's product: a pair of panels, another panel, and a part of one.
const productColumns = pairColumns + tileColumns + 3

// newProduct returns a product whose rows have gaps between them and are in no order.
func newProduct(rows, segments, steps int) product {
	r := rand.New(rand.NewPCG(uint64(rows), uint64(segments)))
	whole := func(n int) []float32 {
		s := make([]float32, n)
		for i := range s {
			s[i] = float32(r.IntN(19) - 9)
		}
		return s
	}
	p := product{
		a: whole(1000), b: whole(2000), c: whole(rows * (productColumns + 1)), start: whole(paddedColumns(productColumns)), steps: steps, floor: -30,
		aStep: 1 + r.IntN(3), bStep: tileColumns + r.IntN(3), panel: 450 + r.IntN(3),
	}
	for range segments {
		p.segments = append(p.segments, segment{a: r.IntN(300), b: r.IntN(300)})
	}
	for _, place := range r.Perm(rows) {
		p.aRows, p.cRows = append(p.aRows, r.IntN(300)), append(p.cRows, place*(productColumns+1))
	}
	return p
}

// want is what row i of C should be.
func (t *product) want(i int) []float32 {
	row := slices.Clone(t.c[t.cRows[i]:][:productColumns])
	for j := range row {
		if t.start != nil {
			row[j] = t.start[j]
		}
		for _, s := range t.segments {
			for step := range t.steps {
				row[j] += t.a[t.aRows[i]+s.a+step*t.aStep] * t.b[j/tileColumns*t.panel+s.b+step*t.bStep+j%tileColumns]
			}
		}
		row[j] = max(row[j], t.floor)
	}
	return row
}
