package cpu

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// pooledChains are convolutions with pools that take the sums from the registers.
func pooledChains(t *testing.T) []conv2DChain {
	type pair = [2]int
	one, two, three := pair{1, 1}, pair{2, 2}, pair{3, 3}
	var chains []conv2DChain
	for _, s := range []struct {
		n, h, w, c, k                      int
		filter, stride, dilation           pair
		padding                            kernels.Padding
		poolSize, poolStride, poolDilation pair
	}{
		{3, 28, 28, 1, 32, three, one, one, kernels.Valid, two, two, one},
		{5, 9, 8, 3, 16, pair{5, 2}, one, one, kernels.Same, two, pair{3, 2}, one},
		{2, 13, 16, 3, 48, three, pair{1, 2}, pair{2, 1}, kernels.Same, pair{1, 4}, pair{1, 4}, one},
		{1, 12, 9, 2, 16, two, one, one, kernels.Valid, pair{4, 1}, pair{4, 1}, one},
		{2, 11, 11, 5, 16, one, one, one, kernels.Valid, two, pair{3, 4}, pair{2, 3}},
	} {
		window, err := kernels.NewWindow(pair{s.h, s.w}, s.filter, s.stride, s.dilation, s.padding)
		require.NoError(t, err)
		g := kernels.Conv2D{N: s.n, C: s.c, K: s.k, Window: window}
		window, err = kernels.NewWindow(pair{g.P, g.Q}, s.poolSize, s.poolStride, s.poolDilation, kernels.Valid)
		require.NoError(t, err)
		pool := kernels.Pool2D{N: g.N, C: g.K, Window: window}
		require.True(t, canPoolSums(conv2D{g}, pool2D{pool}), "%v, %v", g, pool)
		for _, pool.Kind = range []kernels.PoolKind{kernels.MaxPool, kernels.MinPool} {
			y := kernels.NewBuffer("y", kernels.Float32, g.N, g.P, g.Q, g.K)
			chain := conv2DChain{Conv: conv2DFprop{Conv2DFprop: kernels.Conv2DFprop{Conv2D: g, Y: y}}, Pool: &kernels.Pool2DFprop{Pool2D: pool, X: y}}
			withReLU := chain
			withReLU.Activation = &kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.ReLU}, X: y, Y: y}
			chains = append(chains, chain, withReLU)
		}
	}
	return chains
}

// The order of the sums is that of the convolution by itself, so the chain gives the bits of its parts, run one by one.
func TestPooledChainsAreTheirParts(t *testing.T) {
	used := variant
	defer func() { variant = used }()
	w := NewWorkers(1)
	defer w.Close()
	for _, variant = range Variants() {
		for _, op := range pooledChains(t) {
			g, pool := op.Conv.geometry(), pool2D{op.Pool.Pool2D}
			r := rand.New(rand.NewPCG(uint64(g.depth()), 5))
			random := func(n int) kernels.Mem {
				m := kernels.Mem{F32: make([]float32, n)}
				for i := range m.F32 {
					m.F32[i] = float32(r.NormFloat64())
				}
				return m
			}
			x, filters, bias, maps := random(g.Inputs()), random(g.Weights()), random(g.K), random(g.Outputs())
			for i := range x.F32 {
				if r.IntN(100) == 0 {
					x.F32[i] = special[r.IntN(len(special))]
				}
			}
			pooled := func() (y, index kernels.Mem, all memory) {
				y, index = random(pool.Outputs()), kernels.Mem{I32: make([]int32, pool.Outputs())}
				all.f32[0], all.i32 = y.F32, index.I32
				return y, index, all
			}
			run := func(op kernels.Op, mem ...kernels.Mem) {
				code, err := Prepare(op, 1)
				require.NoError(t, err)
				code.Take()
				w.Reserve(code.Scratch)
				if code.Derive != nil {
					code.Derive(mem, w)
				}
				code.Run(mem, w)
			}
			y, index, got := pooled()
			run(op, x, filters, bias, y, index)
			y, index, want := pooled()
			run(op.Conv, x, filters, bias, maps)
			if op.Activation != nil {
				run(*op.Activation, maps, maps)
			}
			run(*op.Pool, maps, y, index)
			assert.Equal(t, want.bits(), got.bits(), "%v; %v; %s, %s", g, pool, op.Name(), variant)
		}
	}
}
