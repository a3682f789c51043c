package train

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/model"
)

func TestStrict(t *testing.T) {
	m, err := model.Open("mnist-cnn")
	require.NoError(t, err)
	transformed := func(strict bool) (n int) {
		lists, err := Lower(m, Options{Optimizer: Adam{}}, 32)
		require.NoError(t, err)
		for _, list := range []*OpList{lists.Training, lists.Evaluation} {
			s, err := device.NewSchedule("cpu", device.Options{}, list.Ops(), device.CompileOptions{Strict: strict})
			require.NoError(t, err)
			for _, op := range s.Ops {
				if strings.HasPrefix(op.Algorithm, "Winograd") {
					n++
				}
			}
		}
		return n
	}
	assert.Equal(t, 6, transformed(false), "two convolutions, twice, and both gradients of one")
	assert.Zero(t, transformed(true))
}
