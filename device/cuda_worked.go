//go:build cuda && cgo

package device

import (
	"time"

	"gorgonia.org/cu"
)

// stopwatch sums up how long the device works, by an event before and one behind what is launched. The few microseconds until a launch arrives
// at a device that waits for it count as work.
type stopwatch struct {
	spans  [32]struct{ begin, end cu.Event } // in turn; made with the first
	next   int
	ended  int // spans before next that are not summed up yet
	worked time.Duration
}

// time queues work between two events.
func (s *stopwatch) time(stream cu.Stream, launch func() error) error {
	if s.spans[0].begin == (cu.Event{}) {
		if err := s.make(); err != nil {
			return err
		}
	}
	if s.ended == len(s.spans) {
		if err := s.sum(); err != nil {
			return err
		}
	}
	span := &s.spans[s.next]
	if err := span.begin.Record(stream); err != nil {
		return err
	}
	if err := launch(); err != nil {
		return err
	}
	if err := span.end.Record(stream); err != nil {
		return err
	}
	s.next = (s.next + 1) % len(s.spans)
	s.ended++
	return nil
}

func (s *stopwatch) make() (err error) {
	for i := range s.spans {
		for _, e := range []*cu.Event{&s.spans[i].begin, &s.spans[i].end} {
			if *e, err = cu.MakeEvent(cu.DefaultEvent); err != nil {
				return err
			}
		}
	}
	return nil
}

// sum adds the oldest span, after its end.
func (s *stopwatch) sum() error {
	span := &s.spans[(s.next-s.ended+len(s.spans))%len(s.spans)]
	if err := span.end.Synchronize(); err != nil {
		return err
	}
	milliseconds, err := span.begin.Elapsed(span.end)
	s.worked += time.Duration(milliseconds * float64(time.Millisecond))
	s.ended--
	return err
}

// total sums up all that was queued.
func (s *stopwatch) total() (time.Duration, error) {
	for s.ended > 0 {
		if err := s.sum(); err != nil {
			return 0, err
		}
	}
	return s.worked, nil
}

func (s *stopwatch) close() (errs []error) {
	for i := range s.spans {
		for _, e := range []*cu.Event{&s.spans[i].begin, &s.spans[i].end} {
			if *e != (cu.Event{}) {
				errs = append(errs, cu.DestroyEvent(e))
			}
		}
	}
	return errs
}

// Worked implements [Accelerator].
func (d *gpu) Worked() (worked time.Duration, estimated bool, err error) {
	err = d.do(func() (err error) {
		worked, err = d.watch.total()
		return err
	})
	return worked, d.options.simulated, err
}
