package train

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/internal/wording"
	"cnn-gpu/model"
)

// kerasOptimizer has Keras's settings under their names here.
func kerasOptimizer(t *testing.T, name string, settings map[string]any) Optimizer {
	t.Helper()
	of := func(key string) float64 {
		v, _ := settings[key].(float64)
		return v
	}
	switch rate := of("learning_rate"); name {
	case "adam":
		return Adam{WeightDecay: of("weight_decay"), LearningRate: rate, Beta1: of("beta_1"), Beta2: of("beta_2"), Epsilon: of("epsilon")}
	case "adamw":
		return AdamW{LearningRate: rate, WeightDecay: of("weight_decay"), Beta1: of("beta_1"), Beta2: of("beta_2"), Epsilon: of("epsilon")}
	case "adagrad":
		return Adagrad{LearningRate: rate, Initial: of("initial_accumulator_value"), Epsilon: of("epsilon"), WeightDecay: of("weight_decay")}
	case "lamb":
		return Lamb{LearningRate: rate, WeightDecay: of("weight_decay"), Beta1: of("beta_1"), Beta2: of("beta_2"), Epsilon: of("epsilon")}
	case "lion":
		return Lion{LearningRate: rate, Beta1: of("beta_1"), Beta2: of("beta_2"), WeightDecay: of("weight_decay")}
	case "sgd":
		return SGD{WeightDecay: of("weight_decay"), LearningRate: rate, Momentum: of("momentum"), Nesterov: settings["nesterov"] == true}
	case "rmsprop":
		return RMSprop{WeightDecay: of("weight_decay"), LearningRate: rate, Rho: of("rho"), Momentum: of("momentum"), Epsilon: of("epsilon"), Centered: settings["centered"] == true}
	}
	require.Fail(t, "no optimizer "+name)
	return nil
}

// kerasClipping are the limits among Keras's settings of an optimizer.
func kerasClipping(settings map[string]any) (c Clipping) {
	c.Norm, _ = settings["clipnorm"].(float64)
	c.GlobalNorm, _ = settings["global_clipnorm"].(float64)
	c.Value, _ = settings["clipvalue"].(float64)
	return c
}

// kerasEMA is the average of weights among Keras's settings of an optimizer.
func kerasEMA(settings map[string]any) (e EMA) {
	e.Momentum, _ = settings["ema_momentum"].(float64)
	every, _ := settings["ema_overwrite_frequency"].(float64)
	e.Overwrite = int(every)
	return e
}

// Five or ten steps from the same weights over the same batches, the last of which is smaller, end with the same weights, loss and accuracy.
func TestKerasTraining(t *testing.T) {
	m, err := model.Sequential(model.Input(6, 6, 1), model.Conv2D{Filters: 2, Kernel: model.Pair{3, 3}, Activation: model.ReLU},
		model.MaxPooling2D{}, model.Flatten{}, model.Dense{Units: 3})
	require.NoError(t, err)
	testKerasTraining(t, m, readKeras(t).Training)
}

// So do averages of the weights, with which Keras ends a training; moving averages are no weights.
func TestKerasEMA(t *testing.T) {
	m, err := model.Parse("normalized.yaml", []byte(normalized))
	require.NoError(t, err)
	testKerasTraining(t, m, readKeras(t).Averaged)
}

// normalized is a network with batch normalisations.
const normalized = `
input: [6, 6, 1]
layers:
  - Conv2D: {name: conv, filters: 2, kernel_size: 3, use_bias: false}
  - BatchNormalization: {name: norm, momentum: 0.75}
  - ReLU
  - MaxPooling2D
  - Flatten
  - Dense: {name: hidden, units: 4, use_bias: false}
  - BatchNormalization: {name: last, epsilon: 0.01}
  - Dense: {name: scores, units: 3}
`

// So do those with batch normalisations, and with the same moving averages: of the biased variance, and in the smaller batch of its examples alone.
func TestKerasBatchNormalization(t *testing.T) {
	m, err := model.Parse("normalized.yaml", []byte(normalized))
	require.NoError(t, err)
	testKerasTraining(t, m, readKeras(t).Normalized)
}

// So do those with frozen layers, below all others and between them, whose batch normalisations compute as they do in evaluation.
func TestKerasTrainable(t *testing.T) {
	m, err := model.Parse("normalized.yaml", []byte(normalized))
	require.NoError(t, err)
	k := readKeras(t)
	below, err := m.Freeze("conv", "norm")
	require.NoError(t, err)
	testKerasTraining(t, below, k.FrozenBelow)
	between, err := m.Freeze("norm", "hidden", "last")
	require.NoError(t, err)
	testKerasTraining(t, between, k.FrozenBetween)
}

// So do those with constraints.
func TestKerasMaxNorm(t *testing.T) {
	m, err := model.Parse("constrained.yaml", []byte(`
input: [6, 6, 1]
layers:
  - Conv2D: {name: conv, filters: 2, kernel_size: 3, activation: relu, kernel_constraint: {max_norm: 0.75}}
  - MaxPooling2D
  - Flatten
  - Dense: {name: scores, units: 3, kernel_constraint: {max_norm: 1}}
`))
	require.NoError(t, err)
	testKerasTraining(t, m, readKeras(t).Constrained)
}

func testKerasTraining(t *testing.T, m *model.Model, k kerasTraining) {
	t.Helper()
	initial := m.NewWeights()
	for p, values := range initial.All() {
		require.Equal(t, len(values), copy(values, k.Initial[p.Name]), p.Name)
	}
	for _, row := range k.Rows {
		tr, err := Compile(m, Options{
			Optimizer: kerasOptimizer(t, row.Optimizer, row.Settings), Loss: SparseCategoricalCrossEntropy{FromLogits: true},
			Metrics: []Metric{Accuracy}, Weights: initial, Clipping: kerasClipping(row.Settings), EMA: kerasEMA(row.Settings),
		})
		require.NoError(t, err)
		step, err := tr.TrainingStep(k.Batch)
		require.NoError(t, err)
		for range max(row.Epochs, 1) {
			require.NoError(t, step.Reset())
			for at := 0; at < len(k.Labels); at += k.Batch {
				x, labels := make([]float32, k.Batch*36), slices.Repeat([]int32{-1}, k.Batch)
				copy(x, k.X[at*36:])
				copy(labels, k.Labels[at:])
				require.NoError(t, step.Run(x, labels))
			}
		}
		result, err := step.Result()
		require.NoError(t, err)
		what := row.Optimizer + " " + wording.Or(sortedKeys(row.Settings))
		assert.InDelta(t, row.Loss, result.Loss, 1e-6, what)
		assert.InDelta(t, row.Accuracy, result.Accuracy, 1e-6, what)
		w, err := tr.Weights()
		require.NoError(t, err)
		for p, values := range w.All() {
			assert.InDeltaSlice(t, row.Weights[p.Name], values, 2e-6, "%s: %s", what, p.Name)
		}
		require.NoError(t, tr.Close())
	}
}

func sortedKeys(m map[string]any) (keys []string) {
	for key := range m {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}
