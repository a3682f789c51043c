package kerneltest

import (
	"fmt"

	"cnn-gpu/kernels"
)

// pooledGradient are the gradients of a convolution before a pool, as training computes them: what the pool hands on is private.
type pooledGradient struct {
	relu  *kernels.ActivationDgrad // of a ReLU between the two, by the pool's output
	pool  kernels.Pool2DDgrad
	wgrad kernels.Conv2DWgrad
	bias  *kernels.BiasWgrad
	dgrad *kernels.Conv2DDgrad
}

// pooledGradient is, if asked for, with the gradient by the input, or with those of a ReLU and of the bias.
func (s chainShape) pooledGradient(kind kernels.PoolKind, withDX, withReLU bool) pooledGradient {
	_, dgrad, wgrad := s.conv.ops()
	g := s.pool(kind)
	dmaps := private("dmaps", wgrad.DY.Shape...)
	wgrad.DY, wgrad.DW = dmaps, float("dw", wgrad.DW.Shape...)
	p := pooledGradient{
		pool:  kernels.Pool2DDgrad{Pool2D: g, DY: float("dy", g.N, g.P, g.Q, g.C), Index: integer("index", g.N, g.P, g.Q, g.C), DX: dmaps},
		wgrad: wgrad,
	}
	if withDX {
		dgrad.DY, dgrad.DX = dmaps, float("dx", dgrad.DX.Shape...)
		p.dgrad = &dgrad
	}
	if withReLU {
		dy := p.pool.DY
		p.pool.DY = private("dz", dy.Shape...)
		p.relu = &kernels.ActivationDgrad{Activation: kernels.Activation{Function: kernels.ReLU}, V: float("pooled", dy.Shape...), DY: dy, DX: p.pool.DY}
		c := wgrad.Conv2D
		p.bias = &kernels.BiasWgrad{M: c.N * c.P * c.Q, K: c.K, DY: dmaps, DB: float("db", c.K)}
	}
	return p
}

// ops are in the order in which layers emit them.
func (p pooledGradient) ops() []kernels.Op {
	var ops []kernels.Op
	if p.relu != nil {
		ops = append(ops, *p.relu)
	}
	ops = append(ops, p.pool, p.wgrad)
	if p.bias != nil {
		ops = append(ops, *p.bias)
	}
	if p.dgrad != nil {
		ops = append(ops, *p.dgrad)
	}
	return ops
}

// sparse is an index that the pool may have kept, and a gradient of which half is zero, as behind a ReLU.
func (p pooledGradient) sparse() map[string]contents {
	return map[string]contents{"index": indices(p.pool.Pool2D), "dy": halfZero}
}

// gradientCase is a case of integers whose list has gradients of p in it.
func (s chainShape) gradientCase(name string, p pooledGradient, ops ...kernels.Op) Case {
	return newIntegerListCase(fmt.Sprintf("%v_%s", s, name), ops, p.sparse())
}

func pooledGradientCases() []Case {
	var cases []Case
	for _, s := range chainShapes {
		for _, kind := range []kernels.PoolKind{kernels.MaxPool, kernels.MinPool} {
			for _, with := range [][2]bool{{false, false}, {true, false}, {false, true}, {true, true}} {
				p := s.pooledGradient(kind, with[0], with[1])
				name := fmt.Sprintf("%v_%v", s, kind)
				cases = append(cases,
					newIntegerListCase(name+"_int", p.ops(), p.sparse()),
					newListCase(name, p.ops(), map[string]contents{"index": indices(p.pool.Pool2D)}))
			}
		}
	}
	return cases
}
