package cuda

import "cnn-gpu/kernels"

// Narrow is the op narrow for tests that run it: a host has no bfloat16, so that the result is seen as bytes.
type Narrow struct{ narrow }

// Form is how a part of a value lies in memory, and rounded.
type Form struct{ narrowPart }

// Rows are rows of channels.
func Rows(p kernels.Precision, rows, channels int) Form {
	return Form{narrowPart{form: rowsOf(p, rows, channels)}}
}

// Filters are filters [taps][channels][filters], which are turned.
func Filters(p kernels.Precision, taps, channels, filters int) Form {
	return Form{narrowPart{form: byFilter(p, taps, channels, filters)}}
}

// NewNarrow rounds values that follow each other, with gaps of some elements between.
func NewNarrow(p kernels.Precision, gap int, forms ...Form) Narrow {
	op := Narrow{narrow{Precision: p}}
	x := 0
	for _, f := range forms {
		_, y := op.elements()
		f.From, f.To = x, kernels.RoundUp(y, alignment)
		x += f.A*f.B*f.C + gap
		op.narrow.Parts = append(op.narrow.Parts, f.narrowPart)
	}
	op.X = kernels.Kept("x", kernels.Float32, x)
	_, y := op.elements()
	op.Y = kernels.Kept("y", kernels.Uint8, y*typeOf(p).Size())
	return op
}

// Parts are those of the op.
func (op Narrow) Parts() (list []Form) {
	for _, part := range op.narrow.Parts {
		list = append(list, Form{part})
	}
	return list
}

// Operands are those of narrow.
func (op Narrow) Operands() []kernels.Operand {
	list := op.narrow.Operands()
	list[1].Type, list[1].Elements = kernels.Uint8, op.Y.Elements()
	return list
}
