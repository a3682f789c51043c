package model_test

import (
	"math"
	"strings"
	"testing"
	"unicode/utf8"

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
	assert.NotContains(t, s, "Layers that take others")
	assert.NotEqual(t, s, m.Summary(64))
	assert.Contains(t, m.Summary(64), "FLOPs for one image: 5,588,480 forward")
}

// What training moves otherwise than by gradients is counted by itself, as Keras does.
func TestSummaryOfNonTrainable(t *testing.T) {
	m, err := model.Sequential(model.Input(4, 4, 1), model.Conv2D{Filters: 8, Kernel: model.Pair{3, 3}}, model.BatchNormalization{})
	require.NoError(t, err)
	assert.Contains(t, m.Summary(1), "Total params: 112 (448 B)\nTrainable params: 96 (384 B)\nNon-trainable params: 16 (64 B)\n")
	assert.Equal(t, 16, m.Summarize(1).NonTrainable)
}

// A graph's summary says what branches, and layers with activations of their own are one row. A layer whose name is not made of its
// kind tells that.
func TestSummaryOfGraph(t *testing.T) {
	m, err := model.Parse("net.yaml", []byte(`
input: [4, 4, 2]
layers:
  - Conv2D: {name: a, filters: 2, kernel_size: 3, padding: same, activation: relu}
  - Conv2D: {name: b/conv2d_1, filters: 2, kernel_size: 1}
  - Add: {inputs: [a, input, b/conv2d_1]}
`))
	require.NoError(t, err)
	s := m.Summarize(1)
	assert.Equal(t, []model.LayerSummary{
		{Name: "a", Kind: "Conv2D", Inputs: []string{"input"}, Output: model.Shape{4, 4, 2}, Params: 38, FLOPs: 1152, Memory: 256}, // before and after relu
		{Name: "b/conv2d_1", Kind: "Conv2D", Inputs: []string{"a"}, Output: model.Shape{4, 4, 2}, Params: 6, FLOPs: 128, Memory: 128},
		{Name: "add", Kind: "Add", Inputs: []string{"a", "input", "b/conv2d_1"}, Output: model.Shape{4, 4, 2}, Memory: 128},
	}, s.Layers)
	text := m.Summary(1)
	assert.Equal(t, s.Text(0), text)
	assert.Contains(t, text, "\na (Conv2D)   │ (None, 4, 4, 2) │      38 │ 1,152 │  256 B\n")
	assert.Contains(t, text, "\nb/conv2d_1   │")
	assert.Contains(t, text, "\nLayers that take others than the one above them:\n  add: a, input and b/conv2d_1\nInput: (None, 4, 4, 2).")
}

// The tables of the zoo's summaries fit a terminal, and no name is shortened. Those of models without blocks have room for all that they say.
func TestSummaryFitsATerminal(t *testing.T) {
	for _, name := range model.Zoo() {
		m, err := model.Open(name)
		require.NoError(t, err)
		s := m.Summarize(1024)
		assert.NotContains(t, s.Text(80), "…", name)
		text, err := model.ZooText(name)
		require.NoError(t, err)
		hasBlocks := strings.Contains(text, "\nblocks:")
		if !hasBlocks {
			assert.Equal(t, s.Text(0), s.Text(80), name)
		}
		for line := range strings.Lines(s.Text(80)) {
			if !hasBlocks || strings.ContainsAny(line, "│┼") {
				assert.LessOrEqual(t, utf8.RuneCountInString(line), 80+1, line)
			}
		}
	}
}

func TestCheckBatch(t *testing.T) {
	m, err := model.Open("mnist-cnn")
	require.NoError(t, err)
	largest := math.MaxInt32 / (26 * 26 * 32)
	require.NoError(t, m.CheckBatch(largest))
	assert.EqualError(t, m.CheckBatch(largest+1),
		"model: a batch of 99,274; give at most 99,273: the value of conv2d, of shape [26 26 32] for each image, is to have at most 2,147,483,647 numbers")
	assert.ErrorContains(t, m.CheckBatch(math.MaxInt), "give at most 99,273")
	assert.EqualError(t, m.CheckBatch(0), "model: a batch of 0; give at least 1")
}
