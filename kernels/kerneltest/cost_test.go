package kerneltest_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
)

// traffic is an independent count of an op's work: floating-point operations, and the elements of 4 bytes that it reads and writes.
type traffic struct{ flops, read, written int }

// bytesOf is the bytes that an op reads besides.
func bytesOf(op kernels.Op) int {
	if op, ok := op.(kernels.GatherBatch); ok {
		return op.N * op.H * op.W * op.C
	}
	return 0
}

// What an op costs is counted here once more, from its geometry alone.
func TestCostIsWhatTheOpDoes(t *testing.T) {
	for _, c := range append(kerneltest.Cases(), kerneltest.Benchmarks()...) {
		for _, op := range c.Ops {
			want := trafficOf(t, op)
			assert.Equal(t, kernels.Cost{FLOPs: int64(want.flops), Bytes: int64(4*(want.read+want.written) + bytesOf(op))}, op.Cost(), "%s: %s", c.Name, op.Name())
		}
	}
}

// An op that is added needs a line here too.
func trafficOf(t *testing.T, op kernels.Op) traffic {
	switch op := op.(type) {
	case kernels.Conv2DFprop:
		return conv(op.Conv2D).fprop(op.B != nil)
	case kernels.Conv2DDgrad:
		return conv(op.Conv2D).dgrad()
	case kernels.Conv2DWgrad:
		return conv(op.Conv2D).wgrad()
	case kernels.DenseFprop:
		return dense(op.Dense).fprop(op.B != nil)
	case kernels.DenseDgrad:
		return dense(op.Dense).dgrad()
	case kernels.DenseWgrad:
		return dense(op.Dense).wgrad()
	case kernels.BatchNormStats:
		x, labels := op.N*op.P*op.C, op.Labels.Elements()
		return traffic{4 * x, x + labels, 2 * op.C} // the sum; a difference, its square and their sum
	case kernels.BatchNormFprop:
		x := op.N * op.P * op.C
		return traffic{3 * x, x + 2*op.C + op.Gamma.Elements() + op.Beta.Elements(), x}
	case kernels.BatchNormFold:
		w := op.D * op.K
		return traffic{w + 3*op.K, w + 2*op.K + op.B.Elements() + op.Gamma.Elements() + op.Beta.Elements(), w + op.K}
	case kernels.BatchNormSums:
		x, labels := op.N*op.P*op.C, op.Labels.Elements()
		return traffic{4 * x, 2*x + labels + 2*op.C, 2 * op.C}
	case kernels.BatchNormDgrad:
		x, labels := op.N*op.P*op.C, op.Labels.Elements()
		return traffic{5 * x, 2*x + labels + 4*op.C + op.Gamma.Elements(), x}
	case kernels.GroupNormFprop:
		x := op.N * op.P * op.C
		return traffic{7 * x, x + op.Gamma.Elements() + op.Beta.Elements(), x + op.Mean.Elements() + op.Variance.Elements()}
	case kernels.GroupNormDgrad:
		x := op.N * op.P * op.C
		return traffic{10 * x, 2*x + 2*op.N*op.G + op.Gamma.Elements(), x} // the factor, the sum, three for the products, five for the gradient
	case kernels.GroupNormWgrad:
		x := op.N * op.P * op.C
		return traffic{4 * x, 2*x + 2*op.N*op.G + op.C, op.C}
	case kernels.MovingAverage:
		average := elementwise(op.Average, 3, 2, 1)
		average.read++ // whether training was halted
		return average
	case kernels.BiasWgrad:
		return traffic{op.M * op.K, op.M*op.K + op.K, op.K}
	case kernels.Pool2DFprop:
		x, y := op.N*op.H*op.W*op.C, op.N*op.P*op.Q*op.C
		if op.Index != nil {
			return traffic{y * op.R * op.S, x, 2 * y}
		}
		return traffic{y * op.R * op.S, x, y}
	case kernels.AdaptivePool2DFprop:
		x, y := op.N*op.H*op.W*op.C, op.N*op.P*op.Q*op.C
		// Where the outputs do not divide the image, some windows begin within a row or column and end within another.
		reach := func(parts, extent int) int {
			most := 0
			for i := range parts {
				most = max(most, int(math.Ceil(float64((i+1)*extent)/float64(parts))-math.Floor(float64(i*extent)/float64(parts))))
			}
			return most
		}
		t := traffic{y * reach(op.P, op.H) * reach(op.Q, op.W), x, y}
		if op.Index != nil {
			t.written *= 2
		}
		return t
	case kernels.AdaptivePool2DDgrad:
		x, y := op.N*op.H*op.W*op.C, op.N*op.P*op.Q*op.C
		if op.Index != nil {
			return traffic{y, 2 * y, x}
		}
		return traffic{y, y, x}
	case kernels.Pool2DDgrad:
		x, y := op.N*op.H*op.W*op.C, op.N*op.P*op.Q*op.C
		if op.Kind == kernels.AveragePool || op.Kind == kernels.SumPool {
			return traffic{y, y, x}
		}
		return traffic{y, 2 * y, x}
	case kernels.ActivationFprop:
		return elementwise(op.Y, 1, 1, 1)
	case kernels.ActivationDgrad:
		return elementwise(op.DX, 3, 2, 1)
	case kernels.Bilinear2DFprop:
		x := op.N * op.H * op.W * op.C
		y := x * op.FactorH * op.FactorW
		return traffic{8 * y, x, y} // four multiply-adds for each value
	case kernels.Bilinear2DDgrad:
		x := op.N * op.H * op.W * op.C
		y := x * op.FactorH * op.FactorW
		return traffic{8 * y, y, x}
	case kernels.BinaryFprop:
		y := elementwise(op.Y, 1, 1, 1)
		y.read += op.N * op.K
		return y
	case kernels.BinaryDgrad:
		dy := elementwise(op.DY, 0, 2, 0)
		dy.read += op.N * op.K
		for _, d := range []*kernels.Buffer{op.DA, op.DB} {
			if d != nil {
				dy.flops += op.N * op.M * op.K
				dy.written += op.N * op.M * op.K
			}
		}
		return dy
	case kernels.PReLUFprop:
		return traffic{op.M * op.K, op.M*op.K + op.K, op.M * op.K}
	case kernels.PReLUDgrad:
		return traffic{op.M * op.K, 2*op.M*op.K + op.K, op.M * op.K}
	case kernels.PReLUTerms:
		return traffic{op.M * op.K, 2 * op.M * op.K, op.M * op.K}
	case kernels.ThresholdReLUFprop:
		return elementwise(op.Y, 2, 1, 1)
	case kernels.ThresholdReLUDgrad:
		return elementwise(op.DX, 1, 2, 1)
	case kernels.Add:
		return elementwise(op.Y, 1, 2, 1)
	case kernels.Rescale:
		return elementwise(op.Y, 2, 1, 1)
	case kernels.Copy:
		box := op.Box[0] * op.Box[1] * op.Box[2] * op.Box[3]
		if op.Keeps {
			return traffic{0, box, box}
		}
		y := elementwise(op.Y, 0, 0, 1)
		y.read = box
		return y
	case kernels.Zero:
		return elementwise(op.Y, 0, 0, 1)
	case kernels.Dropout:
		y := elementwise(op.Y, 1, 1, 1)
		y.read++ // the step
		return y
	case kernels.GaussianNoise:
		y := elementwise(op.Y, 2, 1, 1)
		y.read++ // the step
		return y
	case kernels.SoftmaxFprop:
		return traffic{5 * op.N * op.K, op.N * op.K, op.N * op.K}
	case kernels.SoftmaxDgrad:
		return traffic{4 * op.N * op.K, 2 * op.N * op.K, op.N * op.K}
	case kernels.CrossEntropyFprop:
		flops := 6
		if op.Smoothing > 0 { // the sum over all classes
			flops = 8
		}
		return traffic{flops * op.N * op.K, op.N*op.K + op.N, op.N*op.K + op.N}
	case kernels.CrossEntropyDgrad:
		return traffic{2 * op.N * op.K, op.N*op.K + op.N, op.N * op.K}
	case kernels.OneHot:
		return traffic{op.N * op.K, op.N, op.N * op.K}
	case kernels.CategoricalCrossEntropyFprop: // the softmax, and of each class a surprise, an exponential, a power, products and their sum
		return traffic{12 * op.N * op.K, 2*op.N*op.K + op.N, op.N*op.K + op.N}
	case kernels.CategoricalCrossEntropyDgrad:
		return traffic{16 * op.N * op.K, 2*op.N*op.K + op.N, op.N * op.K}
	case kernels.ElementLossFprop:
		return traffic{4 * op.N * op.K, 2*op.N*op.K + op.N, op.N}
	case kernels.ElementLossDgrad:
		return traffic{4 * op.N * op.K, 2*op.N*op.K + op.N, op.N * op.K}
	case kernels.Tally:
		return traffic{op.N * op.K, op.N*op.K + 2*op.N + 4, 4}
	case kernels.BinaryTally: // of each class two comparisons and a count
		return traffic{3 * op.N * op.K, 2*op.N*op.K + 2*op.N + 5, 5}
	case kernels.PenaltyFprop: // a magnitude, two products and two sums
		x := elementwise(op.X, 5, 1, 0)
		return traffic{x.flops, x.read + op.Labels.Elements() + op.N, op.N}
	case kernels.PenaltyDgrad:
		x := elementwise(op.X, 5, 2, 1)
		return traffic{x.flops, x.read + op.Labels.Elements(), x.written}
	case kernels.Tick:
		counted := op.Step.Elements() + op.At.Elements()
		return traffic{0, counted + op.Rate.Elements(), counted + op.Rate.Elements()}
	case kernels.GatherBatch: // of each row the order and the label; the batch's number and the table
		t := traffic{0, 2*op.N + 2 + 256*op.C, op.N*op.H*op.W*op.C + op.N}
		if op.Places != nil {
			t.read += 8*op.N + op.C
		}
		return t
	case kernels.FiniteCheck:
		x := elementwise(op.X, 1, 1, 0)
		return traffic{x.flops, x.read + 2, 1} // the step; whether training was halted, which is read and written
	case kernels.Adagrad:
		w := elementwise(op.W, 7, 3, 2)
		return traffic{w.flops, w.read + 2, w.written} // the rate and whether training was halted
	case kernels.ClipNorm:
		return elementwise(op.X, 3, 1, 1)
	case kernels.MaxNorm:
		w := op.D * op.K
		return traffic{3 * w, w + 1, w} // a square, its sum, the product; whether training was halted
	case kernels.ClipValue:
		return elementwise(op.X, 2, 1, 1)
	case kernels.Lamb:
		w := elementwise(op.W, 18, 4, 3)
		return traffic{w.flops, w.read + 3, w.written}
	case kernels.Lion:
		w := elementwise(op.W, 8, 3, 2)
		return traffic{w.flops, w.read + 2, w.written}
	case kernels.WeightAverage:
		w := elementwise(op.W, 3, 2, 2)
		return traffic{w.flops, w.read + 2, w.written} // the step and whether training was halted
	case kernels.WeightDecay:
		w := elementwise(op.W, 2, 1, 1)
		return traffic{w.flops, w.read + 2, w.written}
	case kernels.Adam:
		w := elementwise(op.W, 12, 4, 3)
		return traffic{w.flops, w.read + 3, w.written} // the rate, the step and whether training was halted
	case kernels.RMSprop:
		perWeight, state := 9, 1 // v, its root, the step and the weight
		if op.A != nil {
			perWeight, state = perWeight+5, state+1
		}
		if op.M != nil {
			perWeight, state = perWeight+2, state+1
		}
		w := elementwise(op.W, perWeight, 2+state, 1+state)
		return traffic{w.flops, w.read + 2, w.written}
	case kernels.SGD:
		w := elementwise(op.W, 4, 2, 1)
		if op.V != nil {
			w = elementwise(op.W, 4, 3, 2)
		}
		return traffic{w.flops, w.read + 2, w.written}
	}
	require.Fail(t, "count out what this op costs", op.Name())
	return traffic{}
}

