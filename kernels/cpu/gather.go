package cpu

import "cnn-gpu/kernels"

// gather adds sparse sums to rows of values: for each span, each of rows rows r and each of columns columns j,
//
//	sums[span.sums + r·sumsRow + j] += Σ_i values[i] · b[places[i] + r·bRow + j]   over the entries i of the span
//
// It is the other inner kernel beside product, for factors that are mostly zero.
type gather struct {
	sums, b       []float32
	spans         []gatherSpan
	places        []int32
	values        []float32
	rows, columns int // columns are a multiple of gatherVector
	sumsRow, bRow int
	areApart      bool // sums of different rows do not meet
}

// gatherSpan is a run of entries and the place of their sums.
type gatherSpan struct{ sums, first, count int }

const (
	gatherVector = 8  // columns
	gatherSums   = 12 // vectors that are summed at once
	gatherRows   = 3  // at once
)

// run computes the sums of any number of rows of the given length, a multiple of gatherVector. As few rows as fill the registers are
// summed at once, so that the rows of B which the lists share stay in the L1 cache. Sums may meet, so their order hangs on what is summed at once.
func (t gather) run(rows, length int) {
	sums, b := t.sums, t.b
	vectors := length / gatherVector
	strips := kernels.CeilDiv(vectors, gatherSums)
	for strip := range strips {
		first, end := vectors*strip/strips, vectors*(strip+1)/strips
		t.columns = (end - first) * gatherVector
		for row := 0; row < rows; row += t.rows {
			t.rows = min(rows-row, gatherRows)
			if variant != avx512 || !t.areApart { // else there are registers for all of them
				t.rows = min(t.rows, gatherSums/(end-first))
			}
			t.sums, t.b = sums[first*gatherVector+row*t.sumsRow:], b[first*gatherVector+row*t.bRow:]
			t.runKernel()
		}
	}
}

func (t *gather) runKernel() {
	switch variant {
	case avx512:
		gatherAVX512(t)
	case avx2:
		gatherAVX2(t)
	default:
		t.portable()
	}
}

func (t *gather) portable() {
	for _, s := range t.spans {
		if s.count == 0 { // then it may have no place
			continue
		}
		for row := range t.rows {
			sums := t.sums[s.sums+row*t.sumsRow:][:t.columns]
			for i := s.first; i < s.first+s.count; i++ {
				value := t.values[i]
				for j, v := range t.b[int(t.places[i])+row*t.bRow:][:t.columns] {
					sums[j] += value * v
				}
			}
		}
	}
}
