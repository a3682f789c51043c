package kerneltest_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
)

// TestGradientsAreDerivatives holds the oracle's gradients by central differences of its forward ops in float64: with the
// loss L = Σ DY·Y for a random DY, (L(x+h) − L(x−h))/2h is ∂L/∂x up to h² and the rounding of L, about 1e-16/h.
func TestGradientsAreDerivatives(t *testing.T) {
	for _, c := range differenceCases(t) {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 5))
			if c.compute == nil {
				c.compute = func() []float64 { return result(t, c.forward, c.in, c.y) }
			}
			var dy []float64
			if c.dy == nil {
				dy = make([]float64, len(c.compute()))
				for i := range dy {
					dy[i] = r.NormFloat64()
				}
			} else {
				dy = c.dy
			}
			loss := func() float64 {
				l := 0.0
				for i, v := range c.compute() {
					l += dy[i] * v
				}
				return l
			}
			got := c.gradient(dy)
			require.Len(t, got, len(c.in[c.by]))
			const h = 1e-5
			for i, x := range c.in[c.by] {
				c.in[c.by][i] = x + h
				up := loss()
				c.in[c.by][i] = x - h
				down := loss()
				c.in[c.by][i] = x
				assert.InDelta(t, (up-down)/(2*h), got[i], 1e-8*(1+math.Abs(got[i])), "element %d", i)
			}
		})
	}
}

// differenceCase is a forward op, its operands, the one of them to differentiate by, and its output.
type differenceCase struct {
	name     string
	forward  kernels.Op
	compute  func() []float64 // several ops that are one function of in; forward by itself if nil
	in       [][]float64
	by, y    int
	dy       []float64 // random if nil
	gradient func(dy []float64) []float64
}

func result(t *testing.T, op kernels.Op, in [][]float64, operand int) []float64 {
	out, err := kerneltest.Compute(op, in)
	require.NoError(t, err)
	return wants(out[operand])
}

