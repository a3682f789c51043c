package train

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train/data"
)

// kerasVariant is ten steps of a network with something beside the plain loss.
type kerasVariant struct {
	Variant, Loss  string
	Clipping       map[string]any
	ClassWeights   []float64 `json:"class_weights"`
	SampleWeights  []float32 `json:"sample_weights"`
	Model          []string
	TrainingLoss   float64 `json:"training_loss"`
	Accuracy       float64
	EvaluationLoss float64 `json:"evaluation_loss"`
	Weights        map[string][]float32
}

// Weights of classes and samples, targets of several labels, penalties and limits of gradients make of the same weights what they do in Keras, and
// the losses of training and evaluation are Keras's.
func TestKerasVariants(t *testing.T) { testKerasVariants(t, nil) }

func testKerasVariants(t *testing.T, d device.Device) {
	k := readKeras(t).Variants
	require.NotEmpty(t, k.Rows)
	for _, row := range k.Rows {
		t.Run(row.Variant, func(t *testing.T) {
			m, err := model.Parse("variant.yaml", []byte(strings.Join(row.Model, "\n")+"\n"))
			require.NoError(t, err)
			initial := m.NewWeights()
			for p, values := range initial.All() {
				require.Equal(t, len(values), copy(values, k.Initial[p.Name]), p.Name)
			}
			loss, err := ParseLoss(row.Loss)
			require.NoError(t, err)
			set := answers{rows: rows{labels: k.Labels, classes: 3}, weights: row.SampleWeights}
			if strings.HasPrefix(row.Loss, "binary") {
				set.kind = data.MultiLabel
			}
			if len(row.SampleWeights) == 0 {
				set.weights = nil
			}
			for i := range k.Labels {
				set.x, set.targets = append(set.x, k.X[i*36:(i+1)*36]), append(set.targets, k.Targets[i*3:(i+1)*3])
			}
			tr, err := Compile(m, Options{
				Device: d, Precision: kernels.FP32, Optimizer: SGD{LearningRate: 0.05}, Loss: loss, Metrics: []Metric{Accuracy}, Weights: initial, Clipping: kerasClipping(row.Clipping),
				Targets: set.kind, ClassWeights: row.ClassWeights, SampleWeights: set.weights != nil,
			})
			require.NoError(t, err)
			defer tr.Close()
			step, err := tr.TrainingStep(4)
			require.NoError(t, err)
			for range 2 {
				require.NoError(t, step.Reset())
				for at := 0; at < len(k.Labels); at += 4 {
					require.NoError(t, step.RunExamples(set.batch(at, 4)))
				}
			}
			result, err := step.Result()
			require.NoError(t, err)
			assert.InDelta(t, row.TrainingLoss, result.Loss, 1e-6)
			assert.InDelta(t, row.Accuracy, result.Accuracy, 1e-6)
			w, err := tr.Weights()
			require.NoError(t, err)
			for p, values := range w.All() {
				assert.InDeltaSlice(t, row.Weights[p.Name], values, 2e-6, p.Name)
			}
			evaluated, err := tr.Evaluate(context.Background(), image{set}, 4)
			require.NoError(t, err)
			assert.InDelta(t, row.EvaluationLoss, evaluated.Loss, 1e-6)
		})
	}
}

// image is rows that are images.
type image struct{ answers }

func (image) Shape() []int { return []int{6, 6, 1} }

// batch is examples from one on, with rows behind the last that are none.
func (a answers) batch(at, size int) Examples {
	e := Examples{Labels: make([]int32, size)}
	classes := len(a.targets[0])
	e.X = make([]float32, size*len(a.x[0]))
	if a.kind != data.ClassLabels {
		e.Targets = make([]float32, size*classes)
	}
	if a.weights != nil {
		e.Weights = make([]float32, size)
	}
	for i := range size {
		if e.Labels[i] = -1; at+i >= len(a.x) {
			continue
		}
		e.Labels[i] = a.labels[at+i]
		copy(e.X[i*len(a.x[0]):], a.x[at+i])
		if e.Targets != nil {
			copy(e.Targets[i*classes:], a.targets[at+i])
		}
		if e.Weights != nil {
			e.Weights[i] = a.weights[at+i]
		}
	}
	return e
}
