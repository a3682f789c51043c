package kerneltest_test

import (
	"encoding/json"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
)

// golden is a case of testdata/golden.json: an op's operands and results by name, as PyTorch computes them in float64.
type golden struct {
	Op, Name                        string
	Image, Size, Stride, Dilation   [2]int
	Out                             [2]int
	Padding, Kind, Function         string
	N, M, P, C, K, G, Groups        int
	Momentum, Beta1, Beta2, Epsilon float64
	Smoothing, Alpha, Gamma, Delta  float32
	Rho, Initial, Decay, Norm, Most float64
	Nesterov, Centered, Each        bool
	L1, L2                          float32
	Scale, Offset, Deviation        float32
	Threshold, Slope                float32
	Seed, Stream                    uint32
	XShape, YShape, Axes            [4]int
	Box, XAt, YAt                   [4]int
	In, Want                        map[string][]float64
}

func readGolden(t *testing.T) []golden {
	text, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	var file struct{ Cases []golden }
	require.NoError(t, json.Unmarshal(text, &file))
	require.NotEmpty(t, file.Cases)
	return file.Cases
}

func (g golden) window(t *testing.T) kernels.Window {
	padding := kernels.Valid
	if g.Padding == "same" {
		padding = kernels.Same
	}
	w, err := kernels.NewWindow(g.Image, g.Size, g.Stride, g.Dilation, padding)
	require.NoError(t, err)
	assert.Equal(t, g.Out, [2]int{w.P, w.Q}, "output size")
	return w
}