func differenceCases(t *testing.T) []differenceCase {
	there := kernels.NewBuffer("there", kernels.Float32, 1)
	r := rand.New(rand.NewPCG(1, 2))
	draw := func(n int) []float64 {
		list := make([]float64, n)
		for i := range list {
			list[i] = r.NormFloat64()
		}
		return list
	}
	var cases []differenceCase
	keep := func(c differenceCase) { cases = append(cases, c) }

	for _, s := range []struct {
		size, stride, dilation [2]int
		padding                kernels.Padding
	}{
		{[2]int{3, 2}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid}, {[2]int{3, 3}, [2]int{2, 1}, [2]int{1, 1}, kernels.Same},
		{[2]int{2, 2}, [2]int{3, 4}, [2]int{1, 1}, kernels.Valid}, {[2]int{2, 3}, [2]int{2, 2}, [2]int{3, 2}, kernels.Same},
	} {
		window, err := kernels.NewWindow([2]int{6, 7}, s.size, s.stride, s.dilation, s.padding)
		require.NoError(t, err)
		g := kernels.Conv2D{N: 2, C: 3, K: 2, Window: window}
		x, w, b := draw(2*6*7*3), draw(window.R*window.S*3*2), draw(2)
		in := [][]float64{x, w, b, nil}
		forward := kernels.Conv2DFprop{Conv2D: g, X: there, W: there, B: there, Y: there}
		name := fmt.Sprint("conv ", g)
		keep(differenceCase{name: name + " by x", forward: forward, in: in, by: 0, y: 3, gradient: func(dy []float64) []float64 {
			return result(t, kernels.Conv2DDgrad{Conv2D: g, DY: there, W: there, DX: there}, [][]float64{dy, w, nil}, 2)
		}})
		keep(differenceCase{name: name + " by w", forward: forward, in: in, by: 1, y: 3, gradient: func(dy []float64) []float64 {
			return result(t, kernels.Conv2DWgrad{Conv2D: g, X: there, DY: there, DW: there}, [][]float64{x, dy, make([]float64, len(w))}, 2)
		}})
		keep(differenceCase{name: name + " by b", forward: forward, in: in, by: 2, y: 3, gradient: func(dy []float64) []float64 {
			return result(t, kernels.BiasWgrad{M: len(dy) / 2, K: 2, DY: there, DB: there}, [][]float64{dy, {0, 0}}, 1)
		}})
		for kind := kernels.MaxPool; kind <= kernels.SumPool; kind++ {
			if s.dilation != [2]int{1, 1} {
				continue
			}
			g := kernels.Pool2D{Kind: kind, N: 2, C: 3, Window: window}
			forward, dgrad := kernels.Pool2DFprop{Pool2D: g, X: there, Y: there}, kernels.Pool2DDgrad{Pool2D: g, DY: there, DX: there}
			if kind.Picks() {
				forward.Index, dgrad.Index = there, there
			}
			in := [][]float64{x, nil, nil}
			keep(differenceCase{name: fmt.Sprint(g), forward: forward, in: in, by: 0, y: 1, gradient: func(dy []float64) []float64 {
				var index []float64
				if kind.Picks() {
					index = result(t, forward, in, 2)
				}
				return result(t, dgrad, [][]float64{dy, index, nil}, 2)
			}})
		}
	}

	for _, groups := range []int{2, 4} {
		window, err := kernels.NewWindow([2]int{5, 4}, [2]int{3, 2}, [2]int{2, 1}, [2]int{1, 2}, kernels.Same)
		require.NoError(t, err)
		g := kernels.Conv2D{N: 2, C: 4, K: 8, Groups: groups, Window: window}
		x, w := draw(g.Inputs()), draw(g.Weights())
		forward := kernels.Conv2DFprop{Conv2D: g, X: there, W: there, Y: there}
		name := fmt.Sprint("conv ", g)
		keep(differenceCase{name: name + " by x", forward: forward, in: [][]float64{x, w, nil, nil}, by: 0, y: 3, gradient: func(dy []float64) []float64 {
			return result(t, kernels.Conv2DDgrad{Conv2D: g, DY: there, W: there, DX: there}, [][]float64{dy, w, nil}, 2)
		}})
		keep(differenceCase{name: name + " by w", forward: forward, in: [][]float64{x, w, nil, nil}, by: 1, y: 3, gradient: func(dy []float64) []float64 {
			return result(t, kernels.Conv2DWgrad{Conv2D: g, X: there, DY: there, DW: there}, [][]float64{x, dy, make([]float64, len(w))}, 2)
		}})
	}

	g := kernels.Dense{N: 3, C: 5, K: 4}
	x, w := draw(15), draw(20)
	in := [][]float64{x, w, draw(4), nil}
	dense := kernels.DenseFprop{Dense: g, X: there, W: there, B: there, Y: there}
	keep(differenceCase{name: "dense by x", forward: dense, in: in, by: 0, y: 3, gradient: func(dy []float64) []float64 {
		return result(t, kernels.DenseDgrad{Dense: g, DY: there, W: there, DX: there}, [][]float64{dy, w, nil}, 2)
	}})
	keep(differenceCase{name: "dense by w", forward: dense, in: in, by: 1, y: 3, gradient: func(dy []float64) []float64 {
		return result(t, kernels.DenseWgrad{Dense: g, X: there, DY: there, DW: there}, [][]float64{x, dy, make([]float64, 20)}, 2)
	}})

	for _, f := range kernels.Functions() {
		a := kernels.Activation{Function: f}
		if f.Parameter() != "" {
			a.Alpha = 0.3
		}
		forward := kernels.ActivationFprop{Activation: a, X: there, Y: there}
		in := [][]float64{draw(20), nil}
		keep(differenceCase{name: f.String(), forward: forward, in: in, by: 0, y: 1, gradient: func(dy []float64) []float64 {
			v := in[0]
			if !f.FromX() {
				v = result(t, forward, in, 1)
			}
			return result(t, kernels.ActivationDgrad{Activation: a, V: there, DY: there, DX: there}, [][]float64{v, dy, nil}, 2)
		}})
	}

	for _, f := range kernels.BinaryFunctions() {
		g := kernels.Binary{Function: f, N: 2, M: 3, K: 5}
		forward, dgrad := kernels.BinaryFprop{Binary: g, A: there, B: there, Y: there}, kernels.BinaryDgrad{Binary: g, A: there, B: there, DY: there, DA: there, DB: there}
		a, b := draw(30), draw(10)
		in := [][]float64{a, b, nil}
		keep(differenceCase{name: f.String() + " by a", forward: forward, in: in, by: 0, y: 2, gradient: func(dy []float64) []float64 {
			return result(t, dgrad, [][]float64{a, b, dy, nil, nil}, 3)
		}})
		keep(differenceCase{name: f.String() + " by b", forward: forward, in: in, by: 1, y: 2, gradient: func(dy []float64) []float64 {
			db := make([]float64, 10)
			for i, v := range result(t, dgrad, [][]float64{a, b, dy, nil, nil}, 4) {
				db[i/15*5+i%5] += v
			}
			return db
		}})
	}
	prelu := kernels.PReLU{M: 6, K: 4}
	pin := [][]float64{draw(24), draw(4), nil}
	preluFprop := kernels.PReLUFprop{PReLU: prelu, X: there, A: there, Y: there}
	keep(differenceCase{name: "prelu by x", forward: preluFprop, in: pin, by: 0, y: 2, gradient: func(dy []float64) []float64 {
		return result(t, kernels.PReLUDgrad{PReLU: prelu, X: there, A: there, DY: there, DX: there}, [][]float64{pin[0], pin[1], dy, nil}, 3)
	}})
	keep(differenceCase{name: "prelu by a", forward: preluFprop, in: pin, by: 1, y: 2, gradient: func(dy []float64) []float64 {
		terms := result(t, kernels.PReLUTerms{PReLU: prelu, X: there, DY: there, T: there}, [][]float64{pin[0], dy, nil}, 2)
		return result(t, kernels.BiasWgrad{M: 6, K: 4, DY: there, DB: there}, [][]float64{terms, make([]float64, 4)}, 1)
	}})

	softmax := kernels.SoftmaxFprop{N: 3, K: 5, X: there, Y: there}
	logits := [][]float64{draw(15), nil}
	keep(differenceCase{name: "softmax", forward: softmax, in: logits, by: 0, y: 1, gradient: func(dy []float64) []float64 {
		y := result(t, softmax, logits, 1)
		return result(t, kernels.SoftmaxDgrad{N: 3, K: 5, Y: there, DY: there, DX: there}, [][]float64{y, dy, nil}, 2)
	}})

	// The gradient of the mean over the three rows that are examples.
	labels := []float64{4, -1, 0, 2}
	examples := [][]float64{draw(20), labels, nil, nil}
	for _, smoothing := range []float32{0, 0.25} {
		cross := kernels.CrossEntropyFprop{N: 4, K: 5, Smoothing: smoothing, X: there, Labels: there, Y: there, Loss: there}
		name := fmt.Sprintf("cross-entropy, smoothing %v", smoothing)
		keep(differenceCase{name: name, forward: cross, in: examples, by: 0, y: 3, dy: []float64{1. / 3, 1. / 3, 1. / 3, 1. / 3},
			gradient: func([]float64) []float64 {
				y := result(t, cross, examples, 2)
				return result(t, kernels.CrossEntropyDgrad{N: 4, K: 5, Smoothing: smoothing, Y: there, Labels: there, DX: there}, [][]float64{y, labels, nil}, 2)
			}})
	}

	cases = append(cases, lossDifferences(t)...)
	for _, each := range []bool{false, true} {
		p := kernels.Penalty{L1: 0.3, L2: 0.7, N: 4, Classes: 3, Each: each}
		at := kernels.NewBuffer("x", kernels.Float32, 20)
		in := [][]float64{draw(20), {0, 2, -1, 1}, draw(4)}
		keep(differenceCase{
			name: fmt.Sprintf("penalty %+v", p), forward: kernels.PenaltyFprop{Penalty: p, X: at, Labels: there, Loss: there}, in: in, by: 0, y: 2,
			dy: []float64{1. / 3, 1. / 3, 1. / 3, 1. / 3}, gradient: func([]float64) []float64 {
				return result(t, kernels.PenaltyDgrad{Penalty: p, X: at, Labels: there, DY: there, DX: there}, [][]float64{in[0], in[1], make([]float64, 20), nil}, 3)
			},
		})
	}

	enlarged := kernels.Bilinear2D{N: 2, H: 3, W: 2, C: 2, FactorH: 3, FactorW: 2}
	bilinear := kernels.Bilinear2DFprop{Bilinear2D: enlarged, X: there, Y: there}
	keep(differenceCase{name: "bilinear", forward: bilinear, in: [][]float64{draw(24), nil}, by: 0, y: 1, gradient: func(dy []float64) []float64 {
		return result(t, kernels.Bilinear2DDgrad{Bilinear2D: enlarged, DY: there, DX: there}, [][]float64{dy, nil}, 1)
	}})
	rescale := kernels.Rescale{Scale: 0.3, Offset: 2, X: there, Y: there}
	keep(differenceCase{name: "rescale", forward: rescale, in: [][]float64{draw(20), nil}, by: 0, y: 1, gradient: func(dy []float64) []float64 {
		return result(t, kernels.Rescale{Scale: 0.3, X: there, Y: there}, [][]float64{dy, nil}, 1)
	}})
	moved := kernels.Copy{XShape: [4]int{2, 3, 4, 5}, YShape: [4]int{5, 2, 6, 3}, Axes: [4]int{3, 0, 2, 1}, Box: [4]int{4, 2, 3, 2}, XAt: [4]int{0, 1, 1, 0}, YAt: [4]int{1, 0, 2, 1}, X: there, Y: there}
	keep(differenceCase{name: "copy", forward: moved, in: [][]float64{draw(120), nil}, by: 0, y: 1, gradient: func(dy []float64) []float64 {
		return result(t, moved.Back(there, there), [][]float64{dy, nil}, 1)
	}})
	cases = append(cases, batchNormDifferences(t, draw)...)
	cases = append(cases, groupNormDifferences(t)...)
	for _, f := range []kernels.ThresholdReLU{{Threshold: 0.03}, {Threshold: 1.03, Slope: 0.3, Max: 2.03}} {
		values := spaced(60)
		in := [][]float64{values, nil}
		forward := kernels.ThresholdReLUFprop{ThresholdReLU: f, X: there, Y: there}
		keep(differenceCase{name: fmt.Sprint("threshold relu ", f), forward: forward, in: in, by: 0, y: 1, gradient: func(dy []float64) []float64 {
			return result(t, kernels.ThresholdReLUDgrad{ThresholdReLU: f, X: there, DY: there, DX: there}, [][]float64{values, dy, nil}, 2)
		}})
	}
	for kind := kernels.MaxPool; kind <= kernels.SumPool; kind++ {
		g := kernels.AdaptivePool2D{Kind: kind, N: 2, H: 5, W: 4, C: 3, P: 3, Q: 3}
		forward, dgrad := kernels.AdaptivePool2DFprop{AdaptivePool2D: g, X: there, Y: there}, kernels.AdaptivePool2DDgrad{AdaptivePool2D: g, DY: there, DX: there}
		if kind.Picks() {
			forward.Index, dgrad.Index = there, there
		}
		in := [][]float64{spaced(120), nil, nil}
		keep(differenceCase{name: fmt.Sprint("adaptive ", g), forward: forward, in: in, by: 0, y: 1, gradient: func(dy []float64) []float64 {
			var index []float64
			if kind.Picks() {
				index = result(t, forward, in, 2)
			}
			return result(t, dgrad, [][]float64{dy, index, nil}, 2)
		}})
	}

	dropout := kernels.Dropout{Rate: 0.3, Seed: 1, Stream: 2, X: there, Step: there, Y: there}
	dropped := [][]float64{draw(20), {7}, nil}
	keep(differenceCase{name: "dropout", forward: dropout, in: dropped, by: 0, y: 2, gradient: func(dy []float64) []float64 {
		return result(t, dropout, [][]float64{dy, {7}, nil}, 2)
	}})
	return cases
}

