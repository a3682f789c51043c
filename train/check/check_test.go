package check

import (
	"encoding/json"
	"math"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train/internal/traintest"
)

func TestSteps(t *testing.T) {
	cpu, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer cpu.Close()
	wrong := wrongDevice{cpu}
	for _, m := range []*model.Model{traintest.SmallNet(t, 0), traintest.SmallNet(t, 0.3)} {
		checks, err := Steps(m, []device.Device{cpu}, 4, 10, 1)
		require.NoError(t, err)
		require.Len(t, checks, 10)
		for i, c := range checks {
			assert.Equal(t, i+1, c.Step)
			assert.True(t, c.Holds(), "%+v", c)
			assert.Less(t, c.Bound, 0.05*c.Exact, "the bound says something")
		}
		checks, err = Steps(m, []device.Device{wrong}, 4, 3, 1)
		require.NoError(t, err)
		assert.False(t, checks[2].Holds(), "a device that errs in the fourth digit is found: %+v", checks)
	}
	_, err = Steps(traintest.SmallNet(t, 0), nil, 0, 3, 1)
	assert.ErrorContains(t, err, "give at least 1")
}

// Every layer and every activation trains as in float64.
func TestEveryLayerTrains(t *testing.T) {
	isTrained := func(word string) bool {
		return regexp.MustCompile(`(?i)\b` + word + `\b`).MatchString(traintest.EveryLayer)
	}
	for _, kind := range model.Kinds() {
		assert.True(t, isTrained(kind), "no device trains a %s: add one to EveryLayer in train/internal/traintest/model.go", kind)
	}
	for _, f := range model.Functions() {
		assert.True(t, isTrained(string(f)), "no device trains with the activation %s: add it to EveryLayer in train/internal/traintest/model.go", f)
	}
	cpu, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer cpu.Close()
	testEveryLayer(t, cpu)
}

func testEveryLayer(t *testing.T, d device.Device) {
	m, err := model.Parse("every-layer.yaml", []byte(traintest.EveryLayer))
	require.NoError(t, err)
	checks, err := Steps(m, []device.Device{d}, 3, 5, 1)
	require.NoError(t, err)
	for _, c := range checks {
		assert.True(t, c.Holds(), "%+v", c)
		assert.Less(t, c.Bound, 0.01*c.Exact, "the bound says something")
	}
}

func TestStepAsJSON(t *testing.T) {
	text, err := json.Marshal(Step{Step: 3, Exact: 0.5, Bound: 1e-6, Losses: []float64{0.5, math.NaN(), math.Inf(1)}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"step": 3, "exact": 0.5, "bound": 1e-6, "losses": [0.5, null, null]}`, string(text))
	text, err = json.Marshal(Step{Step: 1, Exact: math.Inf(1), Bound: math.NaN()})
	require.NoError(t, err)
	assert.JSONEq(t, `{"step": 1, "exact": null, "bound": null, "losses": []}`, string(text))
}

// wrongDevice scales what is uploaded by a little.
type wrongDevice struct{ device.Device }

func (d wrongDevice) Upload(dst *kernels.Buffer, src any) error {
	if values, ok := src.([]float32); ok && dst.Name == "input" {
		scaled := make([]float32, len(values))
		for i, v := range values {
			scaled[i] = v * 1.001
		}
		src = scaled
	}
	return d.Device.Upload(dst, src)
}
