package model_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"cnn-gpu/model"
	"cnn-gpu/model/safetensors"
)

func TestSaveAndLoadWeights(t *testing.T) {
	for _, name := range model.Zoo() {
		m, err := model.Open(name)
		require.NoError(t, err)
		if m.ParamCount() > 2e6 {
			continue // hundreds of MiB are written as a few are
		}
		w := m.InitialWeights(3)
		path := filepath.Join(t.TempDir(), "weights.safetensors")
		require.NoError(t, w.Save(path, map[string]string{"epoch": "5"}))

		got, metadata, err := model.LoadWeights(path)
		require.NoError(t, err)
		assertSameGraph(t, m, got.Model())
		assert.Equal(t, w.Padded(), got.Padded())
		assert.Equal(t, map[string]string{"epoch": "5", model.ModelKey: string(m.YAML())}, metadata)
		got, metadata, err = m.LoadWeights(path)
		require.NoError(t, err)
		assert.Equal(t, w.Padded(), got.Padded())
		assert.Same(t, m, got.Model())
		assert.Equal(t, "5", metadata["epoch"])

		f, err := safetensors.Read(path)
		require.NoError(t, err)
		for i, p := range m.Params {
			assert.Equal(t, p.Name, f.Tensors[i].Name)
			assert.Equal(t, []int(p.Shape), f.Tensors[i].Shape)
		}
	}
}

func TestLoadWeightsErrors(t *testing.T) {
	m, err := model.Sequential(model.Input(4), model.Dense{Units: 2})
	require.NoError(t, err)
	kernel := safetensors.Tensor{Name: "dense/kernel", DType: safetensors.F32, Shape: []int{4, 2}, Float32: make([]float32, 8)}
	bias := safetensors.Tensor{Name: "dense/bias", DType: safetensors.F32, Shape: []int{2}, Float32: make([]float32, 2)}
	turned, counts, other := kernel, bias, bias
	turned.Shape = []int{2, 4}
	counts.DType, counts.Float32, counts.Int32 = safetensors.I32, nil, make([]int32, 2)
	other.Name = "dense/bia"
	path := filepath.Join(t.TempDir(), "w.safetensors")
	for want, tensors := range map[string][]safetensors.Tensor{
		`tensor "dense/kernel" is [2 4], the model's parameter is [4 2]`:   {turned, bias},
		`the parameter "dense/bias" [2] is missing`:                        {kernel},
		`tensor "dense/bias" has type I32; weights have F32`:               {kernel, counts},
		`the model has no parameter "dense/bia"; did you mean dense/bias?`: {kernel, bias, other},
	} {
		require.NoError(t, safetensors.Write(path, &safetensors.File{Tensors: tensors}))
		_, _, err := m.LoadWeights(path)
		assert.EqualError(t, err, "model: "+path+": "+want)
	}
	_, _, err = model.LoadWeights(path)
	assert.ErrorContains(t, err, path+` holds tensors but no model (metadata "cnn-gpu.model")`)
	require.NoError(t, safetensors.Write(path, &safetensors.File{Metadata: map[string]string{model.ModelKey: "input: [4]\nlayers: [Dens]"}}))
	_, _, err = model.LoadWeights(path)
	assert.EqualError(t, err, "model: "+path+`: metadata cnn-gpu.model:2:10: unknown layer "Dens"; did you mean Dense?`)
	_, _, err = model.LoadWeights(filepath.Join(t.TempDir(), "none"))
	assert.ErrorIs(t, err, os.ErrNotExist)
}

// foreign is a layer that model files have no word for.
type foreign struct{ model.Flatten }

func (foreign) Kind() string { return "Foreign" }

func TestSaveWeightsErrors(t *testing.T) {
	m, err := model.Sequential(model.Input(4), model.Dense{Units: 2})
	require.NoError(t, err)
	path := filepath.Join(t.TempDir(), "w.safetensors")
	assert.ErrorIs(t, m.NewWeights().Save(filepath.Join(t.TempDir(), "none", "w"), nil), os.ErrNotExist)

	m, err = model.Sequential(model.Input(4), foreign{})
	require.NoError(t, err)
	assert.ErrorContains(t, m.NewWeights().Save(path, nil), "this model cannot be written")
	assert.NoFileExists(t, path)
}

