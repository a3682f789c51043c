package train

import (
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// losses has rows for every loss: its formula for one example whose class is label, and the scores that it gives the classes.
var losses = []struct {
	loss   Loss
	of     func(x []float64, label int) float64
	scores func(x []float64) []float64
}{
	{SparseCategoricalCrossEntropy{}, func(x []float64, label int) float64 { return -math.Log(softmax(x)[label]) }, softmax},
	{SparseCategoricalCrossEntropy{LabelSmoothing: 0.3}, func(x []float64, label int) float64 {
		sum := 0.0
		for k, p := range softmax(x) {
			target := 0.3 / float64(len(x))
			if k == label {
				target += 0.7
			}
			sum -= target * math.Log(p)
		}
		return sum
	}, softmax},
	{CategoricalCrossEntropy{LabelSmoothing: 0.3}, func(x []float64, label int) float64 {
		return over(x, label, func(k int, t float64) float64 { return -(0.7*t + 0.3/5) * math.Log(softmax(x)[k]) })
	}, softmax},
	{CategoricalFocalCrossEntropy{}, func(x []float64, label int) float64 {
		return 0.25 * math.Pow(1-softmax(x)[label], 2) * -math.Log(softmax(x)[label])
	}, softmax},
	{CategoricalFocalCrossEntropy{Alpha: 2, Gamma: 0.5, LabelSmoothing: 0.3}, func(x []float64, label int) float64 {
		return over(x, label, func(k int, t float64) float64 {
			return 2 * math.Sqrt(1-softmax(x)[k]) * -(0.7*t + 0.3/5) * math.Log(softmax(x)[k])
		})
	}, softmax},
	{BinaryCrossEntropy{LabelSmoothing: 0.3}, func(x []float64, label int) float64 {
		return over(x, label, func(k int, t float64) float64 { return binary(x[k], 0.7*t+0.15) }) / 5
	}, sigmoids},
	{BinaryFocalCrossEntropy{}, func(x []float64, label int) float64 {
		return over(x, label, func(k int, t float64) float64 { return math.Pow(t-sigmoid(x[k]), 2) * binary(x[k], t) }) / 5
	}, sigmoids},
	{BinaryFocalCrossEntropy{ApplyClassBalancing: true, Alpha: 0.75, Gamma: 1}, func(x []float64, label int) float64 {
		return over(x, label, func(k int, t float64) float64 { return (0.25 + 0.5*t) * math.Abs(t-sigmoid(x[k])) * binary(x[k], t) }) / 5
	}, sigmoids},
	{MeanSquaredError{}, func(x []float64, label int) float64 {
		return over(x, label, func(k int, t float64) float64 { return (x[k] - t) * (x[k] - t) }) / 5
	}, slices.Clone[[]float64]},
	{MeanAbsoluteError{}, func(x []float64, label int) float64 {
		return over(x, label, func(k int, t float64) float64 { return math.Abs(x[k] - t) }) / 5
	}, slices.Clone[[]float64]},
	{Huber{Delta: 0.5}, func(x []float64, label int) float64 {
		return over(x, label, func(k int, t float64) float64 {
			if off := math.Abs(x[k] - t); off > 0.5 {
				return 0.5*off - 0.125
			}
			return (x[k] - t) * (x[k] - t) / 2
		}) / 5
	}, slices.Clone[[]float64]},
}

// over is the sum over the classes, of which the label's has the target 1.
func over(x []float64, label int, of func(k int, t float64) float64) (sum float64) {
	for k := range x {
		t := 0.0
		if k == label {
			t = 1
		}
		sum += of(k, t)
	}
	return sum
}

func sigmoid(x float64) float64 { return 1 / (1 + math.Exp(-x)) }

func sigmoids(x []float64) (y []float64) {
	for _, v := range x {
		y = append(y, sigmoid(v))
	}
	return y
}

func binary(x, t float64) float64 { return -t*math.Log(sigmoid(x)) - (1-t)*math.Log(sigmoid(-x)) }

func softmax(x []float64) []float64 {
	sum, y := 0.0, make([]float64, len(x))
	for _, v := range x {
		sum += math.Exp(v)
	}
	for i, v := range x {
		y[i] = math.Exp(v) / sum
	}
	return y
}

// Each loss is its formula's, and its gradient that of the mean over the examples, by central differences.
func TestLosses(t *testing.T) {
	held := map[string]bool{}
	for _, row := range losses {
		held[reflect.TypeOf(row.loss).Name()] = true
	}
	d, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer d.Close()
	testLosses(t, d)
	for name, file := range typesWith(t, "Attach") {
		assert.True(t, held[name], "%s: no formula holds the loss %s: add a row to losses in loss_test.go", file, name)
	}
}

func testLosses(t *testing.T, d device.Device) {
	for _, row := range losses {
		t.Run(row.loss.Name(), func(t *testing.T) { testLoss(t, d, row.loss, row.of, row.scores) })
	}
}

func testLoss(t *testing.T, d device.Device, loss Loss, of func([]float64, int) float64, scores func([]float64) []float64) {
	const classes = 5
	labels := []int32{4, 0, -1, 2} // the third is no example
	examples := 3.0
	b := LossBinding{
		Batch: len(labels), Classes: classes,
		X: kernels.Kept("x", kernels.Float32, len(labels), classes), DX: kernels.Kept("dx", kernels.Float32, len(labels), classes),
		Labels: kernels.Kept("labels", kernels.Int32, len(labels)), PerItem: kernels.Kept("loss", kernels.Float32, len(labels)),
		Probabilities: kernels.Kept("probabilities", kernels.Float32, len(labels), classes),
		Targets:       kernels.NewBuffer("targets", kernels.Float32, len(labels), classes), Smoothed: kernels.NewBuffer("smoothed", kernels.Float32, len(labels), classes),
	}
	program, err := d.Compile(append(loss.Forward(b), loss.Backward(b)...), device.CompileOptions{})
	require.NoError(t, err)
	defer func() { require.NoError(t, program.Close()) }()
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, len(labels)*classes)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	require.NoError(t, d.Upload(b.X, x))
	require.NoError(t, d.Upload(b.Labels, labels))
	require.NoError(t, program.Run())
	download := func(b *kernels.Buffer) []float32 {
		values := make([]float32, b.Elements())
		require.NoError(t, d.Download(values, b))
		return values
	}
	perItem, probabilities, dx := download(b.PerItem), download(b.Probabilities), download(b.DX)
	for n, label := range labels {
		row := make([]float64, classes)
		for k := range row {
			row[k] = float64(x[n*classes+k])
		}
		assert.InDeltaSlice(t, scores(row), probabilities[n*classes:(n+1)*classes], 1e-6)
		if label < 0 {
			assert.Zero(t, perItem[n])
			assert.Equal(t, make([]float32, classes), dx[n*classes:(n+1)*classes])
			continue
		}
		assert.InEpsilon(t, of(row, int(label)), perItem[n], 1e-6)
		for k, v := range row {
			const h = 1e-5
			row[k] = v + h
			above := of(row, int(label))
			row[k] = v - h
			below := of(row, int(label))
			row[k] = v
			assert.InDelta(t, (above-below)/(2*h)/examples, dx[n*classes+k], 1e-6)
		}
	}
}