// batchNormDifferences are those of a batch normalisation with the batch's own mean and variance: a change of X changes these too. The third of
// four images is no example.
func batchNormDifferences(t *testing.T, draw func(n int) []float64) (cases []differenceCase) {
	there := kernels.NewBuffer("there", kernels.Float32, 1)
	g, e := kernels.BatchNorm{N: 4, P: 3, C: 2}, kernels.Examples{Labels: there, Classes: 5}
	labels := []float64{4, 0, -1, 2}
	statsOf := kernels.BatchNormStats{BatchNorm: g, Examples: e, X: there, Mean: there, Variance: there}
	fprop := kernels.BatchNormFprop{BatchNorm: g, Epsilon: 0.1, X: there, Mean: there, Variance: there, Gamma: there, Beta: there, Y: there}
	sumsOf := kernels.BatchNormSums{BatchNorm: g, Examples: e, Epsilon: 0.1, X: there, Mean: there, Variance: there, DY: there, DYSum: there, DYXSum: there}
	dgrad := kernels.BatchNormDgrad{BatchNorm: g, Examples: e, Epsilon: 0.1, X: there, Mean: there, Variance: there, Gamma: there, DY: there,
		DYSum: there, DYXSum: there, DX: there}
	in := [][]float64{draw(24), draw(2), draw(2)} // x, gamma, beta
	stats := func() (mean, variance []float64) {
		of := [][]float64{in[0], labels, nil, nil}
		return result(t, statsOf, of, 2), result(t, statsOf, of, 3)
	}
	// The rows that are no example have no gradient: whoever computes a loss leaves them out.
	forward := func() []float64 {
		mean, variance := stats()
		y := result(t, fprop, [][]float64{in[0], mean, variance, in[1], in[2], nil}, 5)
		clear(y[12:18])
		return y
	}
	sums := func(dy []float64, operand int) []float64 {
		mean, variance := stats()
		return result(t, sumsOf, [][]float64{in[0], labels, mean, variance, dy, nil, nil}, operand)
	}
	for by, gradient := range []func(dy []float64) []float64{
		func(dy []float64) []float64 {
			mean, variance := stats()
			return result(t, dgrad, [][]float64{in[0], labels, mean, variance, in[1], dy, sums(dy, 5), sums(dy, 6), nil}, 8)
		},
		func(dy []float64) []float64 { return sums(dy, 6) },
		func(dy []float64) []float64 { return sums(dy, 5) },
	} {
		cases = append(cases, differenceCase{
			name: "batch normalisation by " + []string{"x", "gamma", "beta"}[by], compute: forward, in: in, by: by, gradient: gradient,
		})
	}
	return cases
}