func (g golden) op(t *testing.T) kernels.Op {
	there := kernels.NewBuffer("there", kernels.Float32, 1) // the oracle looks at the buffers only to see which are there
	conv := func() kernels.Conv2D {
		return kernels.Conv2D{N: g.N, C: g.C, K: g.K, Groups: g.Groups, Window: g.window(t)}
	}
	pool := func() kernels.Pool2D {
		kind := map[string]kernels.PoolKind{"max": kernels.MaxPool, "min": kernels.MinPool, "average": kernels.AveragePool, "sum": kernels.SumPool}[g.Kind]
		return kernels.Pool2D{Kind: kind, N: g.N, C: g.C, Window: g.window(t)}
	}
	index := there
	if g.Kind == "average" || g.Kind == "sum" {
		index = nil
	}
	dense := kernels.Dense{N: g.N, C: g.C, K: g.K}
	norm, examples := kernels.BatchNorm{N: g.N, P: g.P, C: g.C}, kernels.Examples{Labels: there, Classes: 3}
	activation := kernels.Activation{Alpha: g.Alpha}
	for _, f := range kernels.Functions() {
		if f.String() == g.Function {
			activation.Function = f
		}
	}
	switch g.Op {
	case "conv2d_fprop":
		return kernels.Conv2DFprop{Conv2D: conv(), X: there, W: there, B: there, Y: there}
	case "conv2d_dgrad":
		return kernels.Conv2DDgrad{Conv2D: conv(), DY: there, W: there, DX: there}
	case "conv2d_wgrad":
		return kernels.Conv2DWgrad{Conv2D: conv(), X: there, DY: there, DW: there}
	case "bias_wgrad":
		return kernels.BiasWgrad{M: g.N, K: g.K, DY: there, DB: there}
	case "pool2d_fprop":
		return kernels.Pool2DFprop{Pool2D: pool(), X: there, Y: there, Index: index}
	case "pool2d_dgrad":
		return kernels.Pool2DDgrad{Pool2D: pool(), DY: there, Index: index, DX: there}
	case "adaptive_pool2d_fprop":
		return kernels.AdaptivePool2DFprop{AdaptivePool2D: g.adaptive(), X: there, Y: there, Index: index}
	case "adaptive_pool2d_dgrad":
		return kernels.AdaptivePool2DDgrad{AdaptivePool2D: g.adaptive(), DY: there, Index: index, DX: there}
	case "threshold_relu_fprop":
		return kernels.ThresholdReLUFprop{ThresholdReLU: g.thresholdReLU(), X: there, Y: there}
	case "threshold_relu_dgrad":
		return kernels.ThresholdReLUDgrad{ThresholdReLU: g.thresholdReLU(), X: there, DY: there, DX: there}
	case "dense_fprop":
		return kernels.DenseFprop{Dense: dense, X: there, W: there, B: there, Y: there}
	case "dense_dgrad":
		return kernels.DenseDgrad{Dense: dense, DY: there, W: there, DX: there}
	case "dense_wgrad":
		return kernels.DenseWgrad{Dense: dense, X: there, DY: there, DW: there}
	case "activation_fprop":
		return kernels.ActivationFprop{Activation: activation, X: there, Y: there}
	case "activation_dgrad":
		return kernels.ActivationDgrad{Activation: activation, V: there, DY: there, DX: there}
	case "binary_fprop":
		return kernels.BinaryFprop{Binary: g.binary(), A: there, B: there, Y: there}
	case "binary_dgrad":
		return kernels.BinaryDgrad{Binary: g.binary(), A: there, B: there, DY: there, DA: there, DB: there}
	case "rescale":
		return kernels.Rescale{Scale: g.Scale, Offset: g.Offset, X: there, Y: there}
	case "copy":
		return kernels.Copy{XShape: g.XShape, YShape: g.YShape, Axes: g.Axes, Box: g.Box, XAt: g.XAt, YAt: g.YAt, X: there, Y: there}
	case "bilinear2d_fprop":
		return kernels.Bilinear2DFprop{Bilinear2D: g.bilinear(), X: there, Y: there}
	case "bilinear2d_dgrad":
		return kernels.Bilinear2DDgrad{Bilinear2D: g.bilinear(), DY: there, DX: there}
	case "prelu_fprop":
		return kernels.PReLUFprop{PReLU: kernels.PReLU{M: g.N, K: g.K}, X: there, A: there, Y: there}
	case "prelu_dgrad":
		return kernels.PReLUDgrad{PReLU: kernels.PReLU{M: g.N, K: g.K}, X: there, A: there, DY: there, DX: there}
	case "prelu_terms":
		return kernels.PReLUTerms{PReLU: kernels.PReLU{M: g.N, K: g.K}, X: there, DY: there, T: there}
	case "gaussian_noise":
		return kernels.GaussianNoise{Deviation: g.Deviation, Seed: g.Seed, Stream: g.Stream, X: there, Step: there, Y: there}
	case "softmax_fprop":
		return kernels.SoftmaxFprop{N: g.N, K: g.K, X: there, Y: there}
	case "softmax_dgrad":
		return kernels.SoftmaxDgrad{N: g.N, K: g.K, Y: there, DY: there, DX: there}
	case "cross_entropy_fprop":
		return kernels.CrossEntropyFprop{N: g.N, K: g.K, Smoothing: g.Smoothing, X: there, Labels: there, Y: there, Loss: there}
	case "cross_entropy_dgrad":
		return kernels.CrossEntropyDgrad{N: g.N, K: g.K, Smoothing: g.Smoothing, Y: there, Labels: there, DX: there}
	case "one_hot":
		return kernels.OneHot{N: g.N, K: g.K, Labels: there, Y: there}
	case "categorical_fprop":
		return kernels.CategoricalCrossEntropyFprop{Categorical: g.categorical(), X: there, Targets: there, Labels: there, Y: there, Loss: there}
	case "categorical_dgrad":
		return kernels.CategoricalCrossEntropyDgrad{Categorical: g.categorical(), X: there, Targets: there, Labels: there, DX: there}
	case "element_loss_fprop":
		return kernels.ElementLossFprop{ElementLoss: g.elementLoss(), X: there, Targets: there, Labels: there, Loss: there}
	case "element_loss_dgrad":
		return kernels.ElementLossDgrad{ElementLoss: g.elementLoss(), X: there, Targets: there, Labels: there, DX: there}
	case "penalty_fprop":
		return kernels.PenaltyFprop{Penalty: g.penalty(), X: kernels.NewBuffer("x", kernels.Float32, len(g.In["x"])), Labels: there, Loss: there}
	case "penalty_dgrad":
		return kernels.PenaltyDgrad{Penalty: g.penalty(), X: kernels.NewBuffer("x", kernels.Float32, len(g.In["x"])), Labels: there, DY: there, DX: there}
	case "batch_norm_stats":
		return kernels.BatchNormStats{BatchNorm: norm, Examples: examples, X: there, Mean: there, Variance: there}
	case "batch_norm_fprop":
		return kernels.BatchNormFprop{BatchNorm: norm, Epsilon: g.Epsilon, X: there, Mean: there, Variance: there, Gamma: there, Beta: there, Y: there}
	case "batch_norm_fold":
		return kernels.BatchNormFold{D: g.M, K: g.K, Epsilon: g.Epsilon, W: there, B: there, Mean: there, Variance: there, Gamma: there, Beta: there,
			FoldedW: there, FoldedB: there}
	case "batch_norm_sums":
		return kernels.BatchNormSums{BatchNorm: norm, Examples: examples, Epsilon: g.Epsilon, X: there, Mean: there, Variance: there, DY: there,
			DYSum: there, DYXSum: there}
	case "batch_norm_dgrad":
		return kernels.BatchNormDgrad{BatchNorm: norm, Examples: examples, Epsilon: g.Epsilon, X: there, Mean: there, Variance: there, Gamma: there,
			DY: there, DYSum: there, DYXSum: there, DX: there}
	case "group_norm_fprop":
		return kernels.GroupNormFprop{GroupNorm: g.groupNorm(), Epsilon: g.Epsilon, X: there, Gamma: there, Beta: there, Mean: there, Variance: there, Y: there}
	case "group_norm_dgrad":
		return kernels.GroupNormDgrad{GroupNorm: g.groupNorm(), Epsilon: g.Epsilon, X: there, Mean: there, Variance: there, Gamma: there, DY: there, DX: there}
	case "group_norm_wgrad":
		return kernels.GroupNormWgrad{GroupNorm: g.groupNorm(), Epsilon: g.Epsilon, X: there, Mean: there, Variance: there, DY: there, DGamma: there}
	case "moving_average":
		return kernels.MovingAverage{Momentum: g.Momentum, X: there, Average: there, Halt: there}
	case "adam":
		return kernels.Adam{
			Beta1: g.Beta1, Beta2: g.Beta2, Epsilon: g.Epsilon,
			W: there, M: there, V: there, DW: there, Rate: there, Step: there, Halt: there,
		}
	case "adagrad":
		return kernels.Adagrad{Initial: g.Initial, W: there, V: there, DW: there, Rate: there, Halt: there}
	case "weight_average":
		return kernels.WeightAverage{Momentum: g.Momentum, W: there, Average: there, Step: there, Halt: there}
	case "weight_decay":
		return kernels.WeightDecay{Decay: g.Decay, W: there, Rate: there, Halt: there}
	case "clip_norm":
		return kernels.ClipNorm{Norm: g.Norm, X: there}
	case "max_norm":
		return kernels.MaxNorm{D: g.M, K: g.K, Most: g.Most, W: there, Halt: there}
	case "clip_value":
		return kernels.ClipValue{Most: g.Most, X: there}
	case "rmsprop":
		op := kernels.RMSprop{Rho: g.Rho, Momentum: g.Momentum, Epsilon: g.Epsilon, Centered: g.Centered, W: there, V: there, DW: there, Rate: there, Halt: there}
		if g.Centered {
			op.A = there
		}
		if g.Momentum != 0 {
			op.M = there
		}
		return op
	case "sgd":
		return kernels.SGD{Momentum: g.Momentum, Nesterov: g.Nesterov, W: there, V: there, DW: there, Rate: there, Halt: there}
	}
	require.Fail(t, "unknown op", g.Op)
	return nil
}