// Every loss that has a name is held by its formula, and reads its settings.
func TestLossNames(t *testing.T) {
	held := map[string]bool{}
	for _, row := range losses {
		held[row.loss.Name()] = true
	}
	for _, name := range LossNames() {
		assert.True(t, held[name], "no formula holds the loss %s: add a row to losses in loss_test.go", name)
		loss, err := ParseLoss(name)
		require.NoError(t, err)
		assert.Equal(t, name, loss.Name())
		assert.Contains(t, LossHelp(), name)
	}
	assert.Equal(t, SparseCategoricalCrossEntropy{}.Name(), LossNames()[0])
	for text, want := range map[string]Loss{
		"mse": MeanSquaredError{}, "mae": MeanAbsoluteError{}, "huber,delta=0.5": Huber{Delta: 0.5}, "bce,label_smoothing=0.1": BinaryCrossEntropy{LabelSmoothing: 0.1},
		"focal,alpha=0.5,gamma=1": CategoricalFocalCrossEntropy{Alpha: 0.5, Gamma: 1}, "categorical_crossentropy,label_smoothing=0.1": CategoricalCrossEntropy{LabelSmoothing: 0.1},
		"binary_focal,apply_class_balancing=1,gamma=1,alpha=0.75": BinaryFocalCrossEntropy{ApplyClassBalancing: true, Alpha: 0.75, Gamma: 1},
	} {
		loss, err := ParseLoss(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, loss)
	}
	for text, want := range map[string]string{
		"focl": `unknown loss "focl"; did you mean focal?`, "hinge": "hinge is a loss of Keras that cnn-gpu does not have; choose sparse_",
		"mse,delta=1": "mse: there is no delta; it takes no settings", "mse,label_smoothing=0.1": "there is no label_smoothing", "huber,delta=0": "delta 0; give a number above 0",
		"huber,delta=-1": "delta -1; give a number above 0", "focal,gamma=NaN": "gamma NaN; give", "focal,alpha": `"alpha"; give each setting once, as a word and a number, such as huber,delta=0.5`,
		"binary_focal,alpha=0.5":                         "alpha 0.5 does nothing without apply_class_balancing",
		"binary_focal,alpha=1,apply_class_balancing=1":   "alpha 1; give a number above 0 and below 1",
		"categorical_crossentropy,label_smoothing=1":     "LabelSmoothing is 1; give a number from 0 to below 1",
		"binary_focal,apply_class_balancing=2":           "apply_class_balancing 2; give 1 or 0",
		"categorical_focal_crossentropy,gamma=1,gamma=2": "give each setting once",
	} {
		_, err := ParseLoss(text)
		assert.ErrorContains(t, err, want, text)
	}
}

