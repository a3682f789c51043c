package train

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/model"
)

// gradCAMNet is the network of keras_golden.py's grad_cam, with the softmax that Grad-CAM looks behind.
const gradCAMNet = `
input: [9, 8, 2]
layers:
  - Conv2D: {name: stem, filters: 4, kernel_size: 3, padding: same, activation: relu}
  - Conv2D: {name: conv, filters: 4, kernel_size: 3, padding: same, use_bias: false}
  - BatchNormalization: {name: norm}
  - Dropout: {name: drop, rate: 0.5}
  - Add: {name: add, inputs: [drop, stem]}
  - ReLU: {name: relu}
  - MaxPooling2D: {name: pool}
  - Conv2D: {name: last, filters: 5, kernel_size: 2, activation: relu}
  - GlobalAveragePooling2D: {name: mean}
  - Dense: {name: scores, units: 3, activation: softmax}
`

type kerasGradCAM struct {
	X       []float32
	Weights map[string][]float32
	Rows    []struct {
		Layer string
		Class int
		Heat  []float64
	}
}

// testGradCAM holds a device to what PyTorch computes.
func testGradCAM(t *testing.T, d device.Device) {
	t.Helper()
	k := readKeras(t).GradCAM
	m, err := model.Parse("grad-cam", []byte(gradCAMNet))
	require.NoError(t, err)
	weights := m.NewWeights()
	for p, values := range weights.All() {
		require.Equal(t, len(values), copy(values, k.Weights[p.Name]), p.Name)
	}
	trainer, err := Compile(m, Options{Device: d, Weights: weights})
	require.NoError(t, err)
	defer trainer.Close()
	require.NotEmpty(t, k.Rows)
	for _, row := range k.Rows {
		maps, err := m.LayerOutput(row.Layer)
		require.NoError(t, err)
		heat, err := trainer.GradCAM(k.X, maps, row.Class)
		require.NoError(t, err)
		require.Len(t, heat, maps.Shape[0]*maps.Shape[1])
		largest := 1.
		for _, v := range row.Heat {
			largest = max(largest, v)
		}
		for i, want := range row.Heat {
			assert.InDelta(t, want, heat[i], 2e-6*largest, "%s, class %d, place %d", row.Layer, row.Class, i)
		}
	}
}

func TestKerasGradCAM(t *testing.T) {
	d, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer d.Close()
	testGradCAM(t, d)
}

func TestGradCAMRefuses(t *testing.T) {
	m, err := model.Parse("grad-cam", []byte(gradCAMNet))
	require.NoError(t, err)
	trainer, err := Compile(m, Options{})
	require.NoError(t, err)
	defer trainer.Close()
	x := make([]float32, m.Input.Shape.Elements())
	scores, err := m.LayerOutput("scores")
	require.NoError(t, err)
	_, err = trainer.GradCAM(x, scores, 0)
	assert.ErrorContains(t, err, "Grad-CAM of scores/softmax: its value is [3]; it takes maps [height width channels]")
	last, err := m.LayerOutput("last")
	require.NoError(t, err)
	for _, class := range []int{-1, 3} {
		_, err = trainer.GradCAM(x, last, class)
		assert.ErrorContains(t, err, "the model has classes 0 to 2")
	}
	_, err = trainer.GradCAM(x[1:], last, 0)
	assert.ErrorContains(t, err, "an example of 143 values; the model takes [9 8 2]")
}
