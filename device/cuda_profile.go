//go:build cuda && cgo

package device

import (
	"errors"
	"time"

	"gorgonia.org/cu"
)

// Profile puts an event before each op and one behind the last.
func (p *gpuProgram) Profile() (Times, error) {
	times := Times{Ops: make([]time.Duration, len(p.schedule.Ops)), Estimated: p.gpu.options.simulated}
	return times, p.gpu.do(func() (err error) {
		if !p.gpu.programs[p] {
			return errProgramClosed
		}
		events := make([]cu.Event, len(p.schedule.Ops)+1)
		defer func() {
			for i := range events {
				if events[i] != (cu.Event{}) {
					err = errors.Join(err, cu.DestroyEvent(&events[i]))
				}
			}
		}()
		for i := range events {
			if events[i], err = cu.MakeEvent(cu.DefaultEvent); err != nil {
				return err
			}
		}
		// While the GPU is busy with this run, the host queues the timed one: then no op's time holds a wait for the host.
		if p.graph != nil && !times.Estimated {
			if err := p.graph.Launch(p.gpu.stream); err != nil {
				return err
			}
		}
		launches := p.launches
		for i, event := range events {
			if err := event.Record(p.gpu.stream); err != nil {
				return err
			}
			for ; len(launches) > 0 && launches[0].index == i; launches = launches[1:] {
				if err := p.launch(launches[0]); err != nil {
					return err
				}
			}
		}
		if err := p.gpu.stream.Synchronize(); err != nil {
			return err
		}
		for i := range times.Ops {
			milliseconds, err := events[i].Elapsed(events[i+1])
			if err != nil {
				return err
			}
			times.Ops[i] = time.Duration(milliseconds * float64(time.Millisecond))
		}
		return nil
	})
}
