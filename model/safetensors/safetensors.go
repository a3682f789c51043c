// Package safetensors reads and writes files of named tensors in the safetensors format
// (https://huggingface.co/docs/safetensors): the length of the header as 8 bytes, little-endian; the header, a JSON object
// that gives each tensor's type, shape and place; the tensors' elements, little-endian, one behind the other without gaps.
//
// It knows the types F32 and I32. A file is believed in nothing: what it says is checked against its size before anything is
// allocated. The files that it writes hold a checksum of all their bytes in their metadata (cnn-gpu.sha256), which other programs ignore: no
// bit can turn and no byte be cut off unnoticed.
package safetensors

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"
)

// DType is the type of a tensor's elements by its name in the format.
type DType string

// The types that this package reads and writes.
const (
	F32 DType = "F32"
	I32 DType = "I32"
)

// elementSize is the number of bytes of an element of either type.
const elementSize = 4

// Tensor is a named tensor. Its elements are in Float32 or in Int32, row-major.
type Tensor struct {
	Name    string
	DType   DType
	Shape   []int
	Float32 []float32
	Int32   []int32
}

// File is what a file holds.
type File struct {
	Tensors  []Tensor // in the order of their elements in the file
	Metadata map[string]string
	// Checksum is the one that the file was read with, which agreed; empty if it had none, as files of other programs. Write makes a new one.
	Checksum string
}

// Tensor finds a tensor by its name.
func (f *File) Tensor(name string) (Tensor, bool) {
	for _, t := range f.Tensors {
		if t.Name == name {
			return t, true
		}
	}
	return Tensor{}, false
}

// metadataKey is the header's key that is no tensor.
const metadataKey = "__metadata__"

// maxHeader is the largest header that the format allows, in bytes.
const maxHeader = 100_000_000

// elements is the product of the extents; it fails if that is no number of elements that could be in a file.
func elements(shape []int) (int, error) {
	n := 1
	for _, extent := range shape {
		switch {
		case extent < 0:
			return 0, fmt.Errorf("shape %v has a negative extent", shape)
		case extent > 0 && n > math.MaxInt/elementSize/extent:
			return 0, fmt.Errorf("shape %v has more elements than can be counted", shape)
		}
		n *= extent
	}
	return n, nil
}

// check says what keeps a tensor from being written.
func (t Tensor) check() error {
	want, err := elements(t.Shape)
	if err != nil {
		return err
	}
	got, other := len(t.Float32), len(t.Int32)
	switch t.DType {
	case F32:
	case I32:
		got, other = other, got
	default:
		return unknownType(t.DType)
	}
	switch {
	case t.Name == metadataKey || !utf8.ValidString(t.Name):
		return errors.New("a tensor cannot have this name")
	case got != want || other != 0:
		return fmt.Errorf("shape %v asks for %d elements of type %s, there are %d float32 and %d int32",
			t.Shape, want, t.DType, len(t.Float32), len(t.Int32))
	}
	return nil
}

func unknownType(t DType) error {
	return fmt.Errorf("its type %q is not supported; use F32 or I32", string(t))
}
