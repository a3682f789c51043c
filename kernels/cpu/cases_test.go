package cpu

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/kernels/rewrite"
)

// onEachVariant runs f on every variant of the code that this machine has.
func onEachVariant(t *testing.T, f func(t *testing.T)) {
	used := Variant()
	defer func() { require.NoError(t, Select(used)) }()
	for _, v := range Variants() {
		require.NoError(t, Select(v))
		t.Run(v, f)
	}
}

// eachManner calls f for the ways to run a case that differ, the engine's own first.
func eachManner(c kerneltest.Case, f func(manner string, passes []rewrite.Pass)) {
	seen := map[string]bool{}
	for _, manner := range slices.Sorted(maps.Keys(manners)) {
		passes := manners[manner]
		what := ""
		for _, op := range (runner{passes: passes}).rewrite(c.Ops) {
			what += fmt.Sprintf("%T", op.Op)
			for _, member := range Together(op) {
				what += fmt.Sprintf(" %T %s %v;", member.Op, Algorithm(member.Op), member.Parts)
			}
		}
		if !seen[what] {
			seen[what] = true
			f(manner, passes)
		}
	}
}

// Every case is right in every manner, and its bits do not depend on the number of workers.
func TestCases(t *testing.T) {
	onEachVariant(t, func(t *testing.T) {
		for _, c := range kerneltest.Cases() {
			eachManner(c, func(manner string, passes []rewrite.Pass) {
				workers := []int{1, 3}
				if manner == "default" {
					workers = []int{1, 2, 4}
				}
				if raceDetector { // which has nothing to find in one worker, and takes long
					workers = []int{4}
				}
				_, err := c.Check(runner{workers[0], passes})
				assert.NoError(t, err, manner)
				first := bitsOf(t, c, runner{workers[0], passes})
				for _, n := range workers[1:] {
					assert.True(t, slices.Equal(first, bitsOf(t, c, runner{n, passes})), "%s, %s, with %d workers", c.Name, manner, n)
				}
			})
		}
	})
}

// bitsOf is what a case leaves in memory.
func bitsOf(t *testing.T, c kerneltest.Case, r runner) []uint32 {
	mem := c.Memory()
	_, err := r.Run(c.Ops, mem)
	require.NoError(t, err)
	var list []uint32
	for _, op := range c.Ops {
		for _, o := range op.Operands() {
			if o.Buffer == nil {
				continue
			}
			root, _ := o.Buffer.Root()
			for _, v := range mem[root].F32 {
				list = append(list, math.Float32bits(v))
			}
			for _, v := range mem[root].I32 {
				list = append(list, uint32(v))
			}
		}
	}
	return list
}

// The table has lists that each kind of fused op stands for.
func TestCasesAreFused(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range kerneltest.Cases() {
		eachManner(c, func(_ string, passes []rewrite.Pass) {
			for _, op := range (runner{passes: passes}).rewrite(c.Ops) {
				for _, op := range append(Together(op), op) {
					seen[fmt.Sprintf("%T %s", op.Op, Algorithm(op.Op))] = true
				}
			}
		})
	}
	for _, op := range []kernels.Op{
		conv2DChain{}, conv2DChain{Conv: conv2DFprop{Winograd: 2}}, conv2DChain{Conv: conv2DFprop{Winograd: 3}},
		conv2DFprop{Winograd: 2}, conv2DFprop{Winograd: 3}, conv2DDgrad{Winograd: 2}, conv2DDgrad{Winograd: 3},
		conv2DWgrad{Winograd: 2}, conv2DWgrad{Winograd: 3}, depthFirst{},
	} {
		what := fmt.Sprintf("%T %s", op, Algorithm(op))
		assert.True(t, seen[what], "no case of kernels/kerneltest runs as %s: add a list that does", what)
	}
	assert.True(t, seen["cpu.conv2DPoolGrad sparse sums"] && seen["cpu.conv2DPoolGrad picked sums"])
}

func TestSelect(t *testing.T) {
	used := Variant()
	err := Select("abacus")
	require.ErrorContains(t, err, `"abacus"`)
	assert.ErrorContains(t, err, "portable")
	assert.Equal(t, used, Variant())
}
