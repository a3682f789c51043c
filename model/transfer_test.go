package model_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
	"cnn-gpu/model/safetensors"
)

func TestWithHead(t *testing.T) {
	m, err := parsed(t, frozenBelow).Freeze("*")
	require.NoError(t, err)
	head, err := m.Head()
	require.NoError(t, err)
	assert.Equal(t, "dense_1", head)
	five, err := m.WithHead(5)
	require.NoError(t, err)
	assert.Equal(t, strings.Replace(string(m.YAML()), "{units: 3, activation: softmax, trainable: false}", "{units: 5, activation: softmax}", 1), string(five.YAML()))
	assert.Equal(t, model.Shape{3}, m.Output.Shape, "the model itself stays")

	maps, err := parsed(t, "{name: maps, input: [4, 4, 1], layers: [Conv2D: {filters: 3, kernel_size: 2}, GlobalAveragePooling2D, Softmax]}").WithHead(7)
	require.NoError(t, err)
	assert.Equal(t, model.Shape{7}, maps.Output.Shape)
	assert.Equal(t, "maps", maps.Name)
}

func TestWithHeadRefuses(t *testing.T) {
	for text, want := range map[string]string{
		"{input: [4], layers: [Dense: {units: 3}, PReLU, Softmax]}":                                             `model: the last layer with parameters, PReLU "p_re_lu", is no Dense or Conv2D, so that it cannot be replaced; write a model file with another end`,
		"{input: [4], layers: [Dense: {units: 3, name: a}, Dense: {units: 3, name: b}, Add: {inputs: [a, b]}]}": `model: the end of the model, Add "add", takes several layers' outputs, so that none is the last; write a model file with another end`,
		"{input: [4], layers: [Softmax]}":                                                                       "model: no layer has parameters, so that there is none to replace",
		"{input: [4], layers: [Dense: {units: 4}, Reshape: {target_shape: [2, 2]}]}":                            `model: Reshape "reshape": `,
		"{input: [4, 4, 1], layers: [Conv2D: {filters: 3, kernel_size: 2}]}":                                    `model: with 9 units in its last layer, "conv2d", the model's output is [3 3 9]; write a model file with another end`,
	} {
		_, err := parsed(t, text).WithHead(9)
		assert.ErrorContains(t, err, want, text)
	}
	_, err := parsed(t, frozenBelow).WithHead(0)
	assert.EqualError(t, err, "model: a last layer of 0 units; give at least 1")
}

func TestTransferWeights(t *testing.T) {
	m := parsed(t, frozenBelow)
	path := filepath.Join(t.TempDir(), "weights.safetensors")
	saved := m.InitialWeights(1)
	require.NoError(t, saved.Save(path, nil))

	w, transfer, err := m.TransferWeights(path, model.TransferOptions{Seed: 2})
	require.NoError(t, err)
	assert.Equal(t, saved.Padded(), w.Padded())
	assert.Len(t, transfer.Taken, len(m.Params))
	assert.Empty(t, append(transfer.Drawn, transfer.Left...))

	five, err := m.WithHead(5)
	require.NoError(t, err)
	w, transfer, err = five.TransferWeights(path, model.TransferOptions{Seed: 2, Fresh: []string{"dense_1"}})
	require.NoError(t, err)
	assert.Equal(t, []string{"dense_1/kernel", "dense_1/bias"}, transfer.Drawn)
	assert.Equal(t, transfer.Drawn, transfer.Left)
	for name, of := range map[string]*model.Weights{"conv2d/kernel": saved, "dense/kernel": saved, "dense_1/kernel": five.InitialWeights(2)} {
		want, err := of.Values(name)
		require.NoError(t, err)
		got, err := w.Values(name)
		require.NoError(t, err)
		assert.Equal(t, want, got, name)
	}

	other := parsed(t, `{input: [6, 6, 1], layers: [Conv2D: {filters: 2, kernel_size: 3}, BatchNormalization: {scale: false}, Flatten, Dense: {units: 4}]}`)
	_, _, err = other.TransferWeights(path, model.TransferOptions{})
	assert.EqualError(t, err, "model: "+path+` holds other weights than those of the model:
  dense/kernel: [32 4] in the model, [8 4] in the file
  batch_normalization/gamma: [2] in the file, not in the model
  dense_1/bias: [3] in the file, not in the model
  dense_1/kernel: [4 3] in the file, not in the model`)
	_, transfer, err = other.TransferWeights(path, model.TransferOptions{Partial: true})
	require.NoError(t, err)
	assert.Equal(t, []string{"dense/kernel"}, transfer.Drawn)
	assert.Equal(t, []string{"dense/kernel", "batch_normalization/gamma", "dense_1/bias", "dense_1/kernel"}, transfer.Left)

	_, _, err = parsed(t, "{input: [3], layers: [Dense: {name: one, units: 1}]}").TransferWeights(path, model.TransferOptions{Partial: true})
	assert.ErrorContains(t, err, "none is the same")
	assert.ErrorContains(t, err, "\n  and 3 more")

	require.NoError(t, safetensors.Write(path, &safetensors.File{Tensors: []safetensors.Tensor{{Name: "one/kernel", DType: safetensors.I32, Shape: []int{3, 1}, Int32: make([]int32, 3)}}}))
	_, _, err = parsed(t, "{input: [3], layers: [Dense: {name: one, units: 1, use_bias: false}]}").TransferWeights(path, model.TransferOptions{})
	assert.ErrorContains(t, err, "one/kernel: F32 in the model, I32 in the file")
}
