//go:build cuda && cgo

package device

import (
	"errors"
	"time"

	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
)

// Profile times each op by replays on a GPU, and estimates it on a simulated one.
func (p *gpuProgram) Profile() (times Times, err error) {
	err = p.gpu.do(func() error {
		if !p.gpu.programs[p] {
			return errProgramClosed
		}
		return p.upToDate(func() error {
			if p.gpu.options.simulated {
				times, err = p.estimate()
			} else {
				times, err = p.replay(driver.Steady, driver.WakeUp)
			}
			return err
		})
	})
	return times, err
}

// estimate runs the ops in order, each as a graph of its own, with an event before each and one behind the last.
func (p *gpuProgram) estimate() (times Times, err error) {
	times = Times{Ops: make([]time.Duration, len(p.schedule.Ops)), Estimated: true}
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
			return times, err
		}
	}
	if k := p.gpu.options.kernels; k != nil {
		k.take()
	}
	launches, kernels := p.launches, make([]int, len(events)) // of each op
	for i, event := range events {
		if err := event.Record(p.gpu.stream); err != nil {
			return times, err
		}
		n := 0
		for n < len(launches) && launches[n].index == i {
			n++
		}
		g, err := p.record(launches[:n], 1)
		if err != nil {
			return times, err
		}
		launches, kernels[i] = launches[n:], n
		if err := errors.Join(g.Launch(p.gpu.stream), g.Close()); err != nil {
			return times, err
		}
	}
	if err := p.gpu.stream.Synchronize(); err != nil {
		return times, err
	}
	for i := range times.Ops {
		milliseconds, err := events[i].Elapsed(events[i+1])
		if err != nil {
			return times, err
		}
		times.Ops[i] = time.Duration(milliseconds * float64(time.Millisecond))
	}
	if k := p.gpu.options.kernels; k != nil {
		ran := k.take()
		for _, n := range kernels[:len(times.Ops)] {
			times.Limits = append(times.Limits, limitOf(ran[:n]))
			ran = ran[n:]
		}
	}
	return times, nil
}

// Replay times the program's graph.
func (p *gpuProgram) Replay() (r Replay, err error) {
	timing := driver.Steady
	timing.WarmUp = driver.WakeUp
	if r.Estimated = p.gpu.options.simulated; r.Estimated {
		timing = driver.Timing{}
	}
	err = p.gpu.do(func() error {
		if !p.gpu.programs[p] {
			return errProgramClosed
		}
		g, err := p.graphOf(1)
		if err != nil {
			return err
		}
		if k := p.gpu.options.kernels; k != nil {
			k.take()
			defer func() { r.Sampled = sampledOf(k.take()) }()
		}
		err = p.upToDate(func() error {
			r.Median, err = g.Time(p.gpu.stream, timing)
			return err
		})
		return errors.Join(err, g.Close())
	})
	return r, err
}

// Each op is recorded so many times in a row, if it is that short.
const (
	mostCopies = 100
	longEnough = 20 * time.Millisecond
)

// replay times each op as a graph of copies of it, which holds what an op costs in a graph and nothing of
// the host's launching. Copies add up what others overwrite, so each op begins with what a run in order leaves.
func (p *gpuProgram) replay(timing driver.Timing, wakeUp time.Duration) (times Times, err error) {
	times = Times{Ops: make([]time.Duration, len(p.schedule.Ops)), Median: true}
	if len(p.launches) == 0 {
		return times, nil
	}
	restore, forget, err := p.remember()
	defer func() { err = errors.Join(err, forget()) }()
	if err != nil {
		return times, err
	}
	all, err := p.graphOf(1)
	if err != nil {
		return times, err
	}
	defer func() { err = errors.Join(err, all.Close()) }()
	if _, err := all.Time(p.gpu.stream, driver.Timing{WarmUp: wakeUp}); err != nil {
		return times, err
	}
	for launches := p.launches; len(launches) > 0; {
		number, n := launches[0].index, 0
		for n < len(launches) && launches[n].index == number {
			n++
		}
		if err := errors.Join(restore(), all.Launch(p.gpu.stream)); err != nil {
			return times, err
		}
		if times.Ops[number], err = p.timeOp(launches[:n], timing); err != nil {
			return times, err
		}
		launches = launches[n:]
	}
	return times, restore()
}

// timeOp times the launches of one op.
func (p *gpuProgram) timeOp(launches []gpuLaunch, timing driver.Timing) (time.Duration, error) {
	measure := func(copies int, timing driver.Timing) (time.Duration, error) {
		g, err := p.record(launches, copies)
		if err != nil {
			return 0, err
		}
		t, err := g.Time(p.gpu.stream, timing)
		return t / time.Duration(copies), errors.Join(err, g.Close())
	}
	alone, err := measure(1, driver.Timing{})
	if err != nil {
		return 0, err
	}
	return measure(max(1, min(mostCopies, int(longEnough/max(alone, 1)))), timing)
}

// record makes a graph of launches one after the other, so many times in a row.
func (p *gpuProgram) record(launches []gpuLaunch, copies int) (*driver.Graph, error) {
	var nodes []driver.Node
	for range copies {
		for _, l := range launches {
			n := driver.Node{Function: l.function, Launch: l.launch}
			if len(nodes) > 0 {
				n.After, n.Overlap = []int{len(nodes) - 1}, l.early
			}
			nodes = append(nodes, n)
		}
	}
	return driver.NewGraph(nodes)
}

// remember copies all kept values on the device. Restore queues their way back, forget frees the copies.
func (p *gpuProgram) remember() (restore, forget func() error, err error) {
	var copies []cu.DevicePtr
	forget = func() error {
		errs := []error{p.gpu.stream.Synchronize()}
		for _, c := range copies {
			errs = append(errs, cu.MemFree(c))
		}
		return errors.Join(errs...)
	}
	move := func(i int, there bool) error {
		b := p.schedule.Plan.Kept[i]
		from, to := p.gpu.kept[b], copies[i]
		if !there {
			from, to = to, from
		}
		if b.Bytes() == 0 {
			return nil
		}
		return cu.MemcpyDtoDAsync(to, from, int64(b.Bytes()), p.gpu.stream)
	}
	for i, b := range p.schedule.Plan.Kept {
		c, err := p.gpu.alloc(b.Bytes())
		if err != nil {
			return nil, forget, err
		}
		copies = append(copies, c)
		if err := move(i, true); err != nil {
			return nil, forget, err
		}
	}
	return func() error {
		for i := range copies {
			if err := move(i, false); err != nil {
				return err
			}
		}
		return nil
	}, forget, nil
}
