package train

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

func TestStrict(t *testing.T) {
	m, err := model.Open("mnist-cnn")
	require.NoError(t, err)
	transformed := func(strict bool) (n int) {
		lists, err := Lower(m, Options{Optimizer: Adam{}, Strict: strict}, 32)
		require.NoError(t, err)
		for _, op := range append(lists.Training.Ops(), lists.Evaluation.Ops()...) {
			for _, part := range kernels.Expand([]kernels.Op{op}) {
				switch part := part.(type) {
				case kernels.Conv2DFprop:
					n += min(part.Winograd, 1)
				case kernels.Conv2DDgrad:
					n += min(part.Winograd, 1)
				case kernels.Conv2DWgrad:
					n += min(part.Winograd, 1)
				}
			}
		}
		return n
	}
	assert.Equal(t, 6, transformed(false), "two convolutions, twice, and both gradients of one")
	assert.Zero(t, transformed(true))
}
