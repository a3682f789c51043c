//go:build cuda && cgo

package driverapi_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/driverapi"
)

// earlyPTX has a kernel that lets others begin, waits and adds 1 to each of 32 words.
const earlyPTX = `.version 8.0
.target sm_90
.address_size 64
.visible .entry early(.param .u64 x)
{
	.reg .b32 %r<4>;
	.reg .b64 %d<4>;
	griddepcontrol.launch_dependents;
	ld.param.u64 %d0, [x];
	mov.u32 %r0, %tid.x;
	mul.wide.u32 %d1, %r0, 4;
	add.s64 %d0, %d0, %d1;
	griddepcontrol.wait;
	ld.global.u32 %r1, [%d0];
	add.s32 %r1, %r1, 1;
	st.global.u32 [%d0], %r1;
	ret;
}
`

// chain is a graph of three launches of earlyPTX, of which two may begin early, on the same memory.
func chain(t *testing.T, ptx string, x cu.DevicePtr) (*driver.Graph, error) {
	t.Helper()
	m, err := driver.LoadModule([]byte(ptx))
	require.NoError(t, err)
	f, err := driver.Function(m, "early")
	require.NoError(t, err)
	node := func(overlap bool, after ...int) driver.Node {
		return driver.Node{Function: f, After: after, Launch: driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{32, 1, 1}, Params: []any{x}, Overlap: overlap}}
	}
	return driver.NewGraph([]driver.Node{node(false), node(true, 0), node(true, 1)})
}

// A node that begins early is started while the one before it runs, if that lets it.
func TestEarlyNodes(t *testing.T) {
	const lets = "griddepcontrol.launch_dependents;"
	for name, ptx := range map[string]string{"lets": earlyPTX, "does not": strings.Replace(earlyPTX, lets, "", 1)} {
		t.Run(name, func(t *testing.T) {
			one := estimate(t, sim.Options{Checks: sim.AllChecks})
			x := memory(t, 32, 5)
			require.NoError(t, cu.Synchronize())
			g, err := chain(t, ptx, x)
			require.NoError(t, err)
			got := microseconds(t, g, stream(t, cu.NonBlocking))
			assert.Equal(t, uint32(8), word(t, x))
			begun, ended := one.node, one.node+one.kernel
			for range 2 {
				if name == "lets" {
					begun += one.node
				} else {
					begun = ended + one.node
				}
				ended = max(begun+one.prologue, ended+sim.Chips()[0].EarlyMicroseconds) + one.kernel - one.prologue
			}
			assert.InEpsilon(t, ended, got, 1e-4)
		})
	}
}

// A kernel that waits too late is told the launch that it may have overtaken.
func TestEarlyNodesWaitFirst(t *testing.T) {
	install(t, driverapi.Config{Options: sim.Options{Checks: sim.AllChecks}})
	inContext(t, 0)
	g, err := chain(t, strings.NewReplacer("griddepcontrol.wait;", "", "ret;", "griddepcontrol.wait; ret;").Replace(earlyPTX), memory(t, 32, 5))
	require.NoError(t, err)
	s := stream(t, cu.NonBlocking)
	require.NoError(t, g.Launch(s))
	err = driver.Explain(s.Synchronize())
	assert.ErrorContains(t, err, string(sim.EarlyAccess))
	assert.ErrorContains(t, err, "launch 1, early, reads what launch 0, early, wrote, at offset 0: that launch may not have ended")
}

// A chip without programmatic dependent launch refuses the edge.
func TestEarlyNodesOnAnOldChip(t *testing.T) {
	chip, err := sim.ChipByName("a100")
	require.NoError(t, err)
	install(t, driverapi.Config{Chips: []sim.Chip{chip}})
	inContext(t, 0)
	scale := kernels(t)("scale")
	node := func(overlap bool, after ...int) driver.Node {
		return driver.Node{Function: scale, After: after,
			Launch: driver.Launch{Grid: [3]uint32{1, 1, 1}, Block: [3]uint32{1, 1, 1}, Overlap: overlap, Params: []any{memory(t, 1, 0), uint32(1), uint32(1), uint32(1)}}}
	}
	_, err = driver.NewGraph([]driver.Node{node(false), node(true, 0)})
	assert.Equal(t, driver.NotSupported, code(t, err))
	assert.ErrorContains(t, err, "NVIDIA A100-SXM4-80GB has no programmatic dependent launch")
}
