package cuda

import (
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// sampleOps is every op in the smallest shape and in extreme ones, up to 2^31-1 elements an operand.
func sampleOps(t *testing.T) []kernels.Op {
	const most = math.MaxInt32
	var list []kernels.Op
	for _, n := range []int{1, 257, most - 255, most} {
		v := kernels.NewBuffer("values", kernels.Float32, n)
		for f := range kernels.Function(functions(t)) {
			list = append(list, kernels.ActivationFprop{Activation: kernels.Activation{Function: f}, Y: v}, kernels.ActivationDgrad{Activation: kernels.Activation{Function: f}, V: v, DX: v})
		}
		list = append(list, kernels.Adagrad{W: v}, kernels.Adam{W: v}, kernels.Add{Y: v}, kernels.ClipNorm{X: v}, kernels.ClipValue{X: v}, kernels.Dropout{Y: v}, kernels.GaussianNoise{Y: v},
			kernels.FiniteCheck{X: v}, kernels.Lamb{W: v}, kernels.Lion{W: v}, kernels.MovingAverage{Average: v}, movingAverages{Average: [averages]*kernels.Buffer{v, v}}, kernels.Rescale{Y: v},
			kernels.Copy{XShape: [4]int{n, 1, 1, 1}, YShape: [4]int{1, n, 1, 1}, Axes: [4]int{1, 0, 3, 2}, Box: [4]int{1, n, 1, 1}},
			kernels.Copy{XShape: [4]int{1, 1, 1, n}, YShape: [4]int{1, 1, 1, n}, Axes: kernels.InOrder, Box: [4]int{1, 1, 1, n}, Keeps: true},
			kernels.PenaltyFprop{X: v, Penalty: kernels.Penalty{N: n}}, kernels.PenaltyFprop{X: v, Penalty: kernels.Penalty{N: n, Each: true}},
			kernels.PenaltyDgrad{X: v}, kernels.PenaltyDgrad{X: v, Penalty: kernels.Penalty{N: 1, Each: true}},
			kernels.RMSprop{W: v}, kernels.SGD{W: v}, kernels.ThresholdReLUDgrad{DX: v}, kernels.ThresholdReLUFprop{Y: v}, kernels.Tick{}, kernels.WeightAverage{W: v}, kernels.WeightAverage{Overwrite: 3, W: v}, kernels.WeightDecay{W: v}, kernels.Zero{Y: v})
	}
	for _, m := range [][2]int{{1, 1}, {most, 1}, {1, most}, {most / 33, 33}, {33, most / 33}, {46340, 46341}, {1024 * 260 * 256, 31}} {
		rows, columns := m[0], m[1]
		for _, f := range kernels.BinaryFunctions() {
			for _, g := range []kernels.Binary{{Function: f, N: 1, M: rows, K: columns}, {Function: f, N: rows, M: 1, K: columns}} {
				list = append(list, kernels.BinaryDgrad{Binary: g}, kernels.BinaryFprop{Binary: g})
			}
		}
		for _, f := range kernels.LossFunctions() {
			g := kernels.ElementLoss{Function: f, N: rows, K: columns}
			list = append(list, kernels.ElementLossDgrad{ElementLoss: g}, kernels.ElementLossFprop{ElementLoss: g})
		}
		list = append(list, kernels.MaxNorm{D: rows, K: columns}, kernels.BatchNormFold{D: rows, K: columns}, kernels.BiasWgrad{M: rows, K: columns},
			kernels.PReLUFprop{PReLU: kernels.PReLU{M: rows, K: columns}}, kernels.PReLUDgrad{PReLU: kernels.PReLU{M: rows, K: columns}},
			kernels.PReLUTerms{PReLU: kernels.PReLU{M: rows, K: columns}},
			kernels.CrossEntropyDgrad{N: rows, K: columns}, kernels.CrossEntropyFprop{N: rows, K: columns},
			kernels.OneHot{N: rows, K: columns}, kernels.GatherBatch{N: rows, H: 1, W: columns, C: 1, Of: 1, Batches: 1}, kernels.GatherBatch{N: max(rows/kernels.PlaceSize, 1), H: columns, W: 1, C: 1, Of: 1, Batches: 1, Places: kernels.NewBuffer("places", kernels.Int32, 1)}, kernels.CategoricalCrossEntropyDgrad{Categorical: kernels.Categorical{N: rows, K: columns}},
			kernels.CategoricalCrossEntropyFprop{Categorical: kernels.Categorical{N: rows, K: columns}},
			kernels.SoftmaxDgrad{N: rows, K: columns}, kernels.SoftmaxFprop{N: rows, K: columns}, kernels.BinaryTally{N: rows, K: columns}, kernels.Tally{N: rows, K: columns})
	}
	for _, g := range []kernels.Bilinear2D{
		{N: 1, H: 1, W: 1, C: 1, FactorH: 1, FactorW: 1}, {N: most / 4, H: 1, W: 1, C: 1, FactorH: 2, FactorW: 2},
		{N: 1, H: most, W: 1, C: 1, FactorH: 1, FactorW: 1}, {N: 1, H: 1, W: most / 2, C: 1, FactorH: 1, FactorW: 2},
		{N: 1, H: 1, W: 1, C: most / (1 << 20), FactorH: 1 << 10, FactorW: 1 << 10},
	} {
		list = append(list, kernels.Bilinear2DDgrad{Bilinear2D: g}, kernels.Bilinear2DFprop{Bilinear2D: g})
	}
	for _, g := range []kernels.BatchNorm{
		{N: 1, P: 1, C: 1}, {N: most, P: 1, C: 1}, {N: 1, P: most, C: 1}, {N: 1, P: 1, C: most}, {N: 1024, P: 260 * 256, C: 31},
	} {
		list = append(list, kernels.BatchNormStats{BatchNorm: g}, kernels.BatchNormFprop{BatchNorm: g}, kernels.BatchNormSums{BatchNorm: g},
			kernels.BatchNormDgrad{BatchNorm: g}, batchNormFpropChain{Norm: kernels.BatchNormFprop{BatchNorm: g}},
			batchNormSumsChain{Sums: kernels.BatchNormSums{BatchNorm: g}}, batchNormDgradChain{Dgrad: kernels.BatchNormDgrad{BatchNorm: g}})
		for _, p := range []kernels.Precision{kernels.TF32, kernels.BF16} {
			list = append(list, batchNormFpropChain{Norm: kernels.BatchNormFprop{BatchNorm: g}, Stored: p},
				batchNormDgradChain{Dgrad: kernels.BatchNormDgrad{BatchNorm: g}, Stored: p})
		}
	}
	for _, g := range []kernels.GroupNorm{
		{N: 1, P: 1, C: 1, G: 1}, {N: most, P: 1, C: 1, G: 1}, {N: 1, P: most, C: 1, G: 1}, {N: 1, P: 1, C: most, G: 1}, {N: 1, P: 1, C: most, G: most},
		{N: 1024, P: 260 * 256, C: 31, G: 1}, {N: 1024 * 260 * 256, P: 1, C: 30, G: 6},
	} {
		list = append(list, kernels.GroupNormFprop{GroupNorm: g}, kernels.GroupNormDgrad{GroupNorm: g}, kernels.GroupNormWgrad{GroupNorm: g})
	}
	for kind := range kernels.PoolKind(len(constantsOf(t, "PoolKind"))) {
		for _, g := range []kernels.AdaptivePool2D{
			{N: 1, H: 1, W: 1, C: 1, P: 1, Q: 1}, {N: most, H: 1, W: 1, C: 1, P: 1, Q: 1}, {N: 1, H: 1, W: most, C: 1, P: 1, Q: 7},
			{N: 1024, H: 260, W: 256, C: 31, P: 7, Q: 7}, {N: 1, H: 46340, W: 1, C: 1, P: 46341, Q: 46340},
		} {
			g.Kind = kind
			list = append(list, kernels.AdaptivePool2DFprop{AdaptivePool2D: g}, kernels.AdaptivePool2DDgrad{AdaptivePool2D: g})
		}
	}
	for _, p := range []kernels.Precision{kernels.TF32, kernels.BF16} {
		for _, f := range []form{rowsOf(p, 33, 5), byFilter(p, 9, 5, 33), rowsOf(p, most/8, 1), byFilter(p, 1, 1, most/8), byFilter(p, most/8, 1, 1)} {
			list = append(list, narrowed(p, f, nil, nil))
		}
	}
	for _, c := range []struct{ n, c, k, image, window, stride int }{{1, 1, 1, 1, 1, 1}, {32, 1, 32, 28, 3, 1}, {32, 3, 64, 224, 7, 2}, {2, 4, 100, 600, 7, 2}, {most / 80, 2, 5, 4, 3, 1}} {
		w, err := kernels.NewWindow([2]int{c.image, c.image}, [2]int{c.window, c.window}, [2]int{c.stride, c.stride}, [2]int{1, 1}, kernels.Same)
		require.NoError(t, err)
		g := kernels.Conv2D{N: c.n, C: c.c, K: c.k, Window: w}
		pool := kernels.Pool2D{N: c.n, C: c.k, Window: kernels.Window{P: w.P / 2, Q: w.Q / 2}}
		list = append(list, directConv2DFprop{Conv: kernels.Conv2DFprop{Conv2D: g}}, directConv2DWgrad{Wgrad: kernels.Conv2DWgrad{Conv2D: g}})
		gather := kernels.GatherBatch{N: g.N, H: g.H, W: g.Window.W, C: g.C}
		list = append(list, newDirectConv2DGatheredFprop(kernels.Tick{}, gather, directConv2DFprop{Conv: kernels.Conv2DFprop{Conv2D: g}}))
		if pool.P > 0 {
			list = append(list, directConv2DFprop{Conv: kernels.Conv2DFprop{Conv2D: g}, Pool: &pool}, directConv2DPooledWgrad{Wgrad: kernels.Conv2DWgrad{Conv2D: g}, Pool: pool})
		}
	}
	some := []segment{{count: 1, slices: 1}, {begin: 4, count: 257, slices: 3, where: 4}, {begin: 512, count: 33, slices: 128, where: 784}}
	list = append(list, sumParts{Segments: some}, sumParts{Segments: []segment{{count: most, slices: mostSlices}}},
		sumParts{Segments: some, Overwrites: true, DW: kernels.NewBuffer("gradients", kernels.Float32, most)},
		adamParts{Segments: some[1:], Adam: kernels.Adam{W: kernels.NewBuffer("weights", kernels.Float32, most)}},
		adamParts{Segments: some, Adam: kernels.Adam{W: kernels.NewBuffer("weights", kernels.Float32, 1024)}, Tally: &kernels.Tally{N: 32, K: 10}})
	for _, p := range []kernels.Precision{kernels.TF32, kernels.BF16} {
		rounded := narrowed(p, byFilter(p, 9, 4, 5), nil, kernels.NewBuffer("rounded", typeOf(p), 5, 9, byFilter(p, 9, 4, 5).Pitch))
		list = append(list, adamParts{Segments: some, Adam: kernels.Adam{W: kernels.NewBuffer("weights", kernels.Float32, 1024)}, Rounded: &rounded})
	}
	for _, s := range [][4]int{{1, 1, 0, 1}, {32, 576, 64, 10}, {512, 600, 0, 10}, {500, 9, 5, 3}} {
		n, in, hidden, k := s[0], s[1], s[2], s[3]
		h := denseHead{Last: kernels.DenseFprop{Dense: kernels.Dense{N: n, C: in, K: k}}, Loss: kernels.CrossEntropyFprop{N: n, K: k}}
		if hidden > 0 {
			h.Hidden, h.Last.C = &kernels.DenseFprop{Dense: kernels.Dense{N: n, C: in, K: hidden}}, hidden
		}
		list = append(list, h)
		for _, p := range []kernels.Precision{kernels.TF32, kernels.BF16} {
			h.Gradient, h.Stored = &headGradient{}, headStored{p, true, true, true, true}
			if p == kernels.BF16 {
				h.Given = kernels.NewBuffer("x", kernels.BFloat16, n, in)
			}
			list = append(list, h)
		}
	}
	for _, d := range []kernels.Dense{
		{N: 1, C: 1, K: 1}, {N: most, C: 1, K: 1}, {N: 1, C: most, K: 1}, {N: 1, C: 1, K: most}, {N: 46340, C: 46340, K: 46340},
	} {
		list = append(list, kernels.DenseFprop{Dense: d}, kernels.DenseDgrad{Dense: d}, kernels.DenseWgrad{Dense: d})
	}
	type size = [2]int
	one := size{1, 1}
	for _, s := range []struct {
		n, c, k, groups                int
		image, window, stride, between size
		padding                        kernels.Padding
	}{
		{1, 1, 1, 1, one, one, one, one, kernels.Valid},
		{1024, 3, 31, 1, size{260, 256}, size{3, 3}, one, one, kernels.Same},
		{most, 1, 1, 1, one, size{3, 3}, one, one, kernels.Same},
		{1, most, 1, 1, one, one, one, one, kernels.Valid},
		{1, 1, most, 1, one, one, one, one, kernels.Valid},
		{1, 1, 1, 1, size{most - 3, 1}, size{3, 1}, one, one, kernels.Same},
		{1, 1, 1, 1, size{1, most - 3}, size{1, 3}, size{1, 2}, one, kernels.Same},
		{1, 1, 1, 1, size{most / 2, 1}, size{most / 2, 1}, one, one, kernels.Valid},
		{1, 1, 1, 1, size{most / 2, 1}, size{2, 1}, one, size{most/2 - 1, 1}, kernels.Same},
		{1, 6, 10, 2, size{5, 7}, size{3, 3}, one, one, kernels.Same},
		{1, most - 1, most / 2, most / 2, one, one, one, one, kernels.Valid}, // two channels a group, not depthwise
		{1, most, most, most, one, one, one, one, kernels.Valid},
		{1, most / 8, most / 8 * 4, most / 8, one, size{2, 1}, one, one, kernels.Same},
		{1, 2, 2, 2, size{most / 4, 1}, size{most / 4, 1}, one, one, kernels.Valid},
		{most / 62, 31, 62, 31, one, size{3, 3}, one, one, kernels.Same},
		{1, 1, 1, 1, size{1, most / 2}, size{1, 2}, size{1, most / 2}, one, kernels.Same},
	} {
		w, err := kernels.NewWindow(s.image, s.window, s.stride, s.between, s.padding)
		require.NoError(t, err)
		g := kernels.Conv2D{N: s.n, C: s.c, K: s.k, Groups: s.groups, Window: w}
		list = append(list, kernels.Conv2DFprop{Conv2D: g}, kernels.Conv2DDgrad{Conv2D: g}, kernels.Conv2DWgrad{Conv2D: g})
		for _, p := range []kernels.Precision{kernels.TF32, kernels.BF16} {
			for _, op := range []kernels.Op{kernels.Conv2DFprop{Conv2D: g}, kernels.Conv2DDgrad{Conv2D: g}} {
				switch made := productOf(op, p).(type) {
				case conv2DProductFprop:
					list = append(list, made, made.storing(p, nil, nil))
					if g.P < 2 || g.Q < 2 {
						continue
					}
					pooled := made
					pooled.Pool = &kernels.Pool2DFprop{Pool2D: kernels.Pool2D{N: g.N, C: g.K, Window: kernels.Window{P: g.P / 2, Q: g.Q / 2}}}
					list = append(list, pooled)
				case conv2DProductDgrad:
					list = append(list, made, made.storing(p, nil, nil))
				}
			}
			if op, ok := newConv2DProductWgrad(g, p, true); ok {
				list = append(list, op)
			}
		}
		for kind := range kernels.PoolKind(len(constantsOf(t, "PoolKind"))) {
			p := kernels.Pool2D{Kind: kind, N: s.n, C: s.c, Window: w}
			list = append(list, kernels.Pool2DFprop{Pool2D: p}, kernels.Pool2DDgrad{Pool2D: p},
				pool2DFpropChain{Pool: kernels.Pool2DFprop{Pool2D: p}, Activation: linear}, pool2DDgradChain{Pool: kernels.Pool2DDgrad{Pool2D: p}, Activation: linear})
		}
	}
	return list
}

// Every op has launches that all GPUs can do, whatever its shape, and an int numbers their threads where each has an element or a row.
func TestLaunchLimits(t *testing.T) {
	for _, op := range sampleOps(t) {
		launches, err := Launches(op)
		require.NoError(t, err, "%+v", op)
		require.NotEmpty(t, launches, op.Name())
		for _, l := range launches {
			for axis, index := range []string{"blockIdx.x * blockDim.x + threadIdx.x", "blockIdx.x * blockDim.y + threadIdx.y"} {
				if strings.Contains(kernelOf(t, l).body, index) {
					assert.LessOrEqual(t, l.Grid[0]*l.Block[axis], 1<<31, "threads of %s of %s for %+v", l.Function, l.Source, op)
				}
			}
		}
	}
}

func TestLaunchesRefuses(t *testing.T) {
	_, err := Launches(kernels.Add{Y: kernels.NewBuffer("y", kernels.Float32, 1<<16, 1<<15)})
	assert.EqualError(t, err, "add: a has more than 2^31-1 elements, 2147483648; use a smaller batch")
	_, err = Launches(kernels.ActivationFprop{Activation: kernels.Activation{Function: math.MaxUint8}})
	assert.ErrorContains(t, err, `no kernel for op "activation_fprop"`)
	_, err = Launches(kernels.BinaryFprop{Binary: kernels.Binary{Function: math.MaxUint8}})
	assert.ErrorContains(t, err, `no kernel for op "binary_fprop"`)
	_, err = Launches(kernels.ElementLossFprop{ElementLoss: kernels.ElementLoss{Function: math.MaxUint8}})
	assert.ErrorContains(t, err, `no kernel for op "element_loss_fprop"`)

	fits := Launch{Grid: [3]int{math.MaxInt32, 65535, 65535}, Block: [3]int{16, 1, 64}}
	require.NoError(t, fits.check())
	for axis := range 3 {
		for _, by := range []int{1, -fits.Grid[axis]} {
			l := fits
			l.Grid[axis] += by
			assert.ErrorContains(t, l.check(), "a grid of", "%v", l)
		}
	}
	for _, block := range [][3]int{{1025, 1, 1}, {1, 1025, 1}, {1, 1, 65}, {33, 32, 1}, {0, 1, 1}} {
		l := fits
		l.Block = block
		assert.Error(t, l.check(), "%v", l)
	}
}

// functions is how many activations there are.
func functions(t *testing.T) int { return len(constantsOf(t, "Function")) }