func elementwise(b *kernels.Buffer, flops, reads, writes int) traffic {
	n := 1
	for _, extent := range b.Shape {
		n *= extent
	}
	return traffic{flops * n, reads * n, writes * n}
}

// products are the sizes of a convolution's operands and the multiply-adds between them.
type products struct{ x, w, b, y, each int }

func conv(g kernels.Conv2D) products {
	groups := max(g.Groups, 1)
	return products{
		x: g.N * g.H * g.W * g.C, w: g.R * g.S * g.C / groups * g.K, b: g.K, y: g.N * g.P * g.Q * g.K,
		each: g.R * g.S * g.C / groups * g.N * g.P * g.Q * g.K,
	}
}

func dense(g kernels.Dense) products {
	return products{x: g.N * g.C, w: g.C * g.K, b: g.K, y: g.N * g.K, each: g.N * g.C * g.K}
}

func (p products) fprop(withBias bool) traffic {
	if withBias {
		return traffic{2 * p.each, p.x + p.w + p.b, p.y}
	}
	return traffic{2 * p.each, p.x + p.w, p.y}
}

func (p products) dgrad() traffic { return traffic{2 * p.each, p.y + p.w, p.x} }

func (p products) wgrad() traffic { return traffic{2 * p.each, p.x + p.y + p.w, p.w} }
