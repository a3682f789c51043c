package cuda

import "cnn-gpu/kernels"

// Narrow is the op narrow for tests that run it: a host has no bfloat16, so that the result is seen as bytes.
type Narrow struct{ narrow }

// NarrowRows rounds rows of channels.
func NarrowRows(p kernels.Precision, rows, channels int) Narrow {
	return newNarrow(p, rowsOf(p, rows, channels))
}

// NarrowFilters rounds filters [taps][channels][filters] and turns them.
func NarrowFilters(p kernels.Precision, taps, channels, filters int) Narrow {
	return newNarrow(p, byFilter(p, taps, channels, filters))
}

func newNarrow(p kernels.Precision, f form) Narrow {
	op := Narrow{narrow{form: f, Precision: p, X: kernels.Kept("x", kernels.Float32, f.A, f.B, f.C)}}
	op.Y = kernels.Kept("y", kernels.Uint8, op.narrow.Operands()[1].Elements*typeOf(p).Size())
	return op
}

// Operands are those of narrow.
func (op Narrow) Operands() []kernels.Operand {
	list := op.narrow.Operands()
	list[1].Type, list[1].Elements = kernels.Uint8, op.Y.Elements()
	return list
}
