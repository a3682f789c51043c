//go:build cuda && cgo

package device

import "cnn-gpu/device/driver"

func (p *gpuProgram) Run() error { return p.Repeat(1) }

// copies are how many runs one graph holds, the most first.
var copies = []int{64, 8, 1}

// Repeat launches as few graphs as it can.
func (p *gpuProgram) Repeat(n int) error {
	return p.gpu.do(func() error {
		if !p.gpu.programs[p] {
			return errProgramClosed
		}
		launches, err := p.launchesOf(n)
		if err != nil {
			return err
		}
		return p.gpu.watch.time(p.gpu.stream, func() error {
			return p.upToDate(func() error {
				for _, launch := range launches {
					if err := launch(); err != nil {
						return err
					}
				}
				return nil
			})
		})
	})
}

// launchesOf are the launches of n runs.
func (p *gpuProgram) launchesOf(n int) (launches []func() error, err error) {
	for _, c := range copies {
		if n < c {
			continue
		}
		launch := p.launchAll
		if g, err := p.repeatedGraph(c); err != nil {
			return nil, err
		} else if g != nil {
			launch = func() error { return g.Launch(p.gpu.stream) }
		} else if c > 1 {
			continue
		}
		for ; n >= c; n -= c {
			launches = append(launches, launch)
		}
	}
	return launches, nil
}

// repeatedGraph is the graph of so many runs, made on first use; nil where there is none.
func (p *gpuProgram) repeatedGraph(runs int) (*driver.Graph, error) {
	if runs == 1 || p.graph == nil {
		return p.graph, nil
	}
	g, known := p.repeated[runs]
	if known {
		return g, nil
	}
	g, err := p.graphOf(runs)
	if r, ok := driver.ResultOf(err); ok && r == driver.OutOfMemory {
		g, err = nil, nil // smaller graphs do the same
	}
	if err == nil {
		p.repeated[runs] = g
	}
	return g, err
}
