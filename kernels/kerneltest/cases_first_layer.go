package kerneltest

import (
	"fmt"
	"math/rand/v2"
	"strings"

	"cnn-gpu/kernels"
)

// firstLayerCases are a network's first layer in a training step, forward and backward, where the pool's index is for the gradient alone.
func firstLayerCases() []Case {
	var cases []Case
	one, two, three, seven := [2]int{1, 1}, [2]int{2, 2}, [2]int{3, 3}, [2]int{7, 7}
	for _, s := range []convShape{
		{2, 8, 7, 1, 32, three, one, one, kernels.Valid}, // the tutorial's, but for the size of the images
		{3, 5, 6, 3, 5, three, one, one, kernels.Same},
		{1, 9, 9, 3, 33, three, one, one, kernels.Same},
		{2, 11, 10, 2, 9, [2]int{5, 4}, two, one, kernels.Same},
		{1, 13, 12, 3, 4, seven, two, one, kernels.Same},
		{1, 3, 3, 4, 12, one, one, one, kernels.Valid},
		{1, 8, 8, 1, 70, two, [2]int{2, 1}, one, kernels.Valid},
		{130, 3, 3, 1, 2, two, one, one, kernels.Valid},          // more images than parts of a sum
		{1, 2, 300, 1, 8, [2]int{1, 3}, one, one, kernels.Same},  // rows of more than a block
		{2, 7, 7, 1, 8, three, one, two, kernels.Valid},          // dilated
		{1, 9, 9, 1, 4, [2]int{8, 8}, one, one, kernels.Same},    // too large
		{1, 7, 7, 5, 4, three, one, one, kernels.Valid},          // too many channels
		{1, 7, 7, 2, 4, three, [2]int{1, 3}, one, kernels.Valid}, // too far apart
	} {
		c := chainShape{s, two, two, kernels.Valid}
		cases = append(cases, s.firstLayer())
		if g := s.geometry(); g.P < 2 || g.Q < 2 {
			continue
		}
		cases = append(cases, c.firstLayer(kernels.MaxPool, true), c.firstLayer(kernels.MaxPool, false), c.firstLayer(kernels.AveragePool, true))
	}
	for _, s := range []convShape{
		{3, 6, 7, 1, 8, three, one, one, kernels.Valid},
		{1, 4, 5, 3, 5, three, one, one, kernels.Same},
		{1, 6, 5, 1, 70, two, two, one, kernels.Same},   // of two blocks of filters
		{2, 4, 4, 5, 4, three, one, one, kernels.Valid}, // too many channels
	} {
		c := chainShape{s, two, two, kernels.Valid}.firstLayer(kernels.MaxPool, true)
		for _, at := range []float64{0, 1, 2} { // the last is beyond the batches
			cases = append(cases, s.gathered(c, at, false, true), s.gathered(c, at, true, true))
		}
		cases = append(cases, s.gathered(c, 0, true, false), s.gathered(s.firstLayer(), 0, false, false))
	}
	wide := convShape{1, 2, 300, 1, 2, [2]int{1, 3}, one, one, kernels.Same} // rows of more than a block
	cases = append(cases, wide.gathered(wide.firstLayer(), 0, false, false))
	return append(cases, chainShape{convShape{2, 8, 7, 1, 8, three, one, one, kernels.Valid}, two, two, kernels.Valid}.twoLayers(),
		chainShape{convShape{1, 7, 9, 2, 8, three, one, one, kernels.Valid}, one, two, kernels.Valid}.twoLayers())
}

// twoLayers are the first two of a network.
func (s chainShape) twoLayers() Case {
	c := s.chain(kernels.MaxPool, true)
	c.pool.Index, c.pool.Y = nil, private("pooled", c.pool.Y.Shape...)
	second, _, _ := convShape{c.pool.N, c.pool.P, c.pool.Q, c.pool.C, 5, [2]int{2, 2}, [2]int{1, 1}, [2]int{1, 1}, kernels.Same}.ops()
	second.X, second.W.Name, second.B.Name = c.pool.Y, "w2", "b2"
	return newIntegerListCase(s.String()+"_and_the_next", append(c.ops(), second), nil)
}

