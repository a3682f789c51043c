package cpu

import "slices"

// border is those positions along one side of an image that meet the same taps of a filter. Convolutions that go through an image
// border by border never read, nor multiply by, the zeros around it.
type border struct {
	taps      []int // in the order of what they read
	step      int   // from what a tap reads to what the next one reads
	positions []int
	first     []int // what the first tap reads, at each position
}

// borders sorts positions 0 to extent−1 by the taps that they meet. reads says where a tap reads and whether that is in the image.
func borders(extent int, taps []int, reads func(position, tap int) (at int, ok bool)) []border {
	var all []border
	for position := range extent {
		var b border
		var places []int
		for _, tap := range taps {
			if at, ok := reads(position, tap); ok {
				b.taps, places = append(b.taps, tap), append(places, at)
			}
		}
		i := slices.IndexFunc(all, func(o border) bool { return slices.Equal(o.taps, b.taps) })
		if i < 0 {
			if len(places) > 1 {
				b.step = places[1] - places[0]
			}
			i, all = len(all), append(all, b)
		}
		if len(places) == 0 {
			places = []int{0}
		}
		all[i].positions, all[i].first = append(all[i].positions, position), append(all[i].first, places[0])
	}
	return all
}
