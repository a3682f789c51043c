//go:build cuda && cgo

package driverapi_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/driverapi"
)

// estimated is what the last kernel that ran takes, without its launch, the part of it before its wait, and what a node of a graph costs
// besides, in microseconds.
type estimated struct{ kernel, prologue, node float64 }

func estimate(t *testing.T, o sim.Options) *estimated {
	t.Helper()
	chip, err := sim.ChipByName("h200") // of 132 multiprocessors
	require.NoError(t, err)
	e := &estimated{node: chip.NodeMicroseconds}
	install(t, driverapi.Config{Chips: []sim.Chip{chip}, Options: o, Launched: func(l driverapi.Launch) {
		e.kernel, e.prologue = 1e6*(l.Counters.Estimate.Seconds-l.Counters.Estimate.LaunchSeconds), 1e6*l.Counters.Estimate.Prologue
	}})
	inContext(t, 0)
	return e
}

// microseconds is how long a graph takes.
func microseconds(t *testing.T, g *driver.Graph, s cu.Stream) float64 {
	t.Helper()
	begin, end := event(t), event(t)
	require.NoError(t, begin.Record(s))
	require.NoError(t, g.Launch(s))
	require.NoError(t, end.Record(s))
	require.NoError(t, s.Synchronize())
	ms, err := begin.Elapsed(end)
	require.NoError(t, err)
	require.NoError(t, g.Close())
	return 1000 * ms
}

// A graph takes what its longest path takes, a node costing less than a launch, where the chip has room for what does not wait for each
// other. Kernels that fill the chip take turns; what a node costs to begin passes while the other one runs.
func TestGraphTakesItsCriticalPath(t *testing.T) {
	for _, test := range []struct {
		blocks uint32
		turns  float64
	}{{1, 3}, {60, 3}, {132, 4}, {400, 4}} {
		t.Run(fmt.Sprint(test.blocks), func(t *testing.T) {
			one := estimate(t, sim.Options{})
			scale := kernels(t)("scale")
			x := memory(t, 400, 1)
			run := func(s cu.Stream) {
				require.NoError(t, driver.LaunchKernel(scale, driver.Launch{Grid: [3]uint32{test.blocks, 1, 1}, Block: [3]uint32{1, 1, 1}, Params: []any{x, uint32(1), uint32(1), test.blocks}}, s))
			}
			a, b := stream(t, cu.NonBlocking), stream(t, cu.NonBlocking)
			run(a) // the kernel is loaded
			require.NoError(t, a.Synchronize())
			fork, join := event(t), event(t)
			g, err := driver.Capture(a, func() error {
				run(a)
				require.NoError(t, fork.Record(a))
				require.NoError(t, b.Wait(fork, 0))
				run(a)
				run(b)
				require.NoError(t, join.Record(b))
				require.NoError(t, a.Wait(join, 0))
				run(a)
				return nil
			})
			require.NoError(t, err)
			assert.InEpsilon(t, 3*one.node+test.turns*one.kernel, microseconds(t, g, a), 1e-4)
		})
	}
}

// A kernel of few blocks that takes all of DRAM leaves nothing to others.
func TestKernelsShareBandwidth(t *testing.T) {
	e := sim.Estimate{Seconds: 12e-6, LaunchSeconds: 2e-6, SMs: 33, Waves: 2.5, Pipes: []sim.Pipe{{Name: "issue", Seconds: 9e-6}, {Name: "L2", Seconds: 1e-6}}}
	for share, dram := range map[float64]float64{0.25: 1e-6, 0.6: 6e-6, 1: 11e-6} {
		e.Pipes = append(e.Pipes[:2], sim.Pipe{Name: "DRAM", Seconds: dram})
		got := driverapi.ShareOf(&e, 132)
		assert.InDelta(t, share, got, 1e-9)
	}
}

// Kernels of 27 and 120 blocks at the same time: the first has all that it asks for, and the second what it leaves, until it ends. The times do
// not depend on the order in which the simulator runs them.
func TestKernelsShareTheChip(t *testing.T) {
	for name, o := range map[string]sim.Options{"forward": {}, "reverse": {Order: sim.Reverse}, "random": {Order: sim.Random, Seed: 3}} {
		t.Run(name, func(t *testing.T) {
			one := estimate(t, o)
			scale := kernels(t)("scale")
			node := func(blocks uint32) driver.Node {
				return driver.Node{Function: scale, Launch: driver.Launch{Grid: [3]uint32{blocks, 1, 1}, Block: [3]uint32{1, 1, 1},
					Params: []any{memory(t, 400, 1), uint32(1), uint32(1), blocks}}}
			}
			g, err := driver.NewGraph([]driver.Node{node(27), node(120)})
			require.NoError(t, err)
			// While the first runs, the second has 105 of the 120 multiprocessors that it asks for.
			assert.InEpsilon(t, one.node+one.kernel*(1+15.0/120), microseconds(t, g, stream(t, cu.NonBlocking)), 1e-4)
		})
	}
}
