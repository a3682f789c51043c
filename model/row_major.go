package model

import (
	"errors"
	"fmt"
	"slices"

	"gorgonia.org/tensor"
)

// RowMajor is the values of a float32 tensor with the last axis running fastest, whether the tensor is transposed, column-major or a part of
// another. They share the tensor's memory where they lie so already. A tensor with a mask is refused if the mask hides one of its values.
func RowMajor(t *tensor.Dense) ([]float32, error) {
	if t == nil {
		return nil, errors.New("is nil")
	}
	shape, strides := []int(t.Shape()), t.Strides()
	if t.Dtype() != tensor.Float32 || len(shape) == 0 {
		return nil, fmt.Errorf("holds %v%v; give float32 values, and no scalar", t.Dtype(), shape)
	}
	if !t.IsNativelyAccessible() {
		return nil, errors.New("lies in memory that only its engine can read; copy it to the host")
	}
	elements := t.Data().([]float32)
	var visible []bool
	if t.IsMasked() {
		visible = make([]bool, len(elements))
		for i, hidden := range t.Mask() {
			visible[i] = !hidden
		}
		if slices.Contains(reorder(nil, visible, shape, strides), false) {
			return nil, errors.New("has values that its mask hides; give them values and unmask them, such as by ResetMask")
		}
	}
	if slices.Equal(strides, tensor.Shape(shape).CalcStrides()) {
		return elements[:Shape(shape).Elements()], nil
	}
	return reorder(make([]float32, 0, Shape(shape).Elements()), elements, shape, strides), nil
}

// reorder appends elements that lie with the given strides, the last axis running fastest.
func reorder[T any](dst, elements []T, shape, strides []int) []T {
	for i := range shape[0] {
		if rest := elements[i*strides[0]:]; len(shape) == 1 {
			dst = append(dst, rest[0])
		} else {
			dst = reorder(dst, rest, shape[1:], strides[1:])
		}
	}
	return dst
}
