//go:build cuda && cgo

package driver

import (
	"errors"
	"slices"
	"time"

	"gorgonia.org/cu"
)

// Timing says how the launches of a graph are timed. With the zero value it is one launch, without a warm-up: that is enough of a
// simulated GPU, whose times are always the same.
type Timing struct {
	WarmUp  time.Duration // launches before, for this long: clocks rise, caches fill
	Window  time.Duration // for about how long launches are timed together, so that neither the clock nor the host counts
	Windows int           // the median of so many is taken
}

// WakeUp is for how long a GPU that idled has to work before its clocks are near their height.
const WakeUp = 500 * time.Millisecond

// Steady is a timing that holds for kernels of a microsecond or more on any GPU that is awake.
var Steady = Timing{WarmUp: 20 * time.Millisecond, Window: 5 * time.Millisecond, Windows: 11}

// Time launches the graph again and again on a stream and gives the median time of a launch, by the device's clock.
func (g *Graph) Time(s cu.Stream, t Timing) (median time.Duration, err error) {
	var events [2]cu.Event
	for i := range events {
		if events[i], err = cu.MakeEvent(cu.DefaultEvent); err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, cu.DestroyEvent(&events[i])) }()
	}
	together := func(n int) (time.Duration, error) {
		if err := events[0].Record(s); err != nil {
			return 0, err
		}
		for range n {
			if err := g.Launch(s); err != nil {
				return 0, err
			}
		}
		if err := errors.Join(events[1].Record(s), events[1].Synchronize()); err != nil {
			return 0, err
		}
		milliseconds, err := events[0].Elapsed(events[1])
		return time.Duration(milliseconds * float64(time.Millisecond) / float64(n)), err
	}

	n := 1
	for begun := time.Now(); time.Since(begun) < t.WarmUp; {
		one, err := together(n)
		if err != nil {
			return 0, err
		}
		const most = 1000 // about what a stream's queue takes
		n = max(1, min(most, int(t.Window/max(one, 1))))
	}
	windows := make([]time.Duration, max(1, t.Windows))
	for i := range windows {
		if windows[i], err = together(n); err != nil {
			return 0, err
		}
	}
	slices.Sort(windows)
	return windows[len(windows)/2], nil
}
