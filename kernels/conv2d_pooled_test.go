package kernels

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pooledChains are convolutions with pools that take the sums from the registers.
func pooledChains(t *testing.T) []Conv2DChain {
	type pair = [2]int
	one, two, three := pair{1, 1}, pair{2, 2}, pair{3, 3}
	var chains []Conv2DChain
	for _, s := range []struct {
		n, h, w, c, k                      int
		filter, stride, dilation           pair
		padding                            Padding
		poolSize, poolStride, poolDilation pair
	}{
		{3, 28, 28, 1, 32, three, one, one, Valid, two, two, one},
		{5, 9, 8, 3, 16, pair{5, 2}, one, one, Same, two, pair{3, 2}, one},
		{2, 13, 16, 3, 48, three, pair{1, 2}, pair{2, 1}, Same, pair{1, 4}, pair{1, 4}, one},
		{1, 12, 9, 2, 16, two, one, one, Valid, pair{4, 1}, pair{4, 1}, one},
		{2, 11, 11, 5, 16, one, one, one, Valid, two, pair{3, 4}, pair{2, 3}},
	} {
		window, err := NewWindow(pair{s.h, s.w}, s.filter, s.stride, s.dilation, s.padding)
		require.NoError(t, err)
		g := Conv2D{N: s.n, C: s.c, K: s.k, Window: window}
		window, err = NewWindow(pair{g.P, g.Q}, s.poolSize, s.poolStride, s.poolDilation, Valid)
		require.NoError(t, err)
		pool := Pool2D{N: g.N, C: g.K, Window: window}
		require.True(t, canPoolSums(g, pool), "%v, %v", g, pool)
		for _, pool.Kind = range []PoolKind{MaxPool, MinPool} {
			y := NewBuffer("y", Float32, g.N, g.P, g.Q, g.K)
			chain := Conv2DChain{Conv: Conv2DFprop{Conv2D: g, Y: y}, Pool: &Pool2DFprop{Pool2D: pool, X: y}}
			withReLU := chain
			withReLU.ReLU = &ActivationFprop{Function: ReLU, X: y, Y: y}
			chains = append(chains, chain, withReLU)
		}
	}
	return chains
}

// The order of the sums is that of the convolution by itself, so the chain gives the bits of its parts, run one by one.
func TestPooledChainsAreTheirParts(t *testing.T) {
	used := cpu
	defer func() { cpu = used }()
	w := NewWorkers(1)
	defer w.Close()
	for _, cpu = range CPUVariants() {
		for _, op := range pooledChains(t) {
			g, pool := op.Conv.Conv2D, op.Pool.Pool2D
			r := rand.New(rand.NewPCG(uint64(g.depth()), 5))
			random := func(n int) Mem {
				m := Mem{F32: make([]float32, n)}
				for i := range m.F32 {
					m.F32[i] = float32(r.NormFloat64())
				}
				return m
			}
			x, filters, bias, maps := random(g.inputs()), random(g.weights()), random(g.K), random(g.outputs())
			for i := range x.F32 {
				if r.IntN(100) == 0 {
					x.F32[i] = special[r.IntN(len(special))]
				}
			}
			pooled := func() (y, index Mem, all memory) {
				y, index = random(pool.outputs()), Mem{I32: make([]int32, pool.outputs())}
				all.f32[0], all.i32 = y.F32, index.I32
				return y, index, all
			}
			w.Reserve(max(op.Prepare(1).Scratch, op.Conv.Prepare(1).Scratch))
			y, index, got := pooled()
			op.Host([]Mem{x, filters, bias, y, index}, w)
			y, index, want := pooled()
			op.Conv.Host([]Mem{x, filters, bias, maps}, w)
			if op.ReLU != nil {
				op.ReLU.Host([]Mem{maps, maps}, w)
			}
			op.Pool.Host([]Mem{maps, y, index}, w)
			assert.Equal(t, want.bits(), got.bits(), "%v; %v; %s, %s", g, pool, op.Name(), cpu)
		}
	}
}
