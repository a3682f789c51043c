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

// eachMode calls f for the modes that run a case in different ways, the engine's own first.
func eachMode(c kerneltest.Case, f func(mode string, passes []rewrite.Pass)) {
	seen := map[string]bool{}
	for _, mode := range slices.Sorted(maps.Keys(modes)) {
		passes := modes[mode]
		what := ""
		for _, op := range (runner{passes: passes}).rewrite(c.Ops) {
			what += fmt.Sprintf("%T", op.Op)
			for _, member := range Together(op) {
				what += fmt.Sprintf(" %T %s %v;", member.Op, Algorithm(member.Op), member.Parts)
			}
		}
		if !seen[what] {
			seen[what] = true
			f(mode, passes)
		}
	}
}

// Every case is right in every mode, and its bits do not depend on the number of workers.
func TestCases(t *testing.T) {
	onEachVariant(t, func(t *testing.T) {
		for _, c := range kerneltest.Cases() {
			eachMode(c, func(mode string, passes []rewrite.Pass) {
				workers := []int{1, 3}
				if mode == "default" {
					workers = []int{1, 2, 4}
				}
				if raceDetector { // which has nothing to find in one worker, and takes long
					workers = []int{4}
				}
				first := recorder{runner: runner{workers[0], passes}}
				_, err := c.Check(&first)
				assert.NoError(t, err, mode)
				for _, n := range workers[1:] {
					mem := c.Memory()
					_, err := runner{n, passes}.Run(c.Ops, mem)
					require.NoError(t, err)
					assert.True(t, sameBits(first.mem, mem), "%s, %s, with %d workers", c.Name, mode, n)
				}
			})
		}
	})
}

// A run may move from a CPU with AVX-512 to one without, and back.
func TestAVX512RoundsAsAVX2(t *testing.T) {
	if !slices.Contains(Variants(), avx512) {
		t.Skip("this CPU has no AVX-512")
	}
	used := Variant()
	defer func() { require.NoError(t, Select(used)) }()
	for _, c := range kerneltest.Cases() {
		eachMode(c, func(mode string, passes []rewrite.Pass) {
			mem := map[string]map[*kernels.Buffer]kernels.Mem{}
			for _, v := range []string{avx2, avx512} {
				require.NoError(t, Select(v))
				mem[v] = c.Memory()
				_, err := runner{1, passes}.Run(c.Ops, mem[v])
				require.NoError(t, err)
				assert.Equal(t, avx2, Rounding())
			}
			assert.True(t, sameBits(mem[avx2], mem[avx512]), "%s, %s", c.Name, mode)
		})
	}
}

// recorder is a runner that remembers what it left in memory.
type recorder struct {
	runner
	mem map[*kernels.Buffer]kernels.Mem
}

// Run implements kerneltest.Runner.
func (r *recorder) Run(ops []kernels.Op, mem map[*kernels.Buffer]kernels.Mem) (algorithms []string, err error) {
	r.mem = mem
	return r.runner.Run(ops, mem)
}

// sameBits says whether all buffers hold the same, NaNs included.
func sameBits(a, b map[*kernels.Buffer]kernels.Mem) bool {
	return maps.EqualFunc(a, b, func(a, b kernels.Mem) bool {
		return slices.Equal(a.I32, b.I32) && slices.EqualFunc(a.F32, b.F32, func(v, w float32) bool {
			return math.Float32bits(v) == math.Float32bits(w)
		})
	})
}

// The table has lists that each kind of fused op stands for.
func TestCasesAreFused(t *testing.T) {
	seen, folded, ended := map[string]bool{}, map[string]bool{}, map[string]bool{}
	for _, c := range kerneltest.Cases() {
		eachMode(c, func(_ string, passes []rewrite.Pass) {
			for _, op := range (runner{passes: passes}).rewrite(c.Ops) {
				for _, op := range append(Together(op), op) {
					seen[fmt.Sprintf("%T %s", op.Op, Algorithm(op.Op))] = true
					ended[op.Name()+" "+Algorithm(op.Op)] = true
					if foldOf(op.Op) != nil {
						folded[op.Name()+" "+Algorithm(op.Op)] = true
					}
				}
				if d, ok := op.Op.(depthFirst); ok {
					for _, member := range d.Ops {
						seen[fmt.Sprintf("%T %s depth first", member.Op, Algorithm(member.Op))] = true
					}
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
	for _, name := range []string{"conv2d_fprop_norm", "conv2d_fprop_norm_relu", "conv2d_fprop_norm_pool"} {
		for _, how := range []string{"direct", "depthwise"} {
			assert.True(t, folded[name+" "+how], "no case of kernels/kerneltest runs as %s, %s: add a list that does", name, how)
		}
	}
	assert.True(t, folded["conv2d_fprop_norm_relu "+winogradCodes[2].String()] && folded["conv2d_fprop_norm_relu "+winogradCodes[3].String()])
	for _, name := range []string{"conv2d_fprop_add", "conv2d_fprop_add_relu", "conv2d_fprop_add_relu6"} {
		for _, how := range []string{"direct", "depthwise", winogradCodes[2].String(), winogradCodes[3].String()} {
			assert.True(t, ended[name+" "+how], "no case of kernels/kerneltest runs as %s, %s: add a list that does", name, how)
		}
	}
	for _, name := range []string{"batch_norm_fprop_relu", "batch_norm_fprop_add_relu"} {
		assert.True(t, ended[name+" "], "no case of kernels/kerneltest runs as %s: add a list that does", name)
	}
	for _, op := range []string{"kernels.Conv2DFprop", "kernels.Conv2DDgrad", "kernels.Conv2DWgrad", "cpu.conv2DChain"} {
		assert.True(t, seen[op+" depthwise"], op)
	}
	for _, op := range []string{"kernels.Conv2DWgrad direct", "kernels.Conv2DDgrad direct", "kernels.Pool2DDgrad ", "kernels.BiasWgrad "} {
		assert.True(t, seen[op+" depth first"], "no case of kernels/kerneltest runs %s depth first: add a list that does", op)
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