func (g golden) binary() kernels.Binary {
	f := map[string]kernels.BinaryFunction{
		"multiply": kernels.Multiply, "subtract": kernels.Subtract, "maximum": kernels.Maximum, "minimum": kernels.Minimum, "plus": kernels.Plus,
	}[g.Function]
	return kernels.Binary{Function: f, N: g.N, M: g.M, K: g.K}
}

func (g golden) adaptive() kernels.AdaptivePool2D {
	kind := map[string]kernels.PoolKind{"max": kernels.MaxPool, "average": kernels.AveragePool}[g.Kind]
	return kernels.AdaptivePool2D{Kind: kind, N: g.N, C: g.C, H: g.Image[0], W: g.Image[1], P: g.Out[0], Q: g.Out[1]}
}

func (g golden) thresholdReLU() kernels.ThresholdReLU {
	return kernels.ThresholdReLU{Threshold: g.Threshold, Slope: g.Slope, Max: float32(g.Most)}
}

func (g golden) groupNorm() kernels.GroupNorm {
	return kernels.GroupNorm{N: g.N, P: g.P, C: g.C, G: g.G}
}

func (g golden) categorical() kernels.Categorical {
	return kernels.Categorical{N: g.N, K: g.K, Alpha: g.Alpha, Gamma: g.Gamma}
}

