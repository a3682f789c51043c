package train

import (
	"context"
	"encoding/json"
	"maps"
	"math"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// kerasGolden is what testdata/keras_golden.py writes. docs/keras.md lists where Keras and this package differ; the tests here hold both.
type kerasGolden struct {
	Layers []struct {
		Kind      string
		Input     []int
		Arguments map[string]any
		Error     string
		Name      string
		X, Y      []float32
		Weights   map[string][]float32
		Fans      map[string][2]int // in and out; of some rows
		Shape     []int
	}
	Add    struct{ A, B, Y []float32 }
	Merges []struct {
		Kind      string
		Inputs    []model.Shape
		Arguments map[string]any
		X         [][]float32
		Shape     model.Shape
		Y         []float32
	}
	Initializers []struct {
		Name          string
		Deviation     float64
		Quantile      float64 // 99% of the magnitudes lie below
		BiasDeviation float64 `json:"bias_deviation"`
		BiasQuantile  float64 `json:"bias_quantile"`
	}
	Losses []struct {
		Logits            []float32
		Label             int32
		FromLogits        float64 `json:"from_logits"`
		FromProbabilities float64 `json:"from_probabilities"`
		Smoothed          float64 // by 0.25, from logits
	}
	DenseLosses []struct {
		Loss       string
		Activation model.Function
		Logits     [][]float32
		Labels     []int32
		Want       float64
	} `json:"dense_losses"`
	Metrics []struct {
		Logits   [][]float32
		Labels   []int32
		Accuracy float64
	}
	Variants struct {
		X, Targets []float32
		Labels     []int32
		Initial    map[string][]float32
		Rows       []kerasVariant
	}
	Training, Normalized kerasTraining
	FrozenBelow          kerasTraining `json:"frozen_below"`
	FrozenBetween        kerasTraining `json:"frozen_between"`
	Averaged             kerasTraining
	Constrained          kerasTraining
	Schedules            []struct {
		From, Schedule string
		Epochs         int
		PerEpoch       int `json:"per_epoch"`
		WarmUp         int `json:"warm_up"`
		Losses         []float64
		Rates          []float64
	}
	EarlyStopping []struct {
		Patience, Stopped int
		Losses            []float64
	} `json:"early_stopping"`
	TotalParams string            `json:"total_params"`
	LayerNames  map[string]string `json:"layer_names"` // every layer's first name by each of its names
	Activations []string          // every word
	GradCAM     kerasGradCAM      `json:"grad_cam"`
}

// kerasTraining is five or ten steps of optimizers from the same weights.
type kerasTraining struct {
	X       []float32
	Labels  []int32
	Batch   int
	Initial map[string][]float32
	Rows    []struct {
		Optimizer      string
		Epochs         int // 1 if 0
		Settings       map[string]any
		Loss, Accuracy float64
		Weights        map[string][]float32
	}
}

func readKeras(t *testing.T) (k kerasGolden) {
	t.Helper()
	text, err := os.ReadFile("testdata/keras_golden.json")
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &k))
	return k
}

// run computes a model's output of one example on the CPU.
func run(t *testing.T, m *model.Model, weights map[string][]float32, x []float32) []float32 {
	t.Helper()
	w := m.NewWeights()
	for name, values := range weights {
		to, err := w.Values(name)
		require.NoError(t, err)
		require.Equal(t, len(to), copy(to, values), name)
	}
	d, err := device.OpenCPU(device.Options{Workers: 1})
	require.NoError(t, err)
	defer func() { require.NoError(t, d.Close()) }()
	l := m.Lower(1, model.LowerOptions{})
	p, err := d.Compile(model.Ops(l.Forward), device.CompileOptions{})
	require.NoError(t, err)
	require.NoError(t, d.Upload(l.Weights, w.Padded()))
	require.NoError(t, d.Upload(l.Input, x))
	require.NoError(t, p.Run())
	y := make([]float32, l.Output.Elements())
	require.NoError(t, d.Download(y, l.Output))
	return y
}

