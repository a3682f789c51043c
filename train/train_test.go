package train

import (
	"context"
	"errors"
	"math"
	"path/filepath"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"cnn-gpu/device"
	"cnn-gpu/model"
	"cnn-gpu/train/data"
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

// smallNet has every kind of layer that draws, pools or branches, and trains in a moment.
func smallNet(t *testing.T, dropout float64) *model.Model {
	t.Helper()
	g := model.NewGraph(model.Input(28, 28, 1))
	x := g.Add(model.Conv2D{Filters: 8, Kernel: model.Pair{3, 3}, Strides: model.Pair{2, 2}, Activation: model.ReLU}, g.Input())
	x = g.Add(model.MaxPooling2D{}, x)
	y := g.Add(model.Conv2D{Filters: 8, Kernel: model.Pair{3, 3}, Padding: model.Same, Activation: model.ReLU}, x)
	x = g.Add(model.Add{}, x, y)
	x = g.Add(model.Flatten{}, x)
	x = g.Add(model.Dropout{Rate: dropout}, x)
	x = g.Add(model.Dense{Units: 10, Activation: model.Softmax}, x)
	m, err := g.Build(x)
	require.NoError(t, err)
	return m
}

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

func TestLearnsByHeart(t *testing.T) {
	set := digits(32)
	for _, optimizer := range []Optimizer{Adam{LearningRate: 0.01}, SGD{LearningRate: 0.1, Momentum: 0.9}, SGD{LearningRate: 0.1, Momentum: 0.9, Nesterov: true}} {
		tr := compile(t, smallNet(t, 0), 2, optimizer)
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
		tr := compile(t, smallNet(t, 0.3), workers, Adam{})
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
	a, err := Compile(smallNet(t, 0), Options{Seed: 1})
	require.NoError(t, err)
	defer a.Close()
	b, err := Compile(smallNet(t, 0), Options{Seed: 2})
	require.NoError(t, err)
	defer b.Close()
	assert.NotEqual(t, weights(t, a), weights(t, b))
	assert.NotEqual(t, shuffled(100, 1, 0), shuffled(100, 2, 0))
	assert.NotEqual(t, shuffled(100, 1, 0), shuffled(100, 1, 1))
	order := shuffled(100, 1, 0)
	slices.Sort(order)
	assert.Equal(t, inOrder(100), order, "each example once")
}

// A run that is interrupted anywhere, saved and resumed by a new trainer ends with the bits of one that was not.
func TestResume(t *testing.T) {
	const epochs = 3
	options := FitOptions{Epochs: epochs, Batch: 16, Validation: digits(20)}
	whole := compile(t, smallNet(t, 0.3), 2, Adam{})
	want, err := whole.Fit(context.Background(), digits(100), options)
	require.NoError(t, err)

	for _, reads := range []int{1, 60, 100, 110, 130, 250, 350} {
		ctx, cancel := context.WithCancel(context.Background())
		set, count := digits(100), 0
		set.spoil = func(int, []float32, *int32) error {
			if count++; count == reads {
				cancel()
			}
			return nil
		}
		path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
		first := compile(t, smallNet(t, 0.3), 1, Adam{})
		interrupted := options
		interrupted.Checkpoint = func() error { return first.SaveCheckpoint(path, nil) }
		_, err := first.Fit(ctx, set, interrupted)
		if count >= reads && first.Position().Fit < epochs && err == nil {
			t.Fatalf("not interrupted after %d reads", reads)
		}

		second := compile(t, smallNet(t, 0.3), 3, Adam{})
		require.NoError(t, second.LoadCheckpoint(path))
		if at := second.Position(); at.Fit < epochs {
			_, err = second.Fit(context.Background(), digits(100), options)
			require.NoError(t, err)
		}
		require.Equal(t, weights(t, whole), weights(t, second), "interrupted after %d reads", reads)
		got := second.History()
		require.Len(t, got, epochs)
		for i := range want {
			assert.Equal(t, want[i].Training, got[i].Training, "interrupted after %d reads, epoch %d", reads, i+1)
			assert.Equal(t, want[i].Validation, got[i].Validation)
		}
	}
}

func TestCheckpointOfAnotherTraining(t *testing.T) {
	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	saved := compile(t, smallNet(t, 0.3), 1, Adam{})
	require.NoError(t, saved.SaveCheckpoint(path, nil))
	assert.ErrorContains(t, compile(t, smallNet(t, 0.5), 1, Adam{}).LoadCheckpoint(path), "another model")
	assert.ErrorContains(t, compile(t, smallNet(t, 0.3), 1, SGD{}).LoadCheckpoint(path), "another optimizer")
	assert.ErrorContains(t, compile(t, smallNet(t, 0.3), 1, Adam{}).LoadCheckpoint(path+"x"), "no such file")
}

func TestFitGoesOn(t *testing.T) {
	whole := compile(t, smallNet(t, 0), 1, Adam{})
	_, err := whole.Fit(context.Background(), digits(40), FitOptions{Epochs: 3, Batch: 16})
	require.NoError(t, err)
	parts := compile(t, smallNet(t, 0), 1, Adam{})
	for _, epochs := range []int{1, 2} {
		_, err = parts.Fit(context.Background(), digits(40), FitOptions{Epochs: epochs, Batch: 16})
		require.NoError(t, err)
	}
	assert.Equal(t, weights(t, whole), weights(t, parts))
	assert.Len(t, parts.History(), 3)
	assert.Equal(t, 3, parts.History()[2].Epoch)
}

// The rest of a last, smaller batch must not change what is learnt: one step on 5 examples is the same in a batch of 5 and in
// one of 8 with three rows empty.
func TestSmallerLastBatch(t *testing.T) {
	step := func(size int) []float32 {
		tr := compile(t, smallNet(t, 0), 2, SGD{LearningRate: 0.1})
		p, err := tr.fit(size)
		require.NoError(t, err)
		b := &batch{x: make([]float32, size*28*28), labels: make([]int32, size)}
		b.fill(digits(5), inOrder(5), 28*28)
		require.NoError(t, b.err)
		f := &fitting{Trainer: tr, program: p}
		require.NoError(t, f.trainOn(b))
		return weights(t, tr)
	}
	assert.InDeltaSlice(t, step(5), step(8), 1e-6)
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
		step := slices.Index(shuffled(64, 7, 0), 40)/16 + 1
		good := compile(t, smallNet(t, 0), 2, Adam{})
		for i := range step - 1 {
			p, err := good.fit(16)
			require.NoError(t, err)
			b := &batch{x: make([]float32, 16*28*28), labels: make([]int32, 16)}
			b.fill(digits(64), shuffled(64, 7, 0)[16*i:16*i+16], 28*28)
			require.NoError(t, (&fitting{Trainer: good, program: p}).trainOn(b))
		}
		tr := compile(t, smallNet(t, 0), 2, Adam{})
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

func TestPredict(t *testing.T) {
	set := digits(70)
	tr := compile(t, smallNet(t, 0.5), 2, nil)
	images := make([]float32, 70*28*28)
	for i := range 70 {
		_, err := set.Example(i, images[i*28*28:(i+1)*28*28])
		require.NoError(t, err)
	}
	var want []float32
	_, err := tr.EvaluateEach(context.Background(), set, 1, func(_ int, _ int32, p []float32) { want = append(want, p...) })
	require.NoError(t, err)
	got, err := tr.Predict(tensor.New(tensor.WithShape(70, 28, 28, 1), tensor.WithBacking(images)))
	require.NoError(t, err)
	assert.Equal(t, tensor.Shape{70, 10}, got.Shape())
	assert.InDeltaSlice(t, want, got.Data(), 1e-6)
	one, err := tr.Predict(tensor.New(tensor.WithShape(28, 28, 1), tensor.WithBacking(images[:28*28])))
	require.NoError(t, err)
	assert.InDeltaSlice(t, want[:10], one.Data(), 1e-6)
	var sum float32
	for _, p := range want[:10] {
		sum += p
	}
	assert.InDelta(t, 1, sum, 1e-6)

	_, err = tr.Predict(tensor.New(tensor.WithShape(28, 28), tensor.WithBacking(images[:28*28])))
	assert.ErrorContains(t, err, "images are [28 28]")
	_, err = tr.Predict(tensor.New(tensor.WithShape(28, 28, 1), tensor.Of(tensor.Float64)))
	assert.ErrorContains(t, err, "give float32")
}

func TestRefusals(t *testing.T) {
	ctx := context.Background()
	tr := compile(t, smallNet(t, 0), 1, Adam{})
	_, err := tr.Fit(ctx, digits(10), FitOptions{Batch: 11})
	assert.ErrorContains(t, err, "a batch of 11 is larger than the data")
	_, err = tr.Fit(ctx, digits(10), FitOptions{Epochs: -1, Batch: 2})
	assert.ErrorContains(t, err, "give at least 1")
	_, err = compile(t, smallNet(t, 0), 1, nil).Fit(ctx, digits(10), FitOptions{Batch: 2})
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
		{smallNet(t, 0), Options{Loss: SparseCategoricalCrossEntropy{FromLogits: true}}, "ends with a softmax"},
		{smallNet(t, 0), Options{Metrics: []Metric{"auc"}}, `unknown metric "auc"`},
		{smallNet(t, 0), Options{Optimizer: Adam{LearningRate: -1}}, "learning rate -1"},
		{smallNet(t, 0), Options{Optimizer: SGD{Momentum: 1}}, "momentum 1"},
		{smallNet(t, 0), Options{Weights: build(model.Input(4), model.Dense{Units: 10}).NewWeights()}, "the weights are those of 2 parameters; the model has 6"},
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
	_, err = OptimizerByName("adamw", 0)
	assert.ErrorContains(t, err, `unknown optimizer "adamw"`)
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
