package sm_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/device/sim/sm"
)

// op is an instruction that waits for nothing.
func op(pipe sm.Pipe, busy float64) sm.Op {
	return sm.Op{Pipe: pipe, Busy: busy, Stall: 1, Write: sm.None, Read: sm.None}
}

func repeated(o sm.Op, n int) []sm.Op {
	ops := make([]sm.Op, n)
	for i := range ops {
		ops[i] = o
	}
	return ops
}

func cycles(ops []sm.Op, blocks, blockWarps int) float64 {
	m := sm.Machine{Request: 1}
	return m.Run(&sm.Program{Blocks: []sm.Block{{Ops: ops, Times: 1}}}, blocks, blockWarps).Cycles
}

// Independent instructions are limited by the scheduler, which issues one in a cycle, or by their pipe.
func TestThroughput(t *testing.T) {
	assert.InDelta(t, 100, cycles(repeated(op(sm.FMA, 1), 100), 1, 4), 2, "one warp in each part")
	assert.InDelta(t, 800, cycles(repeated(op(sm.FMA, 1), 100), 2, 16), 2, "eight")
	assert.InDelta(t, 1600, cycles(repeated(op(sm.FMA, 2), 100), 2, 16), 2, "on half as many lanes")
	mixed := append(repeated(op(sm.FMA, 2), 100), repeated(op(sm.ALU, 2), 100)...)
	assert.InDelta(t, 400, cycles(mixed, 1, 4), 4, "one pipe after the other")
	// All four parts share L1: a pass a cycle.
	assert.InDelta(t, 4*400, cycles(repeated(op(sm.Memory, 4), 100), 1, 4), 30)
}

// A chain of dependent instructions takes their stall counts; a second warp hides them.
func TestLatency(t *testing.T) {
	chain := op(sm.FMA, 1)
	chain.Stall = 4
	assert.InDelta(t, 400, cycles(repeated(chain, 100), 1, 4), 4)
	assert.InDelta(t, 400, cycles(repeated(chain, 100), 4, 4), 4)
	assert.InDelta(t, 800, cycles(repeated(chain, 100), 8, 4), 4)

	load, use := op(sm.Memory, 1), op(sm.FMA, 1)
	load.Latency, load.Write, load.Result = 250, 0, sm.LongScoreboard
	use.Wait = 1
	one := cycles([]sm.Op{load, use, load, use}, 1, 4)
	assert.InDelta(t, 500, one, 12)
	both := cycles([]sm.Op{load, load, use, use}, 1, 4)
	assert.InDelta(t, 260, both, 10, "two loads under way")

	product := op(sm.Tensor, 8)
	product.Latency, product.Result, product.Defines, product.Uses = 33, sm.FixedLatency, []int32{0}, []int32{0}
	assert.InDelta(t, 330, cycles(repeated(product, 10), 1, 4), 33)
}

// DEPBAR waits for all but some of the groups of copies before it.
func TestGroupsOfCopies(t *testing.T) {
	copying, commit, wait := op(sm.Memory, 1), op(sm.NoPipe, 0), op(sm.NoPipe, 0)
	copying.Copy, copying.Latency, copying.Result = true, 500, sm.LongScoreboard
	commit.Kind, commit.Write, commit.Result = sm.Commit, 0, sm.LongScoreboard
	wait.Kind, wait.Board = sm.WaitCount, 0
	late := op(sm.FMA, 1)
	late.Stall = 15
	ops := append([]sm.Op{copying, commit}, repeated(late, 10)...) // the second copy begins 150 cycles later
	ops = append(ops, copying, commit)
	wait.Keep = 1
	assert.InDelta(t, 500, cycles(append(ops[:len(ops):len(ops)], wait), 1, 4), 20)
	wait.Keep = 0
	assert.InDelta(t, 650, cycles(append(ops[:len(ops):len(ops)], wait), 1, 4), 20)
}

// A barrier lets no warp of its block on before the last has come, and does not hold up other blocks.
func TestBarrier(t *testing.T) {
	load, barrier := op(sm.Memory, 1), op(sm.NoPipe, 0)
	load.Latency, load.Write, load.Result = 300, 0, sm.LongScoreboard
	barrier.Kind, barrier.Wait = sm.Barrier, 1
	m := sm.Machine{Request: 1}
	p := &sm.Program{Blocks: []sm.Block{{Ops: []sm.Op{load, barrier}, Times: 1}}}
	r := m.Run(p, 2, 16)
	assert.InDelta(t, 300+2*16, r.Cycles, 45, "the latency, and two cycles for each warp that arrives")
	assert.Greater(t, r.Waits[0][sm.LongScoreboard], 250.0)
}

// What is before the wait for other launches is what the last warp does before it.
func TestGridWait(t *testing.T) {
	wait := op(sm.NoPipe, 0)
	wait.Kind = sm.GridWait
	m := sm.Machine{Request: 1}
	ops := append(append(repeated(op(sm.FMA, 1), 100), wait), repeated(op(sm.FMA, 1), 50)...)
	r := m.Run(&sm.Program{Blocks: []sm.Block{{Ops: ops, Times: 1}}}, 1, 8) // two warps in each part
	assert.InDelta(t, 200, r.Waited, 55, "the two take turns as they like")
	assert.InDelta(t, 300, r.Cycles, 5)
	r = m.Run(&sm.Program{Blocks: []sm.Block{{Ops: ops, Times: 1}}}, 1, 4)
	assert.InDelta(t, 100, r.Waited, 2)
	assert.InDelta(t, 150, r.Cycles, 2)
}

// Of long loops only some turns are run; the time comes out as if all were.
func TestLoops(t *testing.T) {
	load, use := op(sm.Memory, 2), op(sm.FMA, 1)
	load.Latency, load.Write, load.Result = 200, 0, sm.LongScoreboard
	use.Wait = 1
	body := append(append([]sm.Op{load}, use), repeated(op(sm.FMA, 1), 10)...)
	run := func(times float64) float64 {
		m := sm.Machine{Request: 1}
		p := &sm.Program{Blocks: []sm.Block{{Times: 1}, {Ops: body, Times: times}, {Times: 1}}, Loops: []sm.Loop{{First: 1, Last: 1}}}
		return m.Run(p, 2, 8).Cycles
	}
	assert.InEpsilon(t, 10*run(100), run(1000), 0.02)
	assert.InEpsilon(t, 100*run(100), run(10000), 0.02)
	nested := func(outer, inner float64) float64 {
		m := sm.Machine{Request: 1}
		p := &sm.Program{Blocks: []sm.Block{{Ops: body, Times: outer}, {Ops: body, Times: outer * inner}}, Loops: []sm.Loop{{First: 0, Last: 1}, {First: 1, Last: 1}}}
		return m.Run(p, 2, 8).Cycles
	}
	assert.InEpsilon(t, run(1000), nested(10, 99), 0.05)
	assert.InEpsilon(t, run(100*1000), nested(1000, 99), 0.05)
}

// Registers come from two banks, one from each in a cycle.
func TestBanks(t *testing.T) {
	same, both := op(sm.FMA, 1), op(sm.FMA, 1)
	same.Reads, both.Reads = [sm.Banks]int{3, 0}, [sm.Banks]int{1, 1}
	assert.InDelta(t, 300, cycles(repeated(same, 100), 1, 4), 5)
	assert.InDelta(t, 100, cycles(repeated(both, 100), 1, 4), 5)
}
