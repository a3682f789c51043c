package train

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/internal/traintest"
)

// The values of the nodes are those of the model that is trained, and stop where they are told to.
func TestValues(t *testing.T) {
	m := traintest.SmallNet(t, 0.5)
	trainer, err := Compile(m, Options{Seed: 1})
	require.NoError(t, err)
	defer trainer.Close()
	x := make([]float32, 28*28)
	for i := range x {
		x[i] = float32(i%7) / 7
	}
	values, err := trainer.Values(x, nil)
	require.NoError(t, err)
	require.Len(t, values, len(m.Nodes))
	assert.Equal(t, x, values[m.Input])
	sum := float32(0)
	for _, p := range values[m.Output] {
		sum += p
	}
	assert.InDelta(t, 1, sum, 1e-6)

	first, err := m.LayerOutput("conv2d")
	require.NoError(t, err)
	assert.Equal(t, "conv2d/relu", first.Name)
	some, err := trainer.Values(x, first)
	require.NoError(t, err)
	assert.Len(t, some, 3, "the input, the convolution and its activation")
	assert.Equal(t, values[first], some[first])

	_, err = trainer.Values(x[1:], nil)
	assert.ErrorContains(t, err, "an example of 783 values; the model takes [28 28 1]")
	_, err = m.LayerOutput("conv2")
	assert.ErrorContains(t, err, `there is no layer "conv2"; did you mean conv2d?`)

	w, err := trainer.Weights()
	require.NoError(t, err)
	want, err := w.Values("conv2d/kernel")
	require.NoError(t, err)
	got, err := trainer.Param(m.Params[0])
	require.NoError(t, err)
	assert.Equal(t, want, got)
}
