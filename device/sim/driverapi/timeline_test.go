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

// A graph takes what its longest path takes, a node costing less than a launch, where the chip has room for what does not wait for each
// other; kernels that fill the chip take turns.
func TestGraphTakesItsCriticalPath(t *testing.T) {
	for _, test := range []struct {
		blocks uint32
		steps  float64
	}{{1, 3}, {60, 3}, {132, 4}, {400, 4}} {
		t.Run(fmt.Sprint(test.blocks), func(t *testing.T) {
			var one sim.Estimate
			chip, err := sim.ChipByName("h200") // of 132 multiprocessors
			require.NoError(t, err)
			install(t, driverapi.Config{Chips: []sim.Chip{chip}, Launched: func(l driverapi.Launch) { one = l.Counters.Estimate }})
			inContext(t, 0)
			scale := kernels(t)("scale")
			x := memory(t, 400, 1)
			run := func(s cu.Stream) {
				require.NoError(t, driver.LaunchKernel(scale, driver.Launch{Grid: [3]uint32{test.blocks, 1, 1}, Block: [3]uint32{1, 1, 1}, Params: []any{x, uint32(1), uint32(1), test.blocks}}, s))
			}
			a, b := stream(t, cu.NonBlocking), stream(t, cu.NonBlocking)
			run(a) // the kernel is loaded
			require.NoError(t, a.Synchronize())
			fork, join, begin, end := event(t), event(t), event(t), event(t)
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
			require.NoError(t, begin.Record(a))
			require.NoError(t, g.Launch(a))
			require.NoError(t, end.Record(a))
			require.NoError(t, a.Synchronize())
			ms, err := begin.Elapsed(end)
			require.NoError(t, err)
			node := one.Seconds - one.LaunchSeconds + chip.NodeMicroseconds*1e-6
			assert.InEpsilon(t, test.steps*node, ms/1000, 1e-4)
			require.NoError(t, g.Close())
		})
	}
}
