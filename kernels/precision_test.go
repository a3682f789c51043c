package kernels

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPrecisionsHaveNames(t *testing.T) {
	for i, name := range PrecisionNames() {
		p, err := ParsePrecision(name)
		require.NoError(t, err)
		assert.Equal(t, Precision(i), p)
		assert.Equal(t, name, p.String())
	}
	_, err := ParsePrecision("fp64")
	assert.EqualError(t, err, `kernels: unknown precision "fp64"; choose default, fp32, tf32, bf16`)

	type settings struct {
		Precision Precision `json:"precision,omitempty"`
	}
	for want, s := range map[string]settings{"{}": {}, `{"precision":"bf16"}`: {BF16}} {
		text, err := json.Marshal(s)
		require.NoError(t, err)
		assert.Equal(t, want, string(text))
		var read settings
		require.NoError(t, json.Unmarshal(text, &read))
		assert.Equal(t, s, read)
	}
	assert.ErrorContains(t, json.Unmarshal([]byte(`{"precision":"half"}`), new(settings)), `unknown precision "half"`)
}