func TestTensors(t *testing.T) {
	m, err := model.Sequential(model.Input(3), model.Dense{Units: 2}, model.Dense{Units: 1})
	require.NoError(t, err)
	w := m.InitialWeights(1)
	tensors := w.Tensors()
	require.Len(t, tensors, 4)
	assert.Equal(t, tensor.Shape{3, 2}, tensors["dense/kernel"].Shape())
	require.NoError(t, tensors["dense/kernel"].SetAt(float32(7), 1, 0))
	values, err := w.Values("dense/kernel")
	require.NoError(t, err)
	assert.EqualValues(t, 7, values[2])
	again, err := m.FromTensors(tensors)
	require.NoError(t, err)
	assert.Equal(t, w.Padded(), again.Padded())

	turned := tensor.New(tensor.WithShape(2, 3), tensor.WithBacking([]float32{values[0], values[2], values[4], values[1], values[3], values[5]}))
	require.NoError(t, turned.T())
	tensors["dense/kernel"] = turned
	again, err = m.FromTensors(tensors)
	require.NoError(t, err)
	assert.Equal(t, w.Padded(), again.Padded())

	tensors["dense/kernel"] = tensor.New(tensor.WithShape(3, 2), tensor.Of(tensor.Float64))
	_, err = m.FromTensors(tensors)
	assert.EqualError(t, err, `model: tensor "dense/kernel" holds float64[3 2]; give float32 values, and no scalar`)
	tensors["dense/kernel"] = nil
	_, err = m.FromTensors(tensors)
	assert.EqualError(t, err, `model: tensor "dense/kernel" is nil`)
	tensors["dense/kernel"] = tensor.New(tensor.WithShape(2, 3), tensor.Of(tensor.Float32))
	_, err = m.FromTensors(tensors)
	assert.EqualError(t, err, `model: tensor "dense/kernel" is [2 3], the model's parameter is [3 2]`)
}

// A person sees a model's 27 parameters, not the padding between them.
func TestWeightsHidePadding(t *testing.T) {
	m, err := model.Sequential(model.Input(2), model.Dense{Units: 9})
	require.NoError(t, err)
	w := m.InitialWeights(1)
	assert.Equal(t, 27, w.Count())
	assert.Len(t, w.Padded(), 128)
	var names []string
	for p, values := range w.All() {
		names = append(names, p.Name)
		assert.Len(t, values, p.Shape.Elements())
		byName, err := w.Values(p.Name)
		require.NoError(t, err)
		byName[0] = 5
		assert.EqualValues(t, 5, values[0], "they share memory")
		assert.Panics(t, func() { _ = values[:len(values)+1] }, "the padding is out of reach")
	}
	assert.Equal(t, []string{"dense/kernel", "dense/bias"}, names)
	for range w.All() {
		break
	}
	_, err = w.Values("dense/bia")
	assert.EqualError(t, err, `model: the model has no parameter "dense/bia"; did you mean dense/bias?`)
	for _, v := range m.NewWeights().Padded() {
		require.Zero(t, v)
	}
}

// Weights belong to any model with the same parameters, and to no other.
func TestWeightsCheck(t *testing.T) {
	build := func(layers ...model.Spec) *model.Model {
		m, err := model.Sequential(model.Input(3), layers...)
		require.NoError(t, err)
		return m
	}
	w := build(model.Dense{Units: 3}).NewWeights()
	assert.NoError(t, w.Check(build(model.Dense{Units: 3, Activation: model.ReLU})))
	assert.EqualError(t, w.Check(build(model.Dense{Units: 3, Bias: model.NoBias})), "the weights are those of 2 parameters; the model has 1")
	assert.EqualError(t, w.Check(build(model.Dense{Units: 2})),
		`the weights have a parameter "dense/kernel" [3 3] where the model has "dense/kernel" [3 2]`)
}