// A loss of probabilities says which activation a model lacks.
func TestLossesAttach(t *testing.T) {
	for _, c := range []struct {
		last model.Function
		loss Loss
		want string
	}{
		{model.Softmax, CategoricalFocalCrossEntropy{}, ""}, {model.Sigmoid, BinaryFocalCrossEntropy{}, ""}, {model.Linear, BinaryCrossEntropy{FromLogits: true}, ""},
		{model.Tanh, MeanSquaredError{}, ""}, {model.Softmax, Huber{}, ""},
		{model.Sigmoid, CategoricalCrossEntropy{}, "does not end with a softmax; give its last layer activation softmax, or set FromLogits"},
		{model.Softmax, BinaryCrossEntropy{}, "does not end with a sigmoid; give its last layer activation sigmoid, or set FromLogits"},
		{model.Sigmoid, BinaryFocalCrossEntropy{FromLogits: true}, "ends with a sigmoid, so its output is no logits"},
		{model.Linear, Huber{Delta: -1}, "delta -1"}, {model.Softmax, CategoricalFocalCrossEntropy{Gamma: -1}, "gamma -1"},
	} {
		m, err := model.Sequential(model.Input(3), model.Dense{Units: 2, Activation: c.last})
		require.NoError(t, err)
		_, err = c.loss.Attach(m)
		if c.want == "" {
			assert.NoError(t, err)
		} else {
			assert.ErrorContains(t, err, c.want)
		}
	}
	penalized, err := model.Sequential(model.Input(3), model.Dense{Units: 2, Activation: model.Softmax, ActivityRegularizer: model.Regularizer{L2: 1}})
	require.NoError(t, err)
	_, err = SparseCategoricalCrossEntropy{}.Attach(penalized)
	assert.ErrorContains(t, err, "the model's last layer has an activity_regularizer behind its softmax")
	image, err := model.Sequential(model.Input(3, 3, 1), model.Activation{Function: model.Tanh})
	require.NoError(t, err)
	_, err = MeanAbsoluteError{}.Attach(image)
	assert.ErrorContains(t, err, "the model's output is [3 3 1]; it takes one score for each class")
}
