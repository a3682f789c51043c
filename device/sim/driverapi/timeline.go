//go:build cuda && cgo

package driverapi

import "slices"

// timeline is which part of a chip's multiprocessors kernels keep busy, and when, in simulated microseconds. Kernels that do not wait for
// each other share the chip, for as long as it has room for both.
type timeline struct {
	spans []span
	end   float64 // of the last one
}

type span struct{ from, to, share float64 }

// place finds the first time from earliest on at which a share of the chip is free for so long, and takes it. What ended before since
// can't be met again.
func (t *timeline) place(since, earliest, length, share float64) (begin float64) {
	t.spans = slices.DeleteFunc(t.spans, func(s span) bool { return s.to <= since })
	begin = max(earliest, since)
	for {
		end, free := begin+length, true
		next := end
		for _, s := range t.spans {
			if s.from >= end || s.to <= begin {
				continue
			}
			next = min(next, s.to)
			// The most that is taken while the kernel would run is taken at its start or at that of another one.
			for _, at := range []float64{begin, s.from} {
				if at >= begin && t.taken(at)+share > 1+1e-9 {
					free = false
				}
			}
		}
		if free {
			t.spans = append(t.spans, span{begin, end, share})
			t.end = max(t.end, end)
			return begin
		}
		begin = next
	}
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
