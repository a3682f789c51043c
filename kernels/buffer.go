package kernels

import (
	"fmt"
	"slices"
)

// Type is the type of a buffer's elements.
type Type uint8

// The element types.
const (
	Float32 Type = iota
	Int32
	Uint8
	BFloat16 // the upper half of a float32; only GPUs keep values so
)

var types = [...]struct {
	name string
	size int
}{Float32: {"float32", 4}, Int32: {"int32", 4}, Uint8: {"uint8", 1}, BFloat16: {"bfloat16", 2}}

// Size is the number of bytes of one element.
func (t Type) Size() int { return types[t].size }

func (t Type) String() string { return types[t].name }

// Shape is the extent of each dimension, outermost first.
type Shape []int

// Elements is the product of the extents; 1 for a scalar.
func (s Shape) Elements() int {
	n := 1
	for _, d := range s {
		n *= d
	}
	return n
}

func (s Shape) String() string { return fmt.Sprint([]int(s)) }

// Buffer stands for a value that ops read and write. It holds no memory: a device gives it a place when it compiles an op
// list, and a buffer has the same place in every list of that device.
type Buffer struct {
	Name  string
	Type  Type
	Shape Shape

	// Keep says that the value outlives a run (weights, inputs, results that a person reads). The memory of any other
	// buffer is reused once the last op that names it has run.
	Keep bool

	base   *Buffer
	offset int
}

// NewBuffer returns a buffer for a value that lives within one run.
func NewBuffer(name string, t Type, shape ...int) *Buffer {
	return &Buffer{Name: name, Type: t, Shape: slices.Clone(shape)}
}

// Kept returns a buffer for a value that outlives a run.
func Kept(name string, t Type, shape ...int) *Buffer {
	b := NewBuffer(name, t, shape...)
	b.Keep = true
	return b
}

// Elements is the number of elements; 0 where there is no buffer.
func (b *Buffer) Elements() int {
	if b == nil {
		return 0
	}
	return b.Shape.Elements()
}

// Bytes is the size of the value.
func (b *Buffer) Bytes() int { return b.Elements() * b.Type.Size() }

// View returns a buffer that shares b's memory, beginning at element offset. It panics if the view would not fit, which is
// a mistake of the program and never of its user.
func (b *Buffer) View(name string, offset int, shape ...int) *Buffer {
	v := NewBuffer(name, b.Type, shape...)
	if offset < 0 || offset+v.Elements() > b.Elements() {
		panic(fmt.Sprintf("kernels: view %s%v at %d does not fit into %s%v", name, shape, offset, b.Name, b.Shape))
	}
	v.base, v.offset = b.Root()
	v.offset += offset
	v.Keep = v.base.Keep
	return v
}

// Root is the buffer whose memory b shares, b itself if it is no view, and the element at which b begins in it.
func (b *Buffer) Root() (root *Buffer, offset int) {
	if b.base == nil {
		return b, 0
	}
	return b.base, b.offset
}

// Mem is the memory of a buffer on the host; the slice of the buffer's type is set.
type Mem struct {
	F32 []float32
	I32 []int32
	U8  []uint8
}

// Beyond is the number of float32 values behind host memory that may be read, though whatever they are changes nothing: code that works on vectors
// reads whole ones.
const Beyond = 16

// NewMem allocates zeroed host memory for a value.
func NewMem(t Type, elements int) Mem {
	switch t {
	case Int32:
		return Mem{I32: make([]int32, elements)}
	case Uint8:
		return Mem{U8: make([]uint8, elements)}
	case Float32:
		return Mem{F32: make([]float32, elements+Beyond)[:elements:elements]}
	}
	panic(fmt.Sprintf("kernels: the host holds no values of type %v", t))
}

// Slice is the part of m that begins at element offset.
func (m Mem) Slice(offset, elements int) Mem {
	end := offset + elements
	switch {
	case m.I32 != nil:
		return Mem{I32: m.I32[offset:end:end]}
	case m.U8 != nil:
		return Mem{U8: m.U8[offset:end:end]}
	}
	return Mem{F32: m.F32[offset:end:end]}
}

// Values is the slice that is set.
func (m Mem) Values() any {
	switch {
	case m.I32 != nil:
		return m.I32
	case m.U8 != nil:
		return m.U8
	}
	return m.F32
}
