package train

import (
	"context"
	"math"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"cnn-gpu/model"
	"cnn-gpu/train/data"
)

// answers are rows with targets, and with weights if there are any.
type answers struct {
	rows
	kind    data.Targets
	targets [][]float32
	weights []float32
}

func (a answers) Targets() data.Targets { return a.kind }
func (a answers) IsWeighted() bool      { return a.weights != nil }
func (a answers) Weight(i int) float32  { return a.weights[i] }

func (a answers) Target(i int, t []float32) error {
	copy(t, a.targets[i])
	return nil
}

// plane is what a linear network can learn: two sums of two values, and whether each is above 0.
func plane(kind data.Targets) answers {
	a := answers{rows: rows{classes: 2}, kind: kind}
	for i := range 50 {
		u, v := float32(math.Sin(float64(i))), float32(math.Cos(float64(3*i)))
		targets := []float32{2*u - v + 0.5, u + 3*v - 0.25}
		if kind == data.MultiLabel {
			for k, t := range targets {
				targets[k] = map[bool]float32{true: 1}[t > 0]
			}
		}
		a.x, a.labels, a.targets = append(a.x, []float32{u, v}), append(a.labels, 0), append(a.targets, targets)
	}
	return a
}

func linear(t *testing.T, last model.Function, o Options) *Trainer {
	t.Helper()
	m, err := model.Sequential(model.Input(2), model.Dense{Units: 2, Activation: last})
	require.NoError(t, err)
	tr, err := Compile(m, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tr.Close()) })
	return tr
}

// Numbers are learnt as what they are, and predicted.
func TestRegression(t *testing.T) {
	set := plane(data.Values)
	tr := linear(t, model.Linear, Options{Optimizer: SGD{LearningRate: 0.3, Momentum: 0.9}, Loss: MeanSquaredError{}, Targets: data.Values})
	history, err := tr.Fit(context.Background(), set, FitOptions{Epochs: 80, Batch: 16})
	require.NoError(t, err)
	assert.Less(t, history[79].Training.Loss, 1e-8)
	y, err := tr.Predict(context.Background(), tensor.New(tensor.WithShape(2), tensor.WithBacking([]float32{0.5, 0.25})))
	require.NoError(t, err)
	assert.InDeltaSlice(t, []float32{1.25, 1}, y.Data(), 1e-3)
}

// Several labels are learnt each by itself; the accuracy is the share of right answers, and so of any batches.
func TestMultiLabel(t *testing.T) {
	set := plane(data.MultiLabel)
	tr := linear(t, model.Sigmoid, Options{Optimizer: SGD{LearningRate: 0.3}, Loss: BinaryCrossEntropy{}, Targets: data.MultiLabel, Metrics: []Metric{Accuracy}})
	_, err := tr.Fit(context.Background(), set, FitOptions{Epochs: 3, Batch: 16, Validation: set})
	require.NoError(t, err)
	right := 0
	result, err := tr.EvaluateEach(context.Background(), set, 16, func(i int, _ int32, p []float32) {
		for k := range p {
			if (p[k] > 0.5) == (set.targets[i][k] == 1) {
				right++
			}
		}
	})
	require.NoError(t, err)
	assert.Less(t, right, 100, "else this proves little")
	assert.InDelta(t, float64(right)/100, result.Accuracy, 1e-6)
	assert.Equal(t, 50, result.Examples)

	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	require.NoError(t, tr.SaveCheckpoint(path, nil))
	other := linear(t, model.Sigmoid, Options{Optimizer: SGD{LearningRate: 0.3}, Loss: BinaryCrossEntropy{}, SampleWeights: true})
	assert.ErrorContains(t, other.LoadCheckpoint(path), "targets: several labels then, nothing now\n  sample weights: nothing then, given now")
}

