package check

import (
	"encoding/json"
	"math"
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
