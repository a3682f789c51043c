package train

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/model"
	"cnn-gpu/train/data"
	"cnn-gpu/train/internal/loader"
	"cnn-gpu/train/internal/traintest"
)

// part is the first examples of a set; spoil, if set, may change an example as it is read.
type part struct {
	data.Set
	examples int
	spoil    func(i int, x []float32, label *int32) error
}

func (p part) Len() int { return p.examples }

func (p part) Example(i int, x []float32) (int32, error) {
	label, err := p.Set.Example(i, x)
	if err == nil && p.spoil != nil {
		err = p.spoil(i, x, &label)
	}
	return label, err
}

var drawn = sync.OnceValue(func() data.Set {
	set, _ := data.Digits()
	return set
})

func digits(examples int) part { return part{Set: drawn(), examples: examples} }

func compile(t *testing.T, m *model.Model, workers int, optimizer Optimizer) *Trainer {
	t.Helper()
	d, err := device.OpenCPU(device.Options{Workers: workers})
	require.NoError(t, err)
	tr, err := Compile(m, Options{Device: d, Optimizer: optimizer, Metrics: []Metric{Accuracy}, Seed: 7})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, d.Close()) })
	return tr
}

func weights(t *testing.T, tr *Trainer) []float32 {
	t.Helper()
	w, err := tr.Weights()
	require.NoError(t, err)
	return w.Padded()
}

// learners has rows for every optimizer that is chosen by name, with rates at which few images are learnt soon.
var learners = []Optimizer{
	Adam{LearningRate: 0.01},
	SGD{LearningRate: 0.1, Momentum: 0.9},
	SGD{LearningRate: 0.1, Momentum: 0.9, Nesterov: true},
	RMSprop{LearningRate: 0.003},
	Adagrad{LearningRate: 0.03},
	AdamW{LearningRate: 0.01},
	Lion{LearningRate: 0.001, WeightDecay: 0.01},
	Lamb{LearningRate: 0.01},
	RMSprop{LearningRate: 0.001, Momentum: 0.5, Centered: true},
}

func TestLearnsByHeart(t *testing.T) {
	for _, name := range OptimizerNames() {
		assert.True(t, slices.ContainsFunc(learners, func(o Optimizer) bool { return o.Name() == name }),
			"nothing is learnt with the optimizer %q: add it to learners in train_test.go", name)
	}
	set := digits(32)
	for _, optimizer := range learners {
		tr := compile(t, traintest.SmallNet(t, 0), 2, optimizer)
		history, err := tr.Fit(context.Background(), set, FitOptions{Epochs: 60, Batch: 8})
		require.NoError(t, err)
		assert.InDelta(t, math.Log(10), history[0].Training.Loss, 1.5, "the first loss is about that of guessing")
		result, err := tr.Evaluate(context.Background(), set, 5)
		require.NoError(t, err)
		assert.Equal(t, 1.0, result.Accuracy)
		assert.Less(t, result.Loss, 0.02)
		assert.Equal(t, 32, result.Examples)
	}
}

func TestSameBitsWhateverTheWorkers(t *testing.T) {
	train := func(workers int) ([]float32, []Epoch) {
		tr := compile(t, traintest.SmallNet(t, 0.3), workers, Adam{})
		history, err := tr.Fit(context.Background(), digits(100), FitOptions{Epochs: 2, Batch: 24, Validation: digits(30)})
		require.NoError(t, err)
		return weights(t, tr), history
	}
	want, wantHistory := train(1)
	for _, workers := range []int{1, 2, 3, 5} {
		got, history := train(workers)
		require.Equal(t, want, got, "%d workers", workers)
		for i := range history {
			assert.Equal(t, wantHistory[i].Training, history[i].Training)
			assert.Equal(t, wantHistory[i].Validation, history[i].Validation)
		}
	}
}