func (g golden) elementLoss() kernels.ElementLoss {
	f := slices.IndexFunc(kernels.LossFunctions(), func(f kernels.LossFunction) bool { return f.String() == g.Function })
	return kernels.ElementLoss{Function: kernels.LossFunction(f), N: g.N, K: g.K, Delta: g.Delta, Alpha: g.Alpha, Gamma: g.Gamma}
}

func (g golden) penalty() kernels.Penalty {
	return kernels.Penalty{L1: g.L1, L2: g.L2, N: g.N, Classes: g.K, Each: g.Each}
}

func (g golden) bilinear() kernels.Bilinear2D {
	return kernels.Bilinear2D{N: g.N, H: g.Image[0], W: g.Image[1], C: g.C, FactorH: g.Size[0], FactorW: g.Size[1]}
}

func TestOracleAgreesWithPyTorch(t *testing.T) {
	for _, g := range readGolden(t) {
		t.Run(g.Op+"/"+g.Name, func(t *testing.T) {
			op := g.op(t)
			var in [][]float64
			for _, o := range op.Operands() {
				in = append(in, g.In[o.Name])
			}
			out, err := kerneltest.Compute(op, in)
			require.NoError(t, err)
			for i, o := range op.Operands() {
				require.Len(t, out[i], len(g.Want[o.Name]), o.Name)
				assertClose(t, g.Want[o.Name], out[i], 1e-12, o.Name)
				delete(g.Want, o.Name)
			}
			assert.Empty(t, g.Want)
		})
	}
}

// assertClose compares with a tolerance relative to the largest value: where a sum cancels, float64 has no more to give.
func assertClose(t *testing.T, want []float64, got []kerneltest.Value, tolerance float64, name string) {
	t.Helper()
	size := 0.0
	for _, v := range want {
		size = max(size, math.Abs(v))
	}
	for i, v := range want {
		assert.InDelta(t, v, got[i].Want, tolerance*size, "%s[%d]", name, i)
	}
}

func TestGoldenHoldsEveryOp(t *testing.T) {
	held := map[string]bool{
		"dropout": true, "add": true, "gather_batch": true, "zero": true, "tick": true, "tally": true, "binary_tally": true, "finite_check": true, "lion": true, "lamb": true, // by hand, below
	}
	functions := map[string]bool{}
	for _, g := range readGolden(t) {
		held[g.Op] = true
		functions[g.Function] = true
	}
	for _, f := range kernels.LossFunctions() {
		assert.True(t, functions[f.String()], "%v has no golden values: add it to dense_losses in testdata/golden.py", f)
	}
	for _, f := range kernels.Functions() {
		assert.True(t, functions[f.String()], "%v has no golden values: add it to more_activations in testdata/golden.py", f)
	}
	for _, c := range kerneltest.Cases() {
		for _, op := range c.Ops {
			assert.True(t, held[op.Name()], op.Name())
		}
	}
}

func wants(values []kerneltest.Value) []float64 {
	var list []float64
	for _, v := range values {
		list = append(list, v.Want)
	}
	return list
}

// squares is a table of two channels: squares, and those of the second negative.
func squares() []float64 {
	table := make([]float64, 2*kernels.BytesOfTable)
	for b := range kernels.BytesOfTable {
		table[b], table[kernels.BytesOfTable+b] = float64(b*b), float64(-b*b)
	}
	return table
}

