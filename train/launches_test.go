package train

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// A GPU's step of the tutorial's network is few launches in few stages.
func TestLaunchesOfAStep(t *testing.T) {
	m, err := model.Open("mnist-cnn")
	require.NoError(t, err)
	lists, err := Lower(m, Options{Optimizer: Adam{}}, 32)
	require.NoError(t, err)
	for _, c := range []struct {
		precision        kernels.Precision
		launches, stages int
	}{
		{kernels.TF32, 12, 8},
		{kernels.BF16, 12, 8},
	} {
		s, err := device.NewSchedule("cuda", device.Options{}, lists.Resident[0].Ops(), device.CompileOptions{Precision: c.precision})
		require.NoError(t, err)
		var names []string
		for _, op := range s.Ops {
			names = append(names, fmt.Sprint(op.Stage, " ", op.Name()))
		}
		assert.Equal(t, c.launches, s.Launches, "%v: %v", c.precision, names)
		assert.Equal(t, c.stages, s.Stages, "%v: %v", c.precision, names)
	}
}