func TestSeedsDiffer(t *testing.T) {
	a, err := Compile(traintest.SmallNet(t, 0), Options{Seed: 1})
	require.NoError(t, err)
	defer a.Close()
	b, err := Compile(traintest.SmallNet(t, 0), Options{Seed: 2})
	require.NoError(t, err)
	defer b.Close()
	assert.NotEqual(t, weights(t, a), weights(t, b))
	assert.NotEqual(t, loader.Shuffled(100, 1, 0), loader.Shuffled(100, 2, 0))
	assert.NotEqual(t, loader.Shuffled(100, 1, 0), loader.Shuffled(100, 1, 1))
	order := loader.Shuffled(100, 1, 0)
	slices.Sort(order)
	assert.Equal(t, loader.InOrder(100), order, "each example once")
}

// The rest of a last, smaller batch must not change what is learnt: one step on 5 examples is the same in a batch of 5 and in
// one of 8 with three rows empty, whatever the layers are.
func TestSmallerLastBatch(t *testing.T) {
	every, err := model.Parse("every-layer.yaml", []byte(traintest.EveryLayer))
	require.NoError(t, err)
	random := rand.New(rand.NewPCG(1, 1))
	for _, m := range []*model.Model{traintest.SmallNet(t, 0), every} {
		const examples = 5
		x := make([]float32, examples*m.Input.Shape.Elements())
		for i := range x {
			x[i] = random.Float32()
		}
		step := func(size int) []float32 {
			tr := compile(t, m, 2, SGD{LearningRate: 0.1})
			step, err := tr.TrainingStep(size)
			require.NoError(t, err)
			all, labels := make([]float32, size*m.Input.Shape.Elements()), slices.Repeat([]int32{-1}, size)
			copy(all, x)
			copy(labels, []int32{3, 1, 4, 1, 0})
			require.NoError(t, step.Run(all, labels))
			return weights(t, tr)
		}
		assert.InDeltaSlice(t, step(examples), step(8), 1e-6)
		assert.NotEqual(t, weights(t, compile(t, m, 2, nil)), step(8))
	}
}

func TestNotFinite(t *testing.T) {
	t.Run("input", func(t *testing.T) {
		set := digits(64)
		set.spoil = func(i int, x []float32, _ *int32) error {
			if i == 40 {
				x[300] = float32(math.NaN())
			}
			return nil
		}
		step := slices.Index(loader.Shuffled(64, 7, 0), 40)/16 + 1
		good := compile(t, traintest.SmallNet(t, 0), 2, Adam{})
		for i := range step - 1 {
			step, err := good.TrainingStep(16)
			require.NoError(t, err)
			b := loader.NewBatch(digits(64), 16)
			b.Fill(digits(64), loader.Shuffled(64, 7, 0)[16*i:16*i+16])
			require.NoError(t, step.Run(b.X, b.Labels))
		}
		tr := compile(t, traintest.SmallNet(t, 0), 2, Adam{})
		_, err := tr.Fit(context.Background(), set, FitOptions{Epochs: 2, Batch: 16})
		var found *NotFiniteError
		require.ErrorAs(t, err, &found)
		assert.Equal(t, NotFiniteError{Step: step, Epoch: 1, Layer: "input", What: "output"}, *found)
		assert.Equal(t, weights(t, good), weights(t, tr), "the weights of the step before")
	})
	t.Run("rate", func(t *testing.T) {
		m, err := model.Sequential(model.Input(28, 28, 1), model.Flatten{}, model.Dense{Units: 8}, model.Dense{Units: 8},
			model.Dense{Units: 10, Activation: model.Softmax})
		require.NoError(t, err)
		tr := compile(t, m, 2, SGD{LearningRate: 1e9})
		_, err = tr.Fit(context.Background(), digits(64), FitOptions{Epochs: 20, Batch: 16})
		var found *NotFiniteError
		require.ErrorAs(t, err, &found)
		t.Log(err)
		assert.NotEqual(t, "input", found.Layer)
		for _, w := range weights(t, tr) {
			require.False(t, math.IsNaN(float64(w)) || math.IsInf(float64(w), 0))
		}
	})
}