// spaced are n numbers, all different and in no order.
func spaced(n int) []float64 {
	list := make([]float64, n)
	for i, at := range rand.New(rand.NewPCG(5, 6)).Perm(n) {
		list[i] = float64(at) / 16
	}
	return list
}

// groupNormDifferences are those of a normalisation within examples, whose mean and variance change with X.
func groupNormDifferences(t *testing.T) (cases []differenceCase) {
	there := kernels.NewBuffer("there", kernels.Float32, 1)
	r := rand.New(rand.NewPCG(7, 9))
	draw := func(n int) []float64 {
		list := make([]float64, n)
		for i := range list {
			list[i] = r.NormFloat64()
		}
		return list
	}
	for _, g := range []kernels.GroupNorm{{N: 2, P: 3, C: 6, G: 2}, {N: 4, P: 1, C: 5, G: 1}, {N: 2, P: 4, C: 3, G: 3}} {
		fprop := kernels.GroupNormFprop{GroupNorm: g, Epsilon: 0.1, X: there, Gamma: there, Beta: there, Mean: there, Variance: there, Y: there}
		dgrad := kernels.GroupNormDgrad{GroupNorm: g, Epsilon: 0.1, X: there, Mean: there, Variance: there, Gamma: there, DY: there, DX: there}
		wgrad := kernels.GroupNormWgrad{GroupNorm: g, Epsilon: 0.1, X: there, Mean: there, Variance: there, DY: there, DGamma: there}
		in := [][]float64{draw(g.Elements()), draw(g.C), draw(g.C), nil, nil, nil}
		name := fmt.Sprint("group norm ", g)
		for by, gradient := range map[int]func(dy []float64) []float64{
			0: func(dy []float64) []float64 {
				return result(t, dgrad, [][]float64{in[0], result(t, fprop, in, 3), result(t, fprop, in, 4), in[1], dy, nil}, 5)
			},
			1: func(dy []float64) []float64 {
				return result(t, wgrad, [][]float64{in[0], result(t, fprop, in, 3), result(t, fprop, in, 4), dy, make([]float64, g.C)}, 4)
			},
		} {
			cases = append(cases, differenceCase{name: fmt.Sprint(name, " by operand ", by), forward: fprop, in: in, by: by, y: 5, gradient: gradient})
		}
	}
	return cases
}