// A JSON object is YAML too: Keras's arguments are a model file's fields.
func TestKerasLayers(t *testing.T) {
	same := 0
	for _, row := range readKeras(t).Layers {
		arguments, err := json.Marshal(row.Arguments)
		require.NoError(t, err)
		input, err := json.Marshal(row.Input)
		require.NoError(t, err)
		what := row.Kind + ": " + string(arguments)
		m, err := model.Parse("keras", []byte("input: "+string(input)+"\nlayers:\n  - "+what+"\n"))
		switch {
		case row.Kind == "MinPooling2D" || row.Kind == "GlobalMinPooling2D":
			assert.NoError(t, err)
			assert.Equal(t, "Keras has no such layer", row.Error)
			continue
		case row.Arguments["strides"] != nil && row.Arguments["dilation_rate"] != nil:
			assert.NoError(t, err)
			assert.Contains(t, row.Error, "not supported in conjunction")
			continue
		}
		require.NoError(t, err, what)
		require.Empty(t, row.Error, what)
		name := m.Nodes[1].Name
		if row.Kind == "Softmax" { // here it is a name for an Activation
			assert.Equal(t, "activation", name)
		} else {
			assert.Equal(t, row.Name, name, what)
		}
		weights := map[string][]float32{}
		for part, values := range row.Weights {
			weights[name+"/"+part] = values
		}
		assert.Len(t, m.Params, len(weights), what)
		for _, p := range m.Params {
			if fans, given := row.Fans[strings.TrimPrefix(p.Name, name+"/")]; given {
				in, out := p.Fans()
				assert.Equal(t, fans, [2]int{in, out}, "%s: %s", what, p.Name)
			}
		}
		assert.Equal(t, row.Shape, []int(m.Output.Shape), what)
		assert.InDeltaSlice(t, row.Y, run(t, m, weights, row.X), 4e-6, what)
		same++
	}
	assert.Greater(t, same, 20)

	add := readKeras(t).Add
	g := model.NewGraph(model.Input(4))
	dense := g.Add(model.Dense{Units: 4, KernelInitializer: model.Zeros}, g.Input())
	m, err := g.Build(g.Add(model.Add{}, g.Input(), dense))
	require.NoError(t, err)
	assert.Equal(t, add.Y, run(t, m, map[string][]float32{"dense/bias": add.B}, add.A))
}

// Layers of several inputs, by themselves: a model has one.
func TestKerasMerges(t *testing.T) {
	for _, row := range readKeras(t).Merges {
		fields := map[string]any{"inputs": []string{"input", "input"}}
		maps.Copy(fields, row.Arguments)
		arguments, err := json.Marshal(fields)
		require.NoError(t, err)
		what := row.Kind + ": " + string(arguments)
		m, err := model.Parse("keras", []byte("input: [1, 1, 1]\nlayers:\n  - "+what+"\n"))
		require.NoError(t, err, what)
		layer, err := m.Output.Spec.Build(row.Inputs)
		require.NoError(t, err, what)
		assert.Equal(t, row.Shape, layer.Out(), what)

		d, err := device.OpenCPU(device.Options{Workers: 1})
		require.NoError(t, err)
		b := &model.Binding{Batch: 1, Y: kernels.Kept("y", kernels.Float32, layer.Out()...)}
		for i, x := range row.X {
			b.X = append(b.X, kernels.Kept("x", kernels.Float32, row.Inputs[i]...))
			require.NoError(t, d.Upload(b.X[i], x))
		}
		p, err := d.Compile(layer.Forward(b), device.CompileOptions{})
		require.NoError(t, err)
		require.NoError(t, p.Run())
		y := make([]float32, len(row.Y))
		require.NoError(t, d.Download(y, b.Y))
		assert.InDeltaSlice(t, row.Y, y, 4e-6, what)
		require.NoError(t, d.Close())
	}
}

// Every name of a layer in Keras is one here, or is said to be Keras's alone.
func TestKerasLayerNames(t *testing.T) {
	kinds := model.Kinds()
	refusal := func(name string) string {
		_, err := model.Parse("net.yaml", []byte("input: [4]\nlayers:\n  - "+name+":\n      filters: {}\n"))
		require.Error(t, err)
		return err.Error()
	}
	for name, first := range readKeras(t).LayerNames {
		if slices.Contains(kinds, first) {
			assert.Equal(t, strings.ReplaceAll(refusal(first), first, name), refusal(name), "give %s its second name %s in model/yaml_layer.go", first, name)
		} else {
			assert.Contains(t, refusal(name), name+" is a layer of Keras that cnn-gpu does not have", "add it to model/only_in_keras.go")
		}
	}
}

