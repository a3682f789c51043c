package model_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/model"
)

// zooGolden is what a model of torchvision is and computes in float64; testdata/zoo.py makes it.
type zooGolden struct {
	Trained int
	Shapes  []model.Shape
	Size    int // height and width of the image; 0 for none
	Largest float64
	Logits  []float64
}

const goldenImage = 9999 // the seed of the image

// The zoo's models are torchvision's: each parameter has its shape there, and for the same weights and image the logits are the same.
func TestZooAgreesWithTorchvision(t *testing.T) {
	text, err := os.ReadFile("testdata/zoo_golden.json")
	require.NoError(t, err)
	var golden map[string]zooGolden
	require.NoError(t, json.Unmarshal(text, &golden))
	for name, g := range golden {
		t.Run(name, func(t *testing.T) {
			m := zooModel(t, name, g.Size)
			assert.Equal(t, g.Trained, m.ParamCount()-m.NonTrainableCount())
			var shapes []model.Shape
			for _, p := range m.Params {
				shapes = append(shapes, p.Shape)
			}
			require.Equal(t, g.Shapes, shapes)
			if g.Size == 0 || testing.Short() && m.FLOPs() > 1e8 {
				return
			}
			logits := zooLogits(t, m)
			for i, want := range g.Logits {
				assert.InDelta(t, want, logits[i], 1e-5*g.Largest)
			}
		})
	}
	assert.Len(t, golden, 10)
}

// zooModel is a model of the zoo for images of another height and width, or for its own where size is 0.
func zooModel(t *testing.T, name string, size int) *model.Model {
	t.Helper()
	text, err := model.ZooText(name)
	require.NoError(t, err)
	if size != 0 {
		text = strings.Replace(text, "input: [224, 224, 3]", fmt.Sprintf("input: [%d, %d, 3]", size, size), 1)
	}
	m, err := model.Parse(name, []byte(text))
	require.NoError(t, err)
	return m
}

// zooLogits is what a model computes with the weights and for the image of zoo.py.
func zooLogits(t *testing.T, m *model.Model) []float32 {
	t.Helper()
	weights := m.NewWeights()
	for i, p := range m.Params {
		values, err := weights.Values(p.Name)
		require.NoError(t, err)
		isSpread := strings.HasSuffix(p.Name, "/gamma") || strings.HasSuffix(p.Name, "/moving_variance")
		for j, u := range uniform(uint64(i), len(values)) {
			switch v := 2*u - 1; {
			case len(p.Shape) > 1:
				inputs := p.Shape[:len(p.Shape)-1]
				if p.Shape[len(p.Shape)-1] == 1 { // a filter for each channel sees that alone
					inputs = p.Shape[:2]
				}
				fanIn := inputs.Elements()
				values[j] = float32(v * math.Sqrt(6/float64(fanIn)))
			case isSpread:
				values[j] = float32(v/8 + 1)
			default:
				values[j] = float32(v / 8)
			}
		}
	}
	var image []float32
	for _, u := range uniform(goldenImage, m.Input.Shape.Elements()) {
		image = append(image, float32(u))
	}
	output, ok := m.Logits()
	require.True(t, ok)
	lowered := m.Lower(1, model.LowerOptions{Output: output})
	d, err := device.OpenCPU(device.Options{Workers: 2})
	require.NoError(t, err)
	defer d.Close()
	program, err := d.Compile(model.Ops(lowered.Forward), device.CompileOptions{})
	require.NoError(t, err)
	require.NoError(t, d.Upload(lowered.Weights, weights.Padded()))
	require.NoError(t, d.Upload(lowered.Input, image))
	require.NoError(t, program.Run())
	logits := make([]float32, lowered.Output.Elements())
	require.NoError(t, d.Download(logits, lowered.Output))
	return logits
}
