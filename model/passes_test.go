package model_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/model"
)

func sequential(t *testing.T, input model.Shape, layers ...model.Spec) *model.Model {
	m, err := model.Sequential(input, layers...)
	require.NoError(t, err)
	return m
}

// passes says how often each pass of the CPU found something in a list.
func passes(t *testing.T, ops []kernels.Op, o device.CompileOptions) map[string]int {
	t.Helper()
	s, err := device.NewSchedule("cpu", device.Options{}, ops, o)
	require.NoError(t, err)
	n := map[string]int{}
	for _, p := range s.Passes {
		if p.Times > 0 && p.Name != "depth-first" {
			n[p.Name] = p.Times
		}
	}
	return n
}

func TestPassesKeepWhatModelsCompute(t *testing.T) {
	three, two := model.Pair{3, 3}, model.Pair{2, 2}
	conv := func(filters int, f model.Function) model.Conv2D {
		return model.Conv2D{Filters: filters, Kernel: three, Activation: f}
	}
	tail := []model.Spec{model.Flatten{}, model.Dense{Units: 3}}
	residual := func() *model.Model {
		g := model.NewGraph(model.Input(8, 8, 2))
		x := g.Add(model.Conv2D{Filters: 32, Kernel: three, Padding: model.Same, Activation: model.ReLU}, g.Input())
		y := g.Add(model.Conv2D{Filters: 32, Kernel: three, Padding: model.Same, Activation: model.ReLU}, x)
		sum := g.Add(model.Add{}, x, y)
		pooled := g.Add(model.MaxPooling2D{Size: two}, sum)
		m, err := g.Build(g.Add(model.Dense{Units: 3}, g.Add(model.Flatten{}, pooled)))
		require.NoError(t, err)
		return m
	}
	build := func(connect func(g *model.Graph) *model.Node) *model.Model {
		g := model.NewGraph(model.Input(8, 8, 2))
		m, err := g.Build(g.Add(model.Dense{Units: 3}, g.Add(model.Flatten{}, connect(g))))
		require.NoError(t, err)
		return m
	}
	normalised := func(frozen ...string) *model.Model {
		g := model.NewGraph(model.Input(8, 8, 2))
		x := g.AddNamed("norm", model.BatchNormalization{}, g.AddNamed("conv", conv(4, ""), g.Input()))
		m, err := g.Build(g.Add(model.Dense{Units: 3}, g.Add(model.Flatten{}, g.Add(model.ReLULayer{}, x))))
		require.NoError(t, err)
		m, err = m.Freeze(frozen...)
		require.NoError(t, err)
		return m
	}
	same := func(f model.Function) model.Conv2D {
		return model.Conv2D{Filters: 8, Kernel: three, Padding: model.Same, Activation: f}
	}
	for _, c := range []struct {
		name           string
		model          *model.Model
		training, eval map[string]int
	}{
		{
			"like the tutorial",
			sequential(t, model.Input(12, 12, 1), append([]model.Spec{
				conv(32, model.ReLU), model.MaxPooling2D{Size: two}, conv(32, model.ReLU)}, tail...)...),
			map[string]int{"activation-after-pool": 1, "chain": 2, "pooled-gradient": 1, "winograd": 2},
			map[string]int{"chain": 2, "winograd": 1},
		},
		{
			"no activation, windows that overlap",
			sequential(t, model.Input(11, 9, 3), append([]model.Spec{
				conv(5, ""), model.MinPooling2D{Size: three, Strides: two, Padding: model.Same}}, tail...)...),
			map[string]int{"chain": 1, "pooled-gradient": 1}, map[string]int{"chain": 1},
		},
		{
			"sigmoid before the pool",
			sequential(t, model.Input(10, 10, 2), append([]model.Spec{
				conv(4, model.ReLU), conv(4, model.Sigmoid), model.MaxPooling2D{Size: two}}, tail...)...),
			map[string]int{"activation-after-pool": 1, "chain": 2, "pooled-gradient": 1}, map[string]int{"chain": 2},
		},
		{
			"silu before the pool", // whose derivative is told from what the pool never saw
			sequential(t, model.Input(10, 10, 2), append([]model.Spec{
				conv(4, model.ReLU), conv(4, model.SiLU), model.MaxPooling2D{Size: two}}, tail...)...),
			map[string]int{"chain": 1}, map[string]int{"chain": 2},
		},
		{
			"average pool", // whose gradient reaches every place
			sequential(t, model.Input(10, 10, 2), append([]model.Spec{conv(4, model.ReLU), model.AveragePooling2D{Size: two}}, tail...)...),
			map[string]int{"chain": 1}, map[string]int{"chain": 1},
		},
		{
			"average pool without an activation",
			sequential(t, model.Input(10, 10, 2), append([]model.Spec{conv(4, ""), model.AveragePooling2D{Size: two}}, tail...)...),
			map[string]int{"chain": 1}, map[string]int{"chain": 1},
		},
		{
			"dilated",
			sequential(t, model.Input(12, 12, 2), append([]model.Spec{
				model.Conv2D{Filters: 8, Kernel: three, Dilation: two, Activation: model.ReLU}, model.MaxPooling2D{Size: two}}, tail...)...),
			map[string]int{"activation-after-pool": 1, "chain": 1}, map[string]int{"chain": 1},
		},
		{
			"residual", // a ReLU whose value is used twice may still be joined, a sum before a pool may not
			residual(), map[string]int{"chain": 2, "winograd": 2}, map[string]int{"chain": 2, "winograd": 1},
		},
		{
			"a value that goes into a pool and past it",
			build(func(g *model.Graph) *model.Node {
				x := g.Add(same(model.ReLU), g.Input())
				past := g.Add(model.Conv2D{Filters: 8, Kernel: three, Strides: two, Padding: model.Same}, x)
				return g.Add(model.Add{}, g.Add(model.MaxPooling2D{Size: two}, x), past)
			}),
			map[string]int{"chain": 1}, map[string]int{"chain": 1},
		},
		{
			"normalised", // by moving averages in evaluation alone
			sequential(t, model.Input(10, 10, 8), append([]model.Spec{
				conv(32, ""), model.BatchNormalization{}, model.ReLULayer{}, model.Conv2D{Filters: 32, Kernel: three, Bias: model.NoBias},
				model.BatchNormalization{Center: model.Off}, model.MaxPooling2D{Size: two},
				model.Flatten{}, model.Dense{Units: 6}, model.BatchNormalization{Scale: model.Off}}, tail...)...),
			map[string]int{"end-batch-norm": 1, "winograd": 2},
			map[string]int{"fold-batch-norm": 3, "fold-once": 3, "chain": 2, "winograd": 1},
		},
		{
			"normalised behind the ReLU", // which is not linear
			sequential(t, model.Input(10, 10, 2), append([]model.Spec{conv(4, model.ReLU), model.BatchNormalization{}}, tail...)...),
			map[string]int{"chain": 1}, map[string]int{"chain": 1},
		},
		{
			"in groups", // which only what knows them may join
			sequential(t, model.Input(10, 10, 8), append([]model.Spec{
				model.Conv2D{Filters: 16, Kernel: three, Groups: 2, Activation: model.ReLU}, model.MaxPooling2D{Size: two},
				model.DepthwiseConv2D{Kernel: three, Activation: model.ReLU}, model.MaxPooling2D{Size: two}}, tail...)...),
			map[string]int{"activation-after-pool": 2, "chain": 2}, map[string]int{"chain": 2},
		},
		{
			"as MobileNetV2 orders them",
			sequential(t, model.Input(10, 10, 3), append([]model.Spec{
				model.Conv2D{Filters: 12, Kernel: model.Pair{1, 1}, Bias: model.NoBias}, model.BatchNormalization{}, model.ReLULayer{MaxValue: 6},
				model.DepthwiseConv2D{Kernel: three, Strides: two, Padding: model.Same, Bias: model.NoBias}, model.BatchNormalization{}, model.ReLULayer{MaxValue: 6},
				model.Conv2D{Filters: 4, Kernel: model.Pair{1, 1}, Bias: model.NoBias}, model.BatchNormalization{}}, tail...)...),
			map[string]int{"end-batch-norm": 2}, map[string]int{"fold-batch-norm": 3, "fold-once": 3, "chain": 2},
		},
		{
			"separable and transposed", // whose last op is no convolution forward
			sequential(t, model.Input(8, 8, 8), append([]model.Spec{
				model.SeparableConv2D{Filters: 8, Kernel: three}, model.BatchNormalization{}, model.ReLULayer{},
				model.Conv2DTranspose{Filters: 6, Kernel: three}, model.BatchNormalization{}, model.ReLULayer{}, model.MaxPooling2D{Size: two}}, tail...)...),
			map[string]int{"activation-after-pool": 1, "end-batch-norm": 2},
			map[string]int{"fold-batch-norm": 1, "fold-once": 1, "chain": 1, "end-batch-norm": 1},
		},
		{
			"pools of a given size and a ReLU with a threshold",
			sequential(t, model.Input(10, 10, 2), append([]model.Spec{
				conv(4, model.ReLU), model.AdaptiveMaxPooling2D{OutputSize: model.Pair{5, 5}}, conv(4, ""), model.ReLULayer{Threshold: 0.25},
				model.MaxPooling2D{Size: two}}, tail...)...),
			map[string]int{"chain": 1}, map[string]int{"chain": 1},
		},
		{
			"frozen convolution and normalisation", // whose weights no step changes
			normalised("conv", "norm"),
			map[string]int{"fold-batch-norm": 1, "fold-once": 1, "chain": 1}, map[string]int{"fold-batch-norm": 1, "fold-once": 1, "chain": 1},
		},
		{
			"frozen normalisation", // of maps that the gradient needs
			normalised("norm"), map[string]int{"end-batch-norm": 1}, map[string]int{"fold-batch-norm": 1, "fold-once": 1, "chain": 1},
		},
		{
			"frozen convolution",
			normalised("conv"), map[string]int{"end-batch-norm": 1}, map[string]int{"fold-batch-norm": 1, "fold-once": 1, "chain": 1},
		},
		{
			"a pool of a sum", // which the convolution makes, but for the pool, and whose gradient is that of both convolutions
			build(func(g *model.Graph) *model.Node {
				sum := g.Add(model.Add{}, g.Add(same(""), g.Input()), g.Add(same(""), g.Input()))
				return g.Add(model.MaxPooling2D{Size: two}, sum)
			}),
			map[string]int{"chain": 1}, map[string]int{"chain": 1},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			step := kernels.Kept("step", kernels.Int32, 1)
			l := c.model.Lower(3, model.LowerOptions{Training: true, Step: step})
			l.DOutput.Keep = true
			ops := append([]kernels.Op{kernels.Zero{Y: l.Gradients}}, model.Ops(append(l.Forward, l.Backward...))...)
			assert.Equal(t, c.training, passes(t, ops, device.CompileOptions{}))
			assert.Equal(t, c.eval, passes(t, model.Ops(c.model.Lower(3, model.LowerOptions{}).Forward), device.CompileOptions{}))

			d, err := device.OpenCPU(device.Options{})
			require.NoError(t, err)
			defer d.Close()
			var o kerneltest.Oracle
			r := rand.New(rand.NewPCG(1, 2))
			set := func(b *kernels.Buffer, values []float32) {
				o.Set(b, values)
				require.NoError(t, d.Upload(b, values))
			}
			set(l.Weights, c.model.InitialWeights(1).Padded())
			for _, b := range []*kernels.Buffer{l.Input, l.DOutput} {
				values := make([]float32, b.Elements())
				for i := range values {
					values[i] = float32(r.NormFloat64())
				}
				set(b, values)
			}
			program, err := d.Compile(ops, device.CompileOptions{})
			require.NoError(t, err)
			require.NoError(t, program.Run())
			require.NoError(t, o.Run(ops))
			for _, b := range []*kernels.Buffer{l.Output, l.Gradients} {
				got, want := make([]float32, b.Elements()), o.Of(b)
				require.NoError(t, d.Download(got, b))
				largest := 0.0
				for _, v := range want {
					largest = max(largest, math.Abs(v))
				}
				for i, v := range want {
					require.InDelta(t, v, got[i], 1e-5*largest, "%s[%d]", b.Name, i)
				}
			}
		})
	}
}

func TestStrictLeavesOutWhatRoundsOtherwise(t *testing.T) {
	m := sequential(t, model.Input(8, 8, 64), model.Conv2D{Filters: 64, Kernel: model.Pair{3, 3}})
	ops := model.Ops(m.Lower(2, model.LowerOptions{}).Forward)
	assert.Equal(t, map[string]int{"winograd": 1}, passes(t, ops, device.CompileOptions{}))
	assert.Empty(t, passes(t, ops, device.CompileOptions{Strict: true}))
}

// What a person may download is computed: the maps of a model whose values are kept.
func TestKeptValuesStay(t *testing.T) {
	m := sequential(t, model.Input(8, 8, 1), model.Conv2D{Filters: 4, Kernel: model.Pair{3, 3}, Activation: model.ReLU},
		model.MaxPooling2D{Size: model.Pair{2, 2}})
	assert.Empty(t, passes(t, model.Ops(m.Lower(2, model.LowerOptions{Keep: true}).Forward), device.CompileOptions{}))
}
