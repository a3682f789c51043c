package cpu

import "math"

// lister makes lists of the gradients that a max or min pool hands on and that are not zero: for each filter the places of its
// gradients, and for each place of each window the filters with a gradient there. The assembly reads the fields by their offsets.
type lister struct {
	values []float32 // [windows filters]
	index  []int32   // of the place in its window that each value goes to
	places []int32   // [windows area], and listerVector more

	filterPlaces []int32 // the lists of the filters: where their gradients lie
	filterValues []float32
	filterEnds   []int32   // [filters]: where the lists end, and begin at first
	placeFilters []int32   // the lists of the places: filterSize times the index of each filter; none where they are not wanted
	placeValues  []float32 // of these lists
	placeEnds    []int32   // [windows area]

	compressions *[1 << listerVector][listerVector]int32

	windows, area, filters, filterSize int
}

// listerVector is the number of values that are listed at a time. Lists have room for as many more, which are written but not kept.
const listerVector = 8

// compressions has, for each set of lanes, the permutation that moves them to the front.
var compressions = func() *[1 << listerVector][listerVector]int32 {
	var table [1 << listerVector][listerVector]int32
	for set := range table {
		n := 0
		for lane := range listerVector {
			if set>>lane&1 == 1 {
				table[set][n] = int32(lane)
				n++
			}
		}
	}
	return &table
}()

// run lists the windows.
func (l *lister) run() {
	if variant == portable || l.windows < listerVector || l.filters%listerVector != 0 || l.area > listerVector {
		l.portable()
		return
	}
	l.compressions = compressions
	listFiltersAVX2(l)
	if l.placeFilters != nil {
		listPlacesAVX2(l)
	}
}

func (l *lister) portable() {
	for window := range l.windows {
		places := l.places[window*l.area : (window+1)*l.area]
		for k := range l.filters {
			i, v := int(l.index[window*l.filters+k]), l.values[window*l.filters+k]
			// An entry is kept by moving the end behind it: without a branch, which every other value would mispredict.
			bits := math.Float32bits(v) << 1 // -0 is zero too
			one := int32((bits | -bits) >> 31)
			end := l.filterEnds[k]
			l.filterPlaces[end], l.filterValues[end] = places[i], v
			l.filterEnds[k] += one
			if l.placeFilters != nil {
				end := l.placeEnds[window*l.area+i]
				l.placeFilters[end], l.placeValues[end] = int32(k*l.filterSize), v
				l.placeEnds[window*l.area+i] += one
			}
		}
	}
}

// sparseLists are a worker's lists of the gradients that are not zero.
type sparseLists struct{ filters, places sparseList }

// sparseList is a number of lists with equal room.
type sparseList struct {
	places []int32
	values []float32
	ends   []int32
	spans  []gatherSpan
}

func newSparseList(lists, room int) sparseList {
	l := sparseList{
		places: make([]int32, lists*room), values: make([]float32, lists*room), ends: make([]int32, lists), spans: make([]gatherSpan, lists),
	}
	for i := range l.spans {
		l.spans[i].first = i * room
	}
	return l
}

// begin empties the lists.
func (l *sparseList) begin() {
	for i := range l.spans {
		l.ends[i] = int32(l.spans[i].first)
	}
}

// finish counts what is in the lists.
func (l *sparseList) finish() {
	for i := range l.spans {
		l.spans[i].count = int(l.ends[i]) - l.spans[i].first
	}
}
