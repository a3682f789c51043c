package kernels

import "fmt"

// Operand is a named argument of an op, and what the op takes its buffer for.
type Operand struct {
	Name   string
	Buffer *Buffer
	Access Access

	Type     Type
	Elements int
	Optional bool
}

// Access says what an op does with an operand.
type Access uint8

// The kinds of access. Accumulate reads what is there and adds to it. Raise leaves it or sets it to the one value that all who raise it
// write, so that any number of ops may raise it at the same time.
const (
	Read Access = iota
	Write
	Accumulate
	Raise
)

// Floats is an operand of float32 elements.
func Floats(name string, b *Buffer, a Access, elements int) Operand {
	return Operand{Name: name, Buffer: b, Access: a, Type: Float32, Elements: elements}
}

// Ints is an operand of int32 elements.
func Ints(name string, b *Buffer, a Access, elements int) Operand {
	return Operand{Name: name, Buffer: b, Access: a, Type: Int32, Elements: elements}
}

// Bytes is an operand of uint8 elements.
func Bytes(name string, b *Buffer, a Access, elements int) Operand {
	return Operand{Name: name, Buffer: b, Access: a, Type: Uint8, Elements: elements}
}

// OptionalIf says whether the operand may be absent.
func (o Operand) OptionalIf(may bool) Operand {
	o.Optional = may
	return o
}

// CheckOperands says whether an op's buffers are what the op takes them for: kernels trust it.
func CheckOperands(op Op) error {
	for _, o := range op.Operands() {
		switch {
		case o.Buffer == nil && !o.Optional:
			return fmt.Errorf("%s: there is no %s; it takes %v[%d]", op.Name(), o.Name, o.Type, o.Elements)
		case o.Buffer != nil && (o.Buffer.Type != o.Type || o.Buffer.Elements() != o.Elements):
			return fmt.Errorf("%s: %s is %q, %v%v; it takes %v[%d]", op.Name(), o.Name, o.Buffer.Name, o.Buffer.Type, o.Buffer.Shape, o.Type, o.Elements)
		}
	}
	return nil
}
