package passes_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/model"
	"cnn-gpu/model/passes"
)

func sequential(t *testing.T, input model.Shape, layers ...model.Spec) *model.Model {
	m, err := model.Sequential(input, layers...)
	require.NoError(t, err)
	return m
}

// times says how often each pass found something.
func times(report []passes.Applied) map[string]int {
	n := map[string]int{}
	for _, p := range report {
		if p.Times > 0 {
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
	for _, c := range []struct {
		name           string
		model          *model.Model
		training, eval map[string]int
	}{
		{
			"like the tutorial",
			sequential(t, model.Input(12, 12, 1), append([]model.Spec{
				conv(32, model.ReLU), model.MaxPooling2D{Size: two}, conv(32, model.ReLU)}, tail...)...),
			map[string]int{"activation-after-pool": 1, "chain": 2, "pooled-gradient": 1, "winograd": 3},
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
			map[string]int{"activation-after-pool": 1, "chain": 1, "pooled-gradient": 1}, map[string]int{"chain": 1},
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
			residual(), map[string]int{"chain": 2, "winograd": 3}, map[string]int{"chain": 2, "winograd": 1},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			step := kernels.Kept("step", kernels.Int32, 1)
			l := c.model.Lower(3, model.LowerOptions{Training: true, Step: step})
			steps := append(append([]model.Step{}, l.Forward...), l.Backward...)
			rewritten, report := passes.Apply(steps, passes.Options{})
			assert.Equal(t, c.training, times(report))
			for _, op := range model.Ops(rewritten) {
				assert.NoError(t, kernels.CheckOperands(op))
			}
			forward := c.model.Lower(3, model.LowerOptions{})
			_, report = passes.Apply(forward.Forward, passes.Options{})
			assert.Equal(t, c.eval, times(report))

			run := func(steps []model.Step) (output, gradients []float64) {
				r := rand.New(rand.NewPCG(1, 2))
				var o kerneltest.Oracle
				o.Set(l.Weights, c.model.InitialWeights(1).Padded())
				for _, b := range []*kernels.Buffer{l.Input, l.DOutput} {
					values := o.Of(b)
					for i := range values {
						values[i] = r.NormFloat64()
					}
				}
				require.NoError(t, o.Run(model.Ops(steps)))
				return o.Of(l.Output), o.Of(l.Gradients)
			}
			output, gradients := run(steps)
			newOutput, newGradients := run(rewritten)
			assert.Equal(t, output, newOutput)
			assert.InDeltaSlice(t, gradients, newGradients, 1e-12)
		})
	}
}

func TestStrictLeavesOutWhatRoundsOtherwise(t *testing.T) {
	m := sequential(t, model.Input(8, 8, 64), model.Conv2D{Filters: 64, Kernel: model.Pair{3, 3}})
	list := m.Lower(2, model.LowerOptions{}).Forward
	_, report := passes.Apply(list, passes.Options{})
	assert.Equal(t, map[string]int{"winograd": 1}, times(report))
	_, report = passes.Apply(list, passes.Options{Strict: true})
	assert.Empty(t, times(report))
}

// What a person may download is computed: the maps of a model whose values are kept.
func TestKeptValuesStay(t *testing.T) {
	m := sequential(t, model.Input(8, 8, 1), model.Conv2D{Filters: 4, Kernel: model.Pair{3, 3}, Activation: model.ReLU},
		model.MaxPooling2D{Size: model.Pair{2, 2}})
	_, report := passes.Apply(m.Lower(2, model.LowerOptions{Keep: true}).Forward, passes.Options{})
	assert.Empty(t, times(report))
}
