//go:build cuda && cgo

package driverapi

import (
	"math"
	"slices"
)

// timeline is which part of a chip kernels keep busy, and when, in simulated microseconds. Kernels that do not wait for
// each other share the chip: who comes first has what it asks for, as the chip gives blocks of a later kernel to multiprocessors that those
// of the ones before leave free.
type timeline struct {
	spans []span
	end   float64 // of the last one
}

type span struct{ from, to, share float64 }

// place gives a kernel the chip from earliest on: its share of it, or what those that were placed before leave of that, until it has had as
// much as by itself in its microseconds. It gives the time of its end. What ended before since can't be met again.
func (t *timeline) place(since, earliest, microseconds, share float64) (end float64) {
	t.spans = slices.DeleteFunc(t.spans, func(s span) bool { return s.to <= since })
	at, work := max(earliest, since), microseconds*share
	for work > 0 {
		const least = 1e-9
		next := math.Inf(1)
		for _, s := range t.spans {
			for _, edge := range []float64{s.from, s.to} {
				if edge > at {
					next = min(next, edge)
				}
			}
		}
		got := min(share, 1-t.taken(at))
		if got < least {
			at = next
			continue
		}
		next = min(next, at+work/got)
		t.spans = append(t.spans, span{at, next, got})
		work -= got * (next - at)
		if work < least*share {
			work = 0
		}
		at = next
	}
	t.end = max(t.end, at)
	return at
}

// taken is the share of the chip that is busy at a time.
func (t *timeline) taken(at float64) (sum float64) {
	for _, s := range t.spans {
		if s.from <= at && at < s.to {
			sum += s.share
		}
	}
	return sum
}