// firstLayer is a convolution with a ReLU, and the gradients by its filters and its bias.
func (s convShape) firstLayer() Case {
	ops := s.convReLU()
	conv, relu := ops[0].(kernels.Conv2DFprop), ops[1].(kernels.ActivationFprop)
	dy := private("dmaps", relu.Y.Shape...)
	return newIntegerListCase(s.String()+"_first", append(ops,
		kernels.ActivationDgrad{Activation: relu.Activation, V: relu.Y, DY: float("dy", relu.Y.Shape...), DX: dy},
		kernels.Conv2DWgrad{Conv2D: conv.Conv2D, X: conv.X, DY: dy, DW: float("dw", conv.W.Shape...)},
		kernels.BiasWgrad{M: conv.Outputs() / conv.K, K: conv.K, DY: dy, DB: float("db", conv.K)}), nil)
}

// firstLayer is the same with a pool behind, and before it a ReLU if asked for.
func (s chainShape) firstLayer(kind kernels.PoolKind, withReLU bool) Case {
	c := s.chain(kind, withReLU)
	name := s.String() + "_" + kind.String() + "_first"
	if kind.Picks() {
		c.pool.Index.Keep = false
	}
	pooled, maps := c.pool.Y, c.conv.Y
	dpool := kernels.Pool2DDgrad{Pool2D: c.pool.Pool2D, DY: float("dy", pooled.Shape...), Index: c.pool.Index, DX: private("dpool", maps.Shape...)}
	ops, dy := append(c.ops(), dpool), dpool.DX
	if withReLU {
		dy = private("dmaps", maps.Shape...)
		ops = append(ops, kernels.ActivationDgrad{Activation: c.relu.Activation, V: c.relu.Y, DY: dpool.DX, DX: dy})
		name += "_training"
	}
	g := c.conv.Conv2D
	ops = append(ops, kernels.Conv2DWgrad{Conv2D: g, X: c.conv.X, DY: dy, DW: float("dw", c.conv.W.Shape...)},
		kernels.BiasWgrad{M: g.N * g.P * g.Q, K: g.K, DY: dy, DB: float("db", g.K)})
	if kind.Picks() {
		return newIntegerListCase(name, ops, nil)
	}
	return newListCase(name, ops, nil)
}

// gathered is a case of a first layer whose batch the step gathers out of a set of bytes, at batch number at. Where it trains there are rates for
// each batch, else only the forward part of it is left.
func (s convShape) gathered(c Case, at float64, placed, trains bool) Case {
	conv := c.Ops[0].(kernels.Conv2DFprop)
	const of, batches = 5, 2
	x, shape := conv.X, conv.X.Shape
	x.Keep = false
	g := kernels.GatherBatch{
		N: shape[0], H: shape[1], W: shape[2], C: shape[3], Of: of, Batches: batches,
		Pixels: kernels.Kept("pixels", kernels.Uint8, of, shape[1], shape[2], shape[3]), Labels: integer("labels", of), Order: integer("order", batches, shape[0]),
		At: integer("at", kernels.AtSize), Table: float("table", shape[3], kernels.BytesOfTable), X: x, Y: integer("classes", shape[0]),
	}
	tick, ops, name := kernels.Tick{At: g.At}, c.Ops, s.String()+"_gathered"
	if trains {
		tick.Step, tick.Rates, tick.Rate = integer("step", 1), float("rates", batches+1), float("rate", 1)
		name += "_training"
	} else {
		ops = forwardOf(c.Ops)
	}
	if placed {
		g.Places, g.Outside = integer("places", batches, shape[0], kernels.PlaceSize), float("outside", shape[3])
		name += "_placed"
	}
	order := func(r *rand.Rand, _ int) float64 { return float64(r.IntN(of+1) - 1) }
	return newIntegerListCase(fmt.Sprint(name, "_at_", at), append([]kernels.Op{tick, g}, ops...), map[string]contents{
		"pixels": anyByte, "labels": anyByte, "order": order, "at": cycled(at, batches), "places": cycled(placements(shape[1], shape[2])...),
	})
}

// forwardOf are the ops of a list before the first gradient, for which alone the index of a pool is.
func forwardOf(ops []kernels.Op) (list []kernels.Op) {
	for _, op := range ops {
		if strings.Contains(op.Name(), "grad") {
			break
		}
		if pool, ok := op.(kernels.Pool2DFprop); ok {
			pool.Index = nil
			op = pool
		}
		list = append(list, op)
	}
	return list
}