// TestOracleByHand counts small cases out.
func TestOracleByHand(t *testing.T) {
	there := kernels.NewBuffer("there", kernels.Float32, 1)
	nan, inf := math.NaN(), math.Inf(1)
	window := func(image, size, stride [2]int, padding kernels.Padding) kernels.Window {
		w, err := kernels.NewWindow(image, size, stride, [2]int{1, 1}, padding)
		require.NoError(t, err)
		return w
	}
	conv := kernels.Conv2D{N: 1, C: 1, K: 1, Window: window([2]int{3, 3}, [2]int{2, 2}, [2]int{1, 1}, kernels.Valid)}
	same := kernels.Conv2D{N: 1, C: 1, K: 1, Window: window([2]int{2, 2}, [2]int{2, 2}, [2]int{1, 1}, kernels.Same)}
	row := kernels.Pool2D{N: 1, C: 1, Window: window([2]int{1, 5}, [2]int{1, 3}, [2]int{1, 2}, kernels.Same)}
	minimum, average := row, row
	minimum.Kind, average.Kind = kernels.MinPool, kernels.AveragePool
	image := []float64{1, 2, 3, 4, 5, 6, 7, 8, 9}
	for _, c := range []struct {
		name string
		op   kernels.Op
		in   [][]float64
		want map[int][]float64 // by operand
	}{
		{"no flip of the filter", kernels.Conv2DFprop{Conv2D: conv, X: there, W: there, B: there, Y: there},
			[][]float64{image, {1, 2, 3, 4}, {100}, nil}, map[int][]float64{3: {137, 147, 167, 177}}},
		{"the odd zero goes behind", kernels.Conv2DFprop{Conv2D: same, X: there, W: there, Y: there},
			[][]float64{{1, 2, 3, 4}, {1, 10, 100, 1000}, nil, nil}, map[int][]float64{3: {4321, 402, 43, 4}}},
		{"dgrad", kernels.Conv2DDgrad{Conv2D: conv, DY: there, W: there, DX: there},
			[][]float64{{1, 0, 0, 10}, {1, 2, 3, 4}, nil}, map[int][]float64{2: {1, 2, 0, 3, 14, 20, 0, 30, 40}}},
		{"wgrad adds", kernels.Conv2DWgrad{Conv2D: conv, X: there, DY: there, DW: there},
			[][]float64{image, {1, 0, 0, 10}, {1000, 0, 0, 0}}, map[int][]float64{2: {1051, 62, 84, 95}}},
		{"first of equal maxima", kernels.Pool2DFprop{Pool2D: row, X: there, Y: there, Index: there},
			[][]float64{{3, 3, 1, 2, 2}, nil, nil}, map[int][]float64{1: {3, 3, 2}, 2: {1, 0, 0}}},
		{"first NaN is the maximum", kernels.Pool2DFprop{Pool2D: row, X: there, Y: there, Index: there},
			[][]float64{{3, 9, nan, nan, inf}, nil, nil}, map[int][]float64{1: {9, nan, nan}, 2: {2, 1, 0}}},
		{"minimum", kernels.Pool2DFprop{Pool2D: minimum, X: there, Y: there, Index: there},
			[][]float64{{3, 3, 1, -2, 5}, nil, nil}, map[int][]float64{1: {3, -2, -2}, 2: {1, 2, 0}}},
		{"padding is no part of an average", kernels.Pool2DFprop{Pool2D: average, X: there, Y: there},
			[][]float64{{3, 5, 1, 6, 8}, nil, nil}, map[int][]float64{1: {4, 4, 7}}},
		{"where maxima overlap", kernels.Pool2DDgrad{Pool2D: row, DY: there, Index: there, DX: there},
			[][]float64{{1, 10, 100}, {2, 0, 1}, nil}, map[int][]float64{2: {0, 11, 0, 0, 100}}},
		{"average spreads", kernels.Pool2DDgrad{Pool2D: average, DY: there, DX: there},
			[][]float64{{2, 30, 400}, nil, nil}, map[int][]float64{2: {1, 11, 10, 210, 200}}},
		{"the first of equal values has the gradient", kernels.BinaryDgrad{Binary: kernels.Binary{Function: kernels.Maximum, N: 1, M: 2, K: 2}, A: there, B: there, DY: there, DA: there, DB: there},
			[][]float64{{1, 5, 2, nan}, {1, 7}, {10, 20, 30, 40}, nil, nil}, map[int][]float64{3: {10, 0, 30, 40}, 4: {0, 20, 0, 0}}},
		{"NaN is the smaller too", kernels.BinaryFprop{Binary: kernels.Binary{Function: kernels.Minimum, N: 1, M: 1, K: 3}, A: there, B: there, Y: there},
			[][]float64{{nan, 1, 2}, {1, nan, 1}, nil}, map[int][]float64{2: {nan, nan, 1}}},
		{"relu at the kink", kernels.ActivationDgrad{Activation: kernels.Activation{Function: kernels.ReLU}, V: there, DY: there, DX: there},
			[][]float64{{0, 1, 0}, {5, 6, 7}, nil}, map[int][]float64{2: {0, 6, 0}}},
		{"nobody is an example", kernels.CrossEntropyDgrad{N: 2, K: 2, Y: there, Labels: there, DX: there},
			[][]float64{{0.5, 0.5, 0.25, 0.75}, {-1, 2}, nil}, map[int][]float64{2: {0, 0, 0, 0}}},
		{"mean over the examples", kernels.CrossEntropyDgrad{N: 3, K: 2, Y: there, Labels: there, DX: there},
			[][]float64{{0.5, 0.5, 0.25, 0.75, 0, 1}, {0, -1, 1}, nil}, map[int][]float64{2: {-0.25, 0.25, 0, 0, 0, 0}}},
		{"tally", kernels.Tally{N: 4, K: 2, Loss: there, Scores: there, Labels: there, Totals: there},
			[][]float64{{1, 2, 4, 8}, {7, 7, 7, 7, 1, 2, 9, 0}, {0, 1, 1, 2}, {100, 0, 20, 30}},
			map[int][]float64{3: {107, 0, 22, 33}}},
		{"binary tally", kernels.BinaryTally{N: 4, K: 4, Loss: there, Scores: there, Targets: there, Labels: there, Totals: there},
			[][]float64{
				{1, 2, 4, 8}, {0.75, 0.5, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 9, 9, 9, 9}, {1, 0, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1}, {0, 3, 1, -1},
				{100, 0, 20, 30, 0},
			},
			map[int][]float64{4: {107, 0, 22, 33, 0}}},
		{"halts at the step", kernels.FiniteCheck{X: there, Step: there, Halt: there},
			[][]float64{{1, nan}, {9}, {0}}, map[int][]float64{2: {9}}},
		{"stays halted", kernels.FiniteCheck{X: there, Step: there, Halt: there},
			[][]float64{{1, inf}, {9}, {4}}, map[int][]float64{2: {4}}},
		{"finite", kernels.FiniteCheck{X: there, Step: there, Halt: there},
			[][]float64{{1, 3e38}, {9}, {0}}, map[int][]float64{2: {0}}},
		{"rmsprop", kernels.RMSprop{Rho: 0.75, Epsilon: 3, W: there, V: there, DW: there, Rate: there, Halt: there},
			[][]float64{{1}, {0}, nil, nil, {2}, {0.5}, {0}}, map[int][]float64{0: {0.5}, 1: {1}}},
		{"rmsprop with momentum", kernels.RMSprop{Rho: 0.75, Momentum: 0.5, Epsilon: 3, W: there, V: there, M: there, DW: there, Rate: there, Halt: there},
			[][]float64{{1}, {0}, nil, {0.25}, {2}, {0.5}, {0}}, map[int][]float64{0: {0.375}, 1: {1}, 3: {0.625}}},
		{"rmsprop, centred", kernels.RMSprop{Rho: 0.75, Epsilon: 3.25, Centered: true, W: there, V: there, A: there, DW: there, Rate: there, Halt: there},
			[][]float64{{1}, {0}, {0}, nil, {2}, {0.5}, {0}}, map[int][]float64{0: {0.5}, 1: {1}, 2: {0.5}}},
		{"lion", kernels.Lion{Beta1: 0.75, Beta2: 0.5, W: there, M: there, DW: there, Rate: there, Halt: there},
			[][]float64{{1, 1, 1, 1, 1}, {0, 2, -2, -1, 0}, {8, -8, 4, 3, 0}, {0.25}, {0}},
			map[int][]float64{0: {0.75, 1.25, 1.25, 1, 1}, 1: {4, -3, 1, 1, 0}}},
		// The direction is {0.8, 0}: 2/(2 + 0.5); the norms are 5 and 0.8.
		{"lamb", kernels.Lamb{Beta1: 0.5, Beta2: 0.5, Epsilon: 0.5, W: there, M: there, V: there, DW: there, Rate: there, Step: there, Halt: there},
			[][]float64{{3, 4}, {0, 0}, {0, 0}, {2, 0}, {0.25}, {1}, {0}},
			map[int][]float64{0: {1.75, 4}, 1: {1, 0}, 2: {2, 0}}},
		{"lamb from zero", kernels.Lamb{Beta1: 0.5, Beta2: 0.5, Epsilon: 0.5, W: there, M: there, V: there, DW: there, Rate: there, Step: there, Halt: there},
			[][]float64{{0, 0}, {0, 0}, {0, 0}, {2, 0}, {0.25}, {1}, {0}},
			map[int][]float64{0: {-0.2, 0}}},
		{"an average that overwrites", kernels.WeightAverage{Momentum: 0.75, Overwrite: 2, W: there, Average: there, Step: there, Halt: there},
			[][]float64{{8, -4}, {4, 0}, {6}, {0}}, map[int][]float64{0: {5, -1}, 1: {5, -1}}},
		{"an average that does not overwrite yet", kernels.WeightAverage{Momentum: 0.75, Overwrite: 2, W: there, Average: there, Step: there, Halt: there},
			[][]float64{{8, -4}, {4, 0}, {7}, {0}}, map[int][]float64{0: {8, -4}, 1: {5, -1}}},
		{"a norm that is the most", kernels.ClipNorm{Norm: 5, X: there}, [][]float64{{3, -4}}, map[int][]float64{0: {3, -4}}},
		{"a halted optimizer", kernels.SGD{W: there, DW: there, Rate: there, Halt: there},
			[][]float64{{1, 2}, nil, {5, 6}, {1}, {3}}, map[int][]float64{0: {1, 2}}},
		// The first words of Philox4x32-10 with zero counter and key are 0.40, 0.88, 0.74 and 0.61 of 2^32.
		{"dropout", kernels.Dropout{Rate: 0.5, X: there, Step: there, Y: there},
			[][]float64{{1, 2, 3, 4}, {0}, nil}, map[int][]float64{2: {0, 4, 6, 8}}},
		{"add", kernels.Add{A: there, B: there, Y: there}, [][]float64{{1, 2}, {30, 40}, nil}, map[int][]float64{2: {31, 42}}},
		{"a copy that keeps the rest", kernels.Copy{XShape: [4]int{1, 1, 2, 2}, YShape: [4]int{1, 1, 3, 3}, Axes: [4]int{0, 1, 3, 2}, Box: [4]int{1, 1, 2, 1}, XAt: [4]int{0, 0, 1, 0}, YAt: [4]int{0, 0, 0, 2}, Keeps: true, X: there, Y: there},
			[][]float64{{1, 2, 3, 4}, {10, 20, 30, 40, 50, 60, 70, 80, 90}}, map[int][]float64{1: {10, 20, 3, 40, 50, 4, 70, 80, 90}}},
		{"tick", kernels.Tick{Step: there}, [][]float64{{41}, nil, nil, nil}, map[int][]float64{0: {42}}},
		{"tick of a batch", kernels.Tick{Step: there, At: there, Rates: there, Rate: there}, [][]float64{{41}, {1, 3}, {0.25, 0.5, 0.75}, nil},
			map[int][]float64{0: {42}, 1: {2, 3}, 3: {0.5}}},
		{"gather_batch", kernels.GatherBatch{N: 3, H: 2, W: 1, C: 2, Pixels: there, Labels: there, Order: there, At: there, Table: there, X: there, Y: there},
			[][]float64{{0, 255, 1, 2, 3, 3, 4, 0}, {7, 9}, {0, 0, 0, 1, -1, 0}, {2, 2}, squares(), nil, nil, nil, nil},
			map[int][]float64{7: {9, -9, 16, 0, 0, 0, 0, 0, 0, -65025, 1, -4}, 8: {9, -1, 7}}},
		// Mirrored left to right; moved down by one row and right by two columns.
		{"gather of moved images", kernels.GatherBatch{N: 2, H: 2, W: 3, C: 1, Pixels: there, Labels: there, Order: there, At: there, Table: there, Places: there, Outside: there, X: there, Y: there},
			[][]float64{{1, 2, 3, 4, 5, 6}, {7}, {0, 0}, {1, 1}, squares(), {0, 1, 2, -1, 0, 2, 0, 3, -1, 1, -2, 1, 1, 2, 2, 3}, {0.5}, nil, nil},
			map[int][]float64{7: {9, 4, 1, 36, 25, 16, 0.5, 0.5, 0.5, 0.5, 0.5, 1}, 8: {7, 7}}},
		{"zero", kernels.Zero{Y: there}, [][]float64{nil}, map[int][]float64{0: {0}}},
	} {
		out, err := kerneltest.Compute(c.op, c.in)
		require.NoError(t, err, c.name)
		for i, want := range c.want {
			got := wants(out[i])
			isSame := slices.EqualFunc(want, got, func(a, b float64) bool { return a == b || math.IsNaN(a) && math.IsNaN(b) })
			assert.True(t, isSame, "%s: want %v, got %v", c.name, want, got)
		}
	}
}
