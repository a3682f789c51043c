package model_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"cnn-gpu/model"
)

// counted is a tensor of different values.
func counted(shape ...int) *tensor.Dense {
	return tensor.New(tensor.WithShape(shape...), tensor.WithBacking(tensor.Range(tensor.Float32, 0, tensor.Shape(shape).TotalSize())))
}

// Whatever the layout is, the values are those that At gives.
func TestRowMajor(t *testing.T) {
	turned := counted(4, 2, 3)
	require.NoError(t, turned.T(1, 2, 0))
	really := counted(4, 2, 3)
	require.NoError(t, really.T(2, 0, 1))
	require.NoError(t, really.Transpose())
	columns := tensor.New(tensor.WithShape(2, 3, 4), tensor.AsFortran(tensor.Range(tensor.Float32, 0, 24)))
	slice := func(t0 *tensor.Dense, slices ...tensor.Slice) *tensor.Dense {
		part, err := t0.Slice(slices...)
		require.NoError(t, err)
		return part.(*tensor.Dense)
	}
	for name, x := range map[string]*tensor.Dense{
		"as it stands":          counted(2, 3, 4),
		"vector":                counted(5),
		"transposed":            turned,
		"moved":                 really,
		"column-major":          columns,
		"first axis":            slice(counted(4, 3), tensor.S(1, 3)),
		"last axis":             slice(counted(2, 3, 4), nil, nil, tensor.S(1, 3)),
		"one of the middle":     slice(counted(2, 3, 4), nil, tensor.S(1)),
		"column":                slice(counted(4, 3), nil, tensor.S(2)),
		"every second":          slice(counted(2, 6), nil, tensor.S(0, 6, 2)),
		"every second of rows":  slice(counted(6, 2), tensor.S(1, 5, 2)),
		"part of a part":        slice(slice(counted(5, 4, 3), tensor.S(1, 4)), nil, tensor.S(1, 3)),
		"part of transposed":    slice(turned, tensor.S(0, 1), nil, tensor.S(1, 3)),
		"part of column-major":  slice(columns, nil, tensor.S(1, 3)),
		"a row of column-major": slice(columns, tensor.S(1)),
	} {
		got, err := model.RowMajor(x)
		require.NoError(t, err, name)
		require.Len(t, got, x.Shape().TotalSize(), name)
		at := make([]int, x.Dims())
		for _, v := range got {
			want, err := x.At(at...)
			require.NoError(t, err, name)
			require.Equal(t, want, v, "%s at %v", name, at)
			for axis := len(at) - 1; axis >= 0; axis-- {
				if at[axis]++; at[axis] < x.Shape()[axis] {
					break
				}
				at[axis] = 0
			}
		}
	}
	whole := counted(2, 3)
	got, err := model.RowMajor(whole)
	require.NoError(t, err)
	got[5] = 70
	assert.Equal(t, float32(70), whole.Get(5), "nothing is copied that lies right")
}

func TestRowMajorOfMaskedTensors(t *testing.T) {
	x := counted(2, 3)
	x.ResetMask(false)
	require.NoError(t, x.T())
	got, err := model.RowMajor(x)
	require.NoError(t, err)
	assert.Equal(t, []float32{0, 3, 1, 4, 2, 5}, got)

	require.NoError(t, x.MaskedEqual(float32(4)))
	_, err = model.RowMajor(x)
	assert.EqualError(t, err, "has values that its mask hides; give them values and unmask them, such as by ResetMask")

	wide := counted(2, 3)
	require.NoError(t, wide.MaskedEqual(float32(4)))
	part, err := wide.Slice(nil, tensor.S(0, 1))
	require.NoError(t, err)
	got, err = model.RowMajor(part.(*tensor.Dense))
	require.NoError(t, err, "what is hidden lies beside the part")
	assert.Equal(t, []float32{0, 3}, got)
}

func TestRowMajorRefuses(t *testing.T) {
	for want, x := range map[string]*tensor.Dense{
		"is nil":                       nil,
		"give float32":                 tensor.New(tensor.WithShape(2), tensor.Of(tensor.Float64)),
		"holds float32[]":              tensor.New(tensor.FromScalar(float32(1))),
		"give float32 values, and no ": {},
	} {
		_, err := model.RowMajor(x)
		assert.ErrorContains(t, err, want)
	}
}