// A set that is smaller than a batch is one batch.
func TestFitASetSmallerThanABatch(t *testing.T) {
	var want []float32
	for _, batch := range []int{10, 11, 1000} {
		tr := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
		_, err := tr.Fit(context.Background(), digits(10), FitOptions{Epochs: 2, Batch: batch})
		require.NoError(t, err)
		if want == nil {
			want = weights(t, tr)
		}
		assert.Equal(t, want, weights(t, tr))
	}
}

func TestRefusals(t *testing.T) {
	ctx := context.Background()
	tr := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
	_, err := tr.Fit(ctx, digits(10), FitOptions{Epochs: -1, Batch: 2})
	assert.ErrorContains(t, err, "give at least 1")
	_, err = compile(t, traintest.SmallNet(t, 0), 1, nil).Fit(ctx, digits(10), FitOptions{Batch: 2})
	assert.ErrorContains(t, err, "needs an optimizer")

	spoilt := digits(10)
	spoilt.spoil = func(i int, _ []float32, label *int32) error {
		if i == 3 {
			*label = 10
		}
		return nil
	}
	_, err = tr.Fit(ctx, spoilt, FitOptions{Batch: 2})
	assert.ErrorContains(t, err, "example 3: label 10 is none of the 10 classes")
	broken := errors.New("broken disk")
	spoilt.spoil = func(i int, _ []float32, _ *int32) error { return broken }
	_, err = tr.Evaluate(ctx, spoilt, 4)
	assert.ErrorIs(t, err, broken)

	build := func(input model.Shape, layers ...model.Spec) *model.Model {
		m, err := model.Sequential(input, layers...)
		require.NoError(t, err)
		return m
	}
	for _, c := range []struct {
		model *model.Model
		o     Options
		want  string
	}{
		{build(model.Input(4, 4, 1), model.Flatten{}, model.Dense{Units: 10}), Options{}, "does not end with a softmax"},
		{build(model.Input(4, 4, 1), model.Activation{Function: model.Softmax}), Options{}, "one score for each class"},
		{traintest.SmallNet(t, 0), Options{Loss: SparseCategoricalCrossEntropy{FromLogits: true}}, "ends with a softmax"},
		{traintest.SmallNet(t, 0), Options{Metrics: []Metric{"auc"}}, `unknown metric "auc"`},
		{traintest.SmallNet(t, 0), Options{Optimizer: Adam{LearningRate: -1}}, "learning rate -1"},
		{traintest.SmallNet(t, 0), Options{Optimizer: Adam{LearningRate: 2e10}}, "learning rate 2e+10; give a number above 0 and up to 1e+10"},
		{traintest.SmallNet(t, 0), Options{Optimizer: SGD{LearningRate: math.Inf(1)}}, "learning rate +Inf"},
		{traintest.SmallNet(t, 0), Options{Optimizer: SGD{Momentum: 1}}, "momentum 1"},
		{traintest.SmallNet(t, 0), Options{Weights: build(model.Input(4), model.Dense{Units: 10}).NewWeights()}, "the weights are those of 2 parameters; the model has 6"},
	} {
		_, err := Compile(c.model, c.o)
		assert.ErrorContains(t, err, c.want)
	}
	small := compile(t, build(model.Input(28, 28, 1), model.Flatten{}, model.Dense{Units: 9, Activation: model.Softmax}), 1, Adam{})
	_, err = small.Fit(ctx, digits(10), FitOptions{Batch: 2})
	assert.ErrorContains(t, err, "10 classes")
	other := compile(t, build(model.Input(32, 32, 3), model.Flatten{}, model.Dense{Units: 10, Activation: model.Softmax}), 1, Adam{})
	_, err = other.Evaluate(ctx, digits(10), 2)
	assert.ErrorContains(t, err, "[28 28 1]")
	_, err = OptimizerByName("adamx", nil)
	assert.ErrorContains(t, err, `unknown optimizer "adamx"`)
}