// The distributions are Keras's; the numbers drawn are not.
func TestKerasInitializers(t *testing.T) {
	for _, row := range readKeras(t).Initializers {
		word := model.Initializer(row.Name)
		conv, err := model.Sequential(model.Input(3, 3, 100), model.Conv2D{Filters: 200, Kernel: model.Pair{3, 3}, KernelInitializer: word})
		require.NoError(t, err)
		wide, err := model.Sequential(model.Input(1), model.Dense{Units: 20000, BiasInitializer: word})
		require.NoError(t, err)
		kernel, err := conv.InitialWeights(1).Values("conv2d/kernel")
		require.NoError(t, err)
		bias, err := wide.InitialWeights(1).Values("dense/bias")
		require.NoError(t, err)
		for i, drawn := range [][]float32{kernel, bias} {
			deviation, quantile := spread(drawn)
			want, most := row.Deviation, row.Quantile
			if i == 1 {
				want, most = row.BiasDeviation, row.BiasQuantile
			}
			assert.InDelta(t, want, deviation, 0.02*want, row.Name)
			assert.InDelta(t, most, quantile, 0.02*most, row.Name)
		}
	}
}

// spread is the standard deviation of values, and what 99% of their magnitudes lie below.
func spread(values []float32) (deviation, quantile float64) {
	var sum, squares float64
	magnitudes := make([]float64, len(values))
	for i, v := range values {
		magnitudes[i] = math.Abs(float64(v))
		sum += float64(v)
		squares += float64(v) * float64(v)
	}
	slices.Sort(magnitudes)
	n := float64(len(values))
	return math.Sqrt(max(0, squares/n-sum*sum/n/n)), magnitudes[len(values)*99/100]
}

// rows is a data set of vectors.
type rows struct {
	x       [][]float32
	labels  []int32
	classes int
}

func (r rows) Name() string      { return "rows" }
func (r rows) Len() int          { return len(r.labels) }
func (r rows) Shape() []int      { return []int{len(r.x[0])} }
func (r rows) Classes() []string { return make([]string, r.classes) }

func (r rows) Example(i int, x []float32) (int32, error) {
	copy(x, r.x[i])
	return r.labels[i], nil
}

// evaluateLogits is what Evaluate makes of logits behind which there is only a softmax.
func evaluateLogits(t *testing.T, logits [][]float32, labels []int32, loss Loss) Result {
	t.Helper()
	return evaluate(t, model.Softmax, logits, labels, loss)
}

// evaluate is what Evaluate makes of logits behind which there is only an activation.
func evaluate(t *testing.T, f model.Function, logits [][]float32, labels []int32, loss Loss) Result {
	t.Helper()
	classes := len(logits[0])
	m, err := model.Sequential(model.Input(classes), model.Activation{Function: f})
	require.NoError(t, err)
	tr, err := Compile(m, Options{Loss: loss, Metrics: []Metric{Accuracy}})
	require.NoError(t, err)
	defer tr.Close()
	r, err := tr.Evaluate(context.Background(), rows{logits, labels, classes}, len(labels))
	require.NoError(t, err)
	return r
}

// The loss is that of the logits, even where Keras is given probabilities and limits them to 1e-7.
func TestKerasLoss(t *testing.T) {
	differ := 0
	for _, row := range readKeras(t).Losses {
		loss := evaluateLogits(t, [][]float32{row.Logits}, []int32{row.Label}, nil).Loss
		assert.InDelta(t, row.FromLogits, loss, 1e-6*max(1, row.FromLogits))
		smoothed := evaluateLogits(t, [][]float32{row.Logits}, []int32{row.Label}, SparseCategoricalCrossEntropy{LabelSmoothing: 0.25}).Loss
		assert.InDelta(t, row.Smoothed, smoothed, 1e-6*max(1, row.Smoothed))
		if row.FromLogits > 16.2 {
			assert.InDelta(t, -math.Log(1e-7), row.FromProbabilities, 1e-3)
			differ++
		} else {
			assert.InDelta(t, row.FromProbabilities, loss, 1e-6)
		}
	}
	assert.Equal(t, 2, differ)
}

func TestKerasDenseLosses(t *testing.T) {
	for _, row := range readKeras(t).DenseLosses {
		loss, err := ParseLoss(row.Loss)
		require.NoError(t, err)
		assert.InDelta(t, row.Want, evaluate(t, row.Activation, row.Logits, row.Labels, loss).Loss, 1e-6, row.Loss)
	}
}

func TestKerasAccuracy(t *testing.T) {
	for _, row := range readKeras(t).Metrics {
		accuracy := evaluateLogits(t, row.Logits, row.Labels, nil).Accuracy
		if len(row.Logits[0]) == 1 {
			assert.Zero(t, row.Accuracy, "Keras compares with a half: a softmax of one value is 1, and so never class 0")
			assert.Equal(t, 1.0, accuracy, "here the largest of one value is class 0")
			continue
		}
		assert.InDelta(t, row.Accuracy, accuracy, 1e-6)
	}
}
