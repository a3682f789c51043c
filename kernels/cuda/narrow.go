package cuda

import (
	"fmt"
	"strings"

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

func (f form) elements() int { return kernels.Shape(f.shape()).Elements() }

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
	// multiplies is the precision of the factors.
	multiplies() kernels.Precision
	// withFactors is the op with narrow values in place of its factors, in their order.
	withFactors(narrow []*kernels.Buffer) product
}

// operand is a factor as its product reads it, narrow.
func (f factor) operand(name string, p kernels.Precision) kernels.Operand {
	o := kernels.Floats(name, f.value, kernels.Read, f.form.elements())
	o.Type = typeOf(p)
	return o
}

// narrow rounds values to what tensor cores multiply: parts of X become parts of Y.
type narrow struct {
	Precision kernels.Precision
	Parts     []narrowPart
	IsKept    bool // see [IsDerived]

	X, Y *kernels.Buffer
}

// IsDerived says whether an op makes a kept value that follows from others, and nothing of its list changes those but ops that change it along. So it
// need not run with the list, but only where something else has changed what it reads.
func IsDerived(op kernels.Op) bool {
	n, ok := op.(narrow)
	return ok && n.IsKept
}

// narrowPart is a value that begins at an element of X, and at an element of Y in its form.
type narrowPart struct {
	form
	From, To int
}

// of is the value in x.
func (p narrowPart) of(x *kernels.Buffer) *kernels.Buffer {
	return x.View(x.Name, p.From, p.A*p.B*p.C)
}

// narrowed is the op for a value by itself.
func narrowed(p kernels.Precision, f form, x, y *kernels.Buffer) narrow {
	return narrow{Precision: p, Parts: []narrowPart{{form: f}}, X: x, Y: y}
}

// elements are those of X up to the end of the last part of it, and those of Y.
func (op narrow) elements() (x, y int) {
	for _, part := range op.Parts {
		x, y = max(x, part.From+part.A*part.B*part.C), max(y, part.To+part.elements())
	}
	return x, y
}

func (op narrow) Name() string { return "narrow" }

func (op narrow) Operands() []kernels.Operand {
	elements, narrow := op.elements()
	if op.X != nil {
		elements = op.X.Elements()
	}
	y := kernels.Floats("y", op.Y, kernels.Write, narrow)
	y.Type = typeOf(op.Precision)
	return []kernels.Operand{kernels.Floats("x", op.X, kernels.Read, elements), y}
}

func (op narrow) Cost() kernels.Cost {
	c := kernels.Cost{Bytes: int64(op.Y.Bytes())}
	for _, part := range op.Parts {
		c.Bytes += int64(part.A * part.B * part.C * kernels.Float32.Size())
	}
	return c
}

func (op narrow) algorithm() string { return fmt.Sprint(op.Precision) }

func (op narrow) launches() []Launch {
	const threads, channels = 256, 32 // the latter of a tile, see narrow.cu
	begin := 0
	if op.X != nil {
		_, begin = op.X.Root()
	}
	var table strings.Builder
	blocks := 0
	for _, part := range op.Parts {
		fmt.Fprintf(&table, "{%d, %d, %d, %d, %d, %d, %d, %t, %t}, ",
			blocks, part.From, part.To, part.A, part.B, part.C, part.Pitch, part.Turned, part.C%4 == 0 && (begin+part.From)%4 == 0)
		chunks := part.elements() / chunk(op.Precision)
		if part.Turned {
			blocks += kernels.CeilDiv(chunks/part.C, threads/channels) * kernels.CeilDiv(part.C, channels)
		} else {
			blocks += kernels.CeilDiv(chunks, threads)
		}
	}
	return []Launch{{
		Source: "narrow.cu", Function: "narrow",
		Defines: define("PARTS", len(op.Parts), "THREADS", threads, "TABLE", table.String(), "BF16", op.Precision == kernels.BF16),
		Grid:    [3]int{blocks, 1, 1}, Block: [3]int{threads, 1, 1}, Early: true,
	}}
}