// lossDifferences are those of the losses of targets, by the logits, whose third row of four is no example.
func lossDifferences(t *testing.T) (cases []differenceCase) {
	there := kernels.NewBuffer("there", kernels.Float32, 1)
	r := rand.New(rand.NewPCG(7, 8))
	labels := []float64{0, 0, -1, 2}
	keep := func(name string, forward, dgrad kernels.Op, loss int) {
		x, targets := make([]float64, 20), make([]float64, 20)
		for i := range x {
			x[i], targets[i] = 2*r.NormFloat64(), r.Float64()
			if i < 10 {
				targets[i] = math.Round(targets[i])
			}
		}
		in := [][]float64{x, targets, labels, nil, nil}[:loss+1]
		cases = append(cases, differenceCase{name: name, forward: forward, in: in, by: 0, y: loss, dy: []float64{1. / 3, 1. / 3, 1. / 3, 1. / 3},
			gradient: func([]float64) []float64 { return result(t, dgrad, [][]float64{x, targets, labels, nil}, 3) }})
	}
	for _, g := range []kernels.Categorical{{Alpha: 1}, {Alpha: 0.25, Gamma: 2}, {Alpha: 2, Gamma: 0.5}} {
		g.N, g.K = 4, 5
		keep(fmt.Sprintf("categorical cross-entropy %+v", g), kernels.CategoricalCrossEntropyFprop{Categorical: g, X: there, Targets: there, Labels: there, Y: there, Loss: there},
			kernels.CategoricalCrossEntropyDgrad{Categorical: g, X: there, Targets: there, Labels: there, DX: there}, 4)
	}
	var list []kernels.ElementLoss
	for _, f := range kernels.LossFunctions() {
		list = append(list, kernels.ElementLoss{Function: f, Delta: 0.5})
	}
	list = append(list, kernels.ElementLoss{Function: kernels.BinaryCrossEntropy, Gamma: 2}, kernels.ElementLoss{Function: kernels.BinaryCrossEntropy, Alpha: 0.25, Gamma: 0.5})
	for _, g := range list {
		g.N, g.K = 4, 5
		keep(fmt.Sprintf("element loss %+v", g), kernels.ElementLossFprop{ElementLoss: g, X: there, Targets: there, Labels: there, Loss: there},
			kernels.ElementLossDgrad{ElementLoss: g, X: there, Targets: there, Labels: there, DX: there}, 3)
	}
	return cases
}
