package cpu

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
)

// The values are whole numbers, so that the sums are exact.
func TestDepthwiseWindows(t *testing.T) {
	used := variant
	defer func() { variant = used }()
	r := rand.New(rand.NewPCG(1, 2))
	whole := func(n int) []float32 {
		s := make([]float32, n)
		for i := range s {
			s[i] = float32(r.IntN(19) - 9)
		}
		return s
	}
	const mostChannels, mostWindows, lines, steps = 69, 11, 2, 2
	const pitch = mostChannels + 3
	x, filters, start, y := whole(16*32*pitch), whole(12*mostChannels), whole(mostChannels), whole(lines*mostWindows*pitch)
	for _, variant = range Variants() {
		for _, channels := range []int{1, 8, 15, 16, 17, 33, 40, mostChannels} {
			for _, windows := range []int{1, 2, 3, 4, 7, mostWindows} {
				for taps := range 12 {
					w := depthwiseWindows{
						x: x, filters: filters, start: start, lines: lines, windows: windows, channels: channels,
						rows: 1 + taps/4, columns: 1 + taps%4, xLine: 32 * pitch, xStep: pitch, yLine: mostWindows * pitch, yStep: pitch,
						xRow: 32 * pitch, xColumn: pitch, filterRow: 4 * channels, floor: -20,
					}
					for range steps { // neighbours and others
						w.y = slices.Clone(y)
						w.run()
						assert.Equal(t, w.want(y), w.y, "%d channels, %d windows, %dx%d taps, step %d, %s", channels, windows, w.rows, w.columns, w.xStep/pitch, variant)
						w.xStep += pitch
					}
				}
			}
		}
	}
}

// want is y as it should be.
func (t *depthwiseWindows) want(y []float32) []float32 {
	y = slices.Clone(y)
	for i := range t.lines * t.windows {
		line, window := i/t.windows, i%t.windows
		for c := range t.channels {
			sum := t.start[c]
			for tap := range t.rows * t.columns {
				r, s := tap/t.columns, tap%t.columns
				sum += t.x[line*t.xLine+window*t.xStep+r*t.xRow+s*t.xColumn+c] * t.filters[r*t.filterRow+s*t.channels+c]
			}
			y[line*t.yLine+window*t.yStep+c] = max(sum, t.floor)
		}
	}
	return y
}

// The values are whole numbers, so that the sums are exact.
func TestDepthwiseTaps(t *testing.T) {
	used := variant
	defer func() { variant = used }()
	r := rand.New(rand.NewPCG(3, 4))
	whole := func(n int) []float32 {
		s := make([]float32, n)
		for i := range s {
			s[i] = float32(r.IntN(19) - 9)
		}
		return s
	}
	const most, rows, windows = 69, 2, 5
	x, dy, sums := whole(rows*(windows+depthwiseTapsAtOnce)*most), whole(rows*windows*most), whole(depthwiseTapsAtOnce*most)
	for _, variant = range Variants() {
		for _, channels := range []int{1, 8, 15, 16, 17, 33, 40, 49, 64, most} {
			for taps := 1; taps <= depthwiseTapsAtOnce; taps++ {
				d := depthwiseTaps{
					x: x, dy: dy, sums: slices.Clone(sums), taps: taps, channels: channels, rows: rows, windows: windows,
					xRow: (windows + depthwiseTapsAtOnce) * most, xStep: most, dyRow: windows * most, dyStep: most, xColumn: most, sumsColumn: most,
				}
				d.run()
				want := slices.Clone(sums)
				for i := range rows * windows * taps * channels {
					c, tap, j, row := i%channels, i/channels%taps, i/channels/taps%windows, i/channels/taps/windows
					want[tap*most+c] += x[row*d.xRow+(j+tap)*most+c] * dy[(row*windows+j)*most+c]
				}
				assert.Equal(t, want, d.sums, "%d channels, %d taps, %s", channels, taps, variant)
			}
		}
	}
}