// A model that ends with logits and says so learns the same as one that ends with a softmax.
func TestFromLogits(t *testing.T) {
	fit := func(last model.Function, loss Loss) []float32 {
		m, err := model.Sequential(model.Input(28, 28, 1), model.Flatten{}, model.Dense{Units: 10, Activation: last})
		require.NoError(t, err)
		tr, err := Compile(m, Options{Optimizer: Adam{}, Loss: loss, Seed: 1})
		require.NoError(t, err)
		defer tr.Close()
		history, err := tr.Fit(context.Background(), digits(64), FitOptions{Epochs: 2})
		require.NoError(t, err)
		assert.Zero(t, history[0].Training.Accuracy, "the metric was not asked for")
		return weights(t, tr)
	}
	assert.Equal(t, fit(model.Softmax, nil), fit(model.Linear, SparseCategoricalCrossEntropy{FromLogits: true}))
}

// A step whose gradients are clipped is as long as the limit says, and one whose gradients are within it has the bits of one that is not clipped.
func TestClipping(t *testing.T) {
	step := func(c Clipping) (change []float64) {
		m := traintest.SmallNet(t, 0)
		tr, err := Compile(m, Options{Optimizer: SGD{LearningRate: 1}, Clipping: c, Weights: m.InitialWeights(1)})
		require.NoError(t, err)
		defer tr.Close()
		before := weights(t, tr)
		_, err = tr.Fit(context.Background(), digits(8), FitOptions{Batch: 8})
		require.NoError(t, err)
		for i, w := range weights(t, tr) {
			change = append(change, float64(w)-float64(before[i]))
		}
		return change
	}
	norm := func(v []float64) (norm float64) {
		for _, x := range v {
			norm = math.Hypot(norm, x)
		}
		return norm
	}
	whole := step(Clipping{})
	require.Greater(t, norm(whole), 0.5)
	assert.Equal(t, whole, step(Clipping{GlobalNorm: 100}))
	assert.Equal(t, whole, step(Clipping{Value: 100}))
	clipped := step(Clipping{GlobalNorm: 0.125})
	assert.InDelta(t, 0.125, norm(clipped), 1e-5)
	for i := range whole {
		assert.InDelta(t, whole[i]*0.125/norm(whole), clipped[i], 1e-6)
	}
	limited := step(Clipping{Value: 0.01})
	for i := range whole {
		assert.InDelta(t, min(max(whole[i], -0.01), 0.01), limited[i], 1e-6)
	}
}

// Weight decay takes its part of filters and matrices, and nothing of biases.
func TestWeightDecayLeavesBiasesOut(t *testing.T) {
	m := traintest.SmallNet(t, 0)
	initial := m.InitialWeights(1)
	for _, values := range initial.All() {
		for i := range values {
			values[i] += 0.5
		}
	}
	step := func(decay float64) *model.Weights {
		tr, err := Compile(m, Options{Optimizer: SGD{LearningRate: 0.5, WeightDecay: decay}, Weights: initial})
		require.NoError(t, err)
		defer tr.Close()
		_, err = tr.Fit(context.Background(), digits(8), FitOptions{Batch: 8})
		require.NoError(t, err)
		w, err := tr.Weights()
		require.NoError(t, err)
		return w
	}
	with := step(0.25)
	for p, without := range step(0).All() {
		decayed, err := with.Values(p.Name)
		require.NoError(t, err)
		first, err := initial.Values(p.Name)
		require.NoError(t, err)
		if len(p.Shape) == 1 {
			assert.Equal(t, without, decayed, p.Name)
			continue
		}
		for i := range decayed {
			require.InDelta(t, without[i]-0.125*first[i], decayed[i], 1e-6*(1+math.Abs(float64(without[i]))), p.Name)
		}
	}
}
