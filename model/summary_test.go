package model_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

// FLOPs counted by hand: 2·P·Q·K·R·S·C for a convolution, 2·C·K for a dense layer. Backward takes the same again for the
// gradient by the parameters, and once more for the gradient by the input where the input depends on parameters.
func TestSummary(t *testing.T) {
	m, err := model.Open("mnist-cnn")
	require.NoError(t, err)
	first := 2 * 26 * 26 * 32 * 9
	others := 2*11*11*64*9*32 + 2*3*3*64*9*64 + 2*576*64 + 2*64*10
	require.Equal(t, 5588480, first+others)
	require.Equal(t, 16376064, 2*first+3*others)
	s := m.Summary(32)
	assert.Contains(t, s, "FLOPs for one image: 5,588,480 forward, 16,376,064 in training\n")
	assert.Contains(t, s, "Total params: 93,322 (364.54 KiB)\n") // what Keras calls KB
	assert.NotContains(t, s, "Connected to")
	assert.NotEqual(t, s, m.Summary(64))
	assert.Contains(t, m.Summary(64), "FLOPs for one image: 5,588,480 forward")
}

// A graph's table says what each layer takes, and layers with activations of their own are one row.
func TestSummaryOfGraph(t *testing.T) {
	m, err := model.Parse("net.yaml", []byte(`
input: [4, 4, 2]
layers:
  - Conv2D: {name: a, filters: 2, kernel_size: 3, padding: same, activation: relu}
  - Add: {inputs: [a, input, a]}
`))
	require.NoError(t, err)
	var rows [][]string
	for line := range strings.Lines(m.Summary(1)) {
		if !strings.HasPrefix(line, "│") {
			continue
		}
		var cells []string
		for cell := range strings.SplitSeq(strings.Trim(line, "│\n"), "│") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		rows = append(rows, cells)
	}
	assert.Equal(t, [][]string{
		{"Layer (type)", "Output Shape", "Param #", "FLOPs", "Memory (batch 1)", "Connected to"},
		{"input (Input)", "(None, 4, 4, 2)", "0", "0", "128 B", "-"},
		{"a (Conv2D)", "(None, 4, 4, 2)", "38", "1,152", "256 B", "input"}, // before and after relu
		{"add (Add)", "(None, 4, 4, 2)", "0", "0", "128 B", "a, input, a"},
	}, rows)
}
