package cuda

import (
	"fmt"

	"cnn-gpu/kernels"
)

// form is how tensor cores take a float32 value [A][B][C]: rounded to the precision as [A][B][Pitch] or, if it is turned, as [C][A][Pitch].
// What is behind the last axis, up to the pitch, is zeros.
type form struct {
	A, B, C int
	Turned  bool
	Pitch   int
}

// shape is that of the narrow value.
func (f form) shape() []int {
	if f.Turned {
		return []int{f.C, f.A, f.Pitch}
	}
	return []int{f.A, f.B, f.Pitch}
}

// chunk is the number of elements that an asynchronous copy of 16 bytes moves. Pitches are multiples of it.
func chunk(p kernels.Precision) int { return 16 / typeOf(p).Size() }

// typeOf is the type of values that are rounded to a precision.
func typeOf(p kernels.Precision) kernels.Type {
	if p == kernels.BF16 {
		return kernels.BFloat16
	}
	return kernels.Float32
}

// rowsOf is the form of rows of channels, as images and their gradients lie.
func rowsOf(p kernels.Precision, rows, channels int) form {
	return form{A: 1, B: rows, C: channels, Pitch: kernels.RoundUp(channels, chunk(p))}
}

// byFilter is the form of filters [taps][channels][filters] as [filters][taps][channels].
func byFilter(p kernels.Precision, taps, channels, filters int) form {
	return form{A: taps, B: channels, C: filters, Turned: true, Pitch: kernels.RoundUp(channels, chunk(p))}
}

// factor is a value that a product multiplies.
type factor struct {
	value *kernels.Buffer // float32, or narrow already
	form  form
}

// product is an op of this engine whose factors tensor cores multiply: passes make it with float32 factors, and then narrow those.
type product interface {
	kernels.Op
	// factors are the values that it multiplies, those of float32 among them in the form that it takes.
	factors() []factor
	// withFactors is the op with narrow values in place of its factors, in their order.
	withFactors(narrow []*kernels.Buffer) product
}

// narrow rounds a value to what tensor cores multiply: Y is X in a form.
type narrow struct {
	form
	Precision kernels.Precision

	X, Y *kernels.Buffer
}

func (op narrow) Name() string { return "narrow" }

func (op narrow) Operands() []kernels.Operand {
	y := kernels.Floats("y", op.Y, kernels.Write, kernels.Shape(op.shape()).Elements())
	y.Type = typeOf(op.Precision)
	return []kernels.Operand{kernels.Floats("x", op.X, kernels.Read, op.A*op.B*op.C), y}
}

func (op narrow) Cost() kernels.Cost { return kernels.CostOf(op, 0) }

func (op narrow) algorithm() string { return fmt.Sprint(op.Precision) }

func (op narrow) launches() []Launch {
	elements := kernels.Shape(op.shape()).Elements()
	return []Launch{perElement("narrow.cu", "narrow", elements,
		define("A", op.A, "B", op.B, "C", op.C, "TURNED", op.Turned, "PITCH", op.Pitch, "BF16", op.Precision == kernels.BF16)...)}
}