func TestTargetsAreRefused(t *testing.T) {
	sigmoid := func(units int, last model.Function) *model.Model {
		m, err := model.Sequential(model.Input(2), model.Dense{Units: units, Activation: last})
		require.NoError(t, err)
		return m
	}
	for want, o := range map[string]Options{
		"the examples have several labels: take BinaryCrossEntropy":               {Targets: data.MultiLabel},
		"the targets are values; take a loss of values, such as MeanSquaredError": {Targets: data.Values},
		"unknown targets Targets(7)":                                              {Targets: 7},
		"accuracy is of classes, and the targets are values":                      {Targets: data.Values, Loss: Huber{}, Metrics: []Metric{Accuracy}},
		"there are weights of classes, and targets of values":                     {Targets: data.Values, Loss: Huber{}, ClassWeights: []float64{1, 2}},
		"there are weights of 3 classes, and the model's last layer has 2 units":  {ClassWeights: []float64{1, 2, 3}},
		"the weight of class 1 is -1; give a number that is at least 0":           {ClassWeights: []float64{1, -1}},
		"the weight of class 0 is NaN; give a number that is at least 0":          {ClassWeights: []float64{math.NaN(), 1}},
		"the weight of class 0 is 1e+40; give a number that is at least 0":        {ClassWeights: []float64{1e40}},
	} {
		_, err := Compile(sigmoid(2, model.Softmax), o)
		assert.ErrorContains(t, err, want)
	}
	tr := linear(t, model.Sigmoid, Options{Optimizer: SGD{}, Loss: BinaryCrossEntropy{}, Targets: data.MultiLabel})
	assert.ErrorContains(t, tr.CheckData(plane(data.Values)), "rows have values, the training is for several labels (Options.Targets)")
	set := plane(data.MultiLabel)
	set.classes = 1
	assert.ErrorContains(t, tr.CheckData(set), "rows has 1 targets for each example, the model's last layer has 2 units")
	set = plane(data.MultiLabel)
	set.weights = []float32{-1}
	assert.ErrorContains(t, tr.CheckData(set), "rows gives its examples weights, the training is for none (Options.SampleWeights)")
	weighed := linear(t, model.Sigmoid, Options{Optimizer: SGD{}, Loss: BinaryCrossEntropy{}, Targets: data.MultiLabel, SampleWeights: true})
	_, err := weighed.Evaluate(context.Background(), set, 4)
	assert.EqualError(t, err, "train: rows: example 0: its weight is -1: expected a number that is at least 0")
	step, err := tr.EvaluationStep(1)
	require.NoError(t, err)
	assert.ErrorContains(t, step.Run([]float32{1, 2}, []int32{0}), "there are 0 targets beside the labels, where the trainer was compiled for several labels")
	assert.ErrorContains(t, step.RunExamples(Examples{X: []float32{1, 2}, Labels: []int32{0}, Targets: []float32{0, 1}, Weights: []float32{1}}), "the trainer was compiled for none; see Options.SampleWeights")
}

// A weight of 0 takes an example out of the sums, but not out of their mean.
func TestWeightsOfNothing(t *testing.T) {
	set := plane(data.Values)
	tr := linear(t, model.Linear, Options{Loss: MeanSquaredError{}, Targets: data.Values, SampleWeights: true, Seed: 3})
	all, err := tr.Evaluate(context.Background(), set, 16)
	require.NoError(t, err)
	set.weights = make([]float32, 50)
	for i := range set.weights {
		set.weights[i] = 2
	}
	twice, err := tr.Evaluate(context.Background(), set, 16)
	require.NoError(t, err)
	assert.InEpsilon(t, 2*all.Loss, twice.Loss, 1e-6)
	clear(set.weights)
	nothing, err := tr.Evaluate(context.Background(), set, 16)
	require.NoError(t, err)
	assert.Equal(t, Result{Examples: 50}, nothing)
}

// What is lost in a step with weights is found by the layer, as without.
func TestWeightedTrainingHalts(t *testing.T) {
	m, err := model.Sequential(model.Input(28, 28, 1), model.Flatten{}, model.Dense{Units: 8}, model.Dense{Units: 8}, model.Dense{Units: 10, Activation: model.Softmax})
	require.NoError(t, err)
	tr, err := Compile(m, Options{Optimizer: SGD{LearningRate: 1e9}, ClassWeights: []float64{1, 2, 3}})
	require.NoError(t, err)
	defer tr.Close()
	_, err = tr.Fit(context.Background(), digits(64), FitOptions{Epochs: 20, Batch: 16})
	var found *NotFiniteError
	require.ErrorAs(t, err, &found)
	assert.NotEmpty(t, found.Layer)
}
