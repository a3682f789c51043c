package sim_test

import (
	"errors"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim"
	timed "cnn-gpu/device/sim/compile"
)

// Kernels of nodes: out[i] = in[i], with a place for an instruction before it; out[i] += in[i] by an atomic.
const (
	addresses = "shl.b64 %d3, %d2, 2; add.s64 %d0, %d0, %d3; add.s64 %d1, %d1, %d3;\n"
	copies    = "ld.global.u32 %r3, [%d0]; st.global.u32 [%d1], %r3;\n"
	adds      = "ld.global.u32 %r3, [%d0]; red.global.add.u32 [%d1], %r3;\n"
	waiting   = "griddepcontrol.wait;\n"
)

// nodeUse is what a node does: with 64 words of memory, from one place to another.
type nodeUse struct {
	from, to int
	after    []int
	early    bool
	body     string
}

// runNodes runs nodes in an order, and joins their errors.
func runNodes(t *testing.T, nodes []nodeUse, order []int) error {
	t.Helper()
	d := checked(t)
	memory := upload(t, d, make([]uint32, 64))
	words := (len(nodes) + 63) / 64
	full, ended := make([][]uint64, len(nodes)), make([][]uint64, len(nodes)) // before the end of a node; before its start
	for i, n := range nodes {
		full[i], ended[i] = make([]uint64, words), make([]uint64, words)
		for _, a := range n.after {
			for w := range words {
				full[i][w] |= full[a][w]
				if n.early {
					ended[i][w] |= ended[a][w]
				}
			}
			full[i][a/64] |= 1 << (a % 64)
		}
		if !n.early {
			ended[i] = full[i]
		}
	}
	together := d.Together(len(nodes))
	var errs []error
	for _, i := range order {
		n := &sim.Node{Together: together, Number: i, Ended: ended[i]}
		if nodes[i].early {
			n.Waited = full[i]
		}
		k := kernelOf(t, d, snippet("", addresses+nodes[i].body), "snippet")
		_, err := d.LaunchNode(n, k, linear(1), linear(8), 0, pack(memory+4*uint64(nodes[i].from), memory+4*uint64(nodes[i].to)))
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// findingsOf gives the kinds of findings in an error.
func findingsOf(t *testing.T, err error) (kinds []sim.Kind) {
	t.Helper()
	if err == nil {
		return nil
	}
	for _, e := range err.(interface{ Unwrap() []error }).Unwrap() {
		var found *sim.Findings
		require.ErrorAs(t, e, &found)
		for _, r := range found.Reports {
			kinds = append(kinds, r.Kind)
		}
	}
	return kinds
}

// Launches that nothing orders race if one writes what the other uses, in whatever order the simulator runs them, and no other ones do.
func TestLaunchesRace(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	found := 0
	for range 150 {
		var nodes []nodeUse
		before := make([][]bool, 8)
		for i := range 8 {
			n := nodeUse{from: 4 * r.IntN(14), to: 4 * r.IntN(14), body: copies}
			before[i] = make([]bool, 8)
			for a := range i {
				if r.IntN(2) == 0 {
					n.after = append(n.after, a)
					before[i][a] = true
					for b := range a {
						before[i][b] = before[i][b] || before[a][b]
					}
				}
			}
			nodes = append(nodes, n)
		}
		races := false
		meet := func(a, b int) bool { return a < b+8 && b < a+8 }
		for i, x := range nodes {
			for j, y := range nodes[:i] {
				if !before[i][j] && (meet(x.to, y.to) || meet(x.to, y.from) || meet(x.from, y.to)) {
					races = true
				}
			}
		}
		var order []int
		for len(order) < len(nodes) {
			i := r.IntN(len(nodes))
			ready := !slices.ContainsFunc(nodes[i].after, func(a int) bool { return !slices.Contains(order, a) })
			if ready && !slices.Contains(order, i) {
				order = append(order, i)
			}
		}
		kinds := slices.DeleteFunc(findingsOf(t, runNodes(t, nodes, order)), func(k sim.Kind) bool {
			return k == sim.BlockRace || k == sim.GlobalRace || k == sim.WarpRace // within a launch that reads where it writes
		})
		if races {
			found++
			require.Contains(t, kinds, sim.LaunchRace)
		} else {
			require.Empty(t, kinds)
		}
	}
	assert.Greater(t, found, 30)
	assert.Less(t, found, 145)
}

func TestFindingsOfLaunches(t *testing.T) {
	for _, test := range []struct {
		name  string
		nodes []nodeUse
		kind  sim.Kind
		says  string
	}{
		{"a reader and a writer", []nodeUse{{from: 0, to: 8, body: copies}, {from: 16, to: 0, body: copies}}, sim.LaunchRace,
			"launch 1, snippet, writes what launch 0, snippet, read, at offset 0: nothing orders the two launches"},
		{"one of two readers", []nodeUse{{from: 0, to: 8, body: copies}, {from: 0, to: 16, body: copies}, {from: 24, to: 0, body: copies, after: []int{1}}}, sim.LaunchRace,
			"launch 2, snippet, writes what launch 0, snippet, read"},
		{"two that add by atomics", []nodeUse{{from: 0, to: 8, body: adds}, {from: 0, to: 8, body: adds}}, "", ""},
		{"an atomic and a store", []nodeUse{{from: 0, to: 8, body: adds}, {from: 0, to: 8, body: copies}}, sim.LaunchRace,
			"writes what launch 0, snippet, wrote with an atomic or a volatile store"},
		{"an atomic and a load", []nodeUse{{from: 8, to: 16, body: copies}, {from: 0, to: 8, body: adds}}, sim.LaunchRace, "does an atomic on what launch 0, snippet, read"},

		{"a chain that waits", []nodeUse{{from: 0, to: 8, body: copies}, {from: 8, to: 16, body: waiting + copies, early: true, after: []int{0}},
			{from: 16, to: 0, body: waiting + copies, early: true, after: []int{1}}}, "", ""},
		{"what nobody writes, before the wait", []nodeUse{{from: 0, to: 8, body: copies},
			{from: 24, to: 16, body: "ld.global.u32 %r4, [%d0];\n" + waiting + copies, early: true, after: []int{0}}}, "", ""},
		{"a read before the wait", []nodeUse{{from: 0, to: 8, body: copies}, {from: 8, to: 16, body: copies + waiting, early: true, after: []int{0}}}, sim.EarlyAccess,
			"launch 1, snippet, reads what launch 0, snippet, wrote, at offset 32: that launch may not have ended before griddepcontrol.wait returns"},
		{"a write before the wait", []nodeUse{{from: 0, to: 8, body: copies}, {from: 16, to: 0, body: copies + waiting, early: true, after: []int{0}}}, sim.EarlyAccess,
			"launch 1, snippet, writes what launch 0, snippet, read"},
		{"what the launch before the last wrote", []nodeUse{{from: 0, to: 8, body: copies}, {from: 24, to: 32, body: waiting + copies, early: true, after: []int{0}},
			{from: 8, to: 40, body: copies + waiting, early: true, after: []int{1}}}, sim.EarlyAccess, "launch 2, snippet, reads what launch 0, snippet, wrote"},
		{"the same after an edge that waits for all", []nodeUse{{from: 0, to: 8, body: copies}, {from: 24, to: 32, body: copies, after: []int{0}},
			{from: 8, to: 40, body: copies + waiting, early: true, after: []int{1}}}, "", ""},
		{"a lane that does not wait", []nodeUse{{from: 0, to: 8, body: copies},
			{from: 8, to: 16, body: "setp.eq.u32 %p1, %r2, 5; @%p1 bra $on; griddepcontrol.wait; $on:\n" + copies, early: true, after: []int{0}}}, sim.EarlyAccess, "at offset 52"},
		{"no wait", []nodeUse{{from: 0, to: 8, body: copies}, {from: 24, to: 16, body: copies, early: true, after: []int{0}}}, sim.EarlyAccess,
			"launch 1, snippet, may begin before those before it have ended, and no thread of it comes to griddepcontrol.wait"},
	} {
		t.Run(test.name, func(t *testing.T) {
			order := []int{0, 1, 2}[:len(test.nodes)]
			err := runNodes(t, test.nodes, order)
			if test.kind == "" {
				require.NoError(t, err)
				return
			}
			assert.Contains(t, findingsOf(t, err), test.kind)
			assert.ErrorContains(t, err, test.says)
		})
	}
}

// What a kernel does before griddepcontrol.wait is a part of its estimate, by its machine code: here a chain of 4000 multiply-adds of 4 cycles.
func TestEstimateOfAPrologue(t *testing.T) {
	l := compiler(t)
	const source = `extern "C" __global__ void prologue(float* x)
{
    float sum = threadIdx.x;
    #pragma unroll 1
    for (int i = 0; i < 4000; i++)
        sum = sum * 0.5f + 1;
    asm volatile("griddepcontrol.wait;" ::: "memory");
    x[threadIdx.x] = sum;
}`
	code, err := timed.Source(l, nvrtc.Source{Name: "prologue.cu", Text: source}, "-arch=compute_90", "-lineinfo", "--std=c++17")
	require.NoError(t, err)
	d := estimator(t, "h200")
	m, err := d.Load(code.Image)
	require.NoError(t, err)
	k, err := m.Kernel("prologue")
	require.NoError(t, err)
	c, err := d.Launch(k, linear(1), linear(32), 0, pack(upload(t, d, make([]float32, 32))))
	require.NoError(t, err)
	assert.Greater(t, c.Estimate.Prologue, 4*4000/1.98e9)
	assert.InEpsilon(t, c.Estimate.Seconds-c.Estimate.LaunchSeconds, c.Estimate.Prologue, 0.1)
}
