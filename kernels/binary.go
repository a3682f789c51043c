package kernels

import "fmt"

// BinaryFunction is a function of two values, element by element.
type BinaryFunction uint8

// The functions.
const (
	Multiply BinaryFunction = iota // y = a·b
	Subtract                       // y = a − b
	// Maximum is the larger of a and b, NaN if one of them is. Its gradient goes to that one alone: to a if they are equal, as a max pool's
	// goes to the first of equal ones.
	Maximum
	Minimum // the smaller, likewise
	Plus    // y = a + b
)

var binaryFunctions = [...]string{Multiply: "multiply", Subtract: "subtract", Maximum: "maximum", Minimum: "minimum", Plus: "plus"}

// BinaryFunctions lists all functions.
func BinaryFunctions() []BinaryFunction {
	list := make([]BinaryFunction, len(binaryFunctions))
	for i := range list {
		list[i] = BinaryFunction(i)
	}
	return list
}

func (f BinaryFunction) String() string {
	if int(f) < len(binaryFunctions) {
		return binaryFunctions[f]
	}
	return fmt.Sprintf("BinaryFunction(%d)", uint8(f))
}

// Binary is a function of A [N M K] and B [N K], which is repeated over the M rows of each example: a scale for each channel of an image,
// or with M = 1 values for all elements; with N = 1 there is one row of B, such as a bias.
type Binary struct {
	Function BinaryFunction
	N, M, K  int
}

// Elements is the number of elements of A and of what is computed.
func (g Binary) Elements() int { return g.N * g.M * g.K }

// BinaryFprop computes Y[n,m,k] = f(A[n,m,k], B[n,k]). Y may be A, and if M is 1 also B.
type BinaryFprop struct {
	Binary
	A, B, Y *Buffer
}

// Name implements [Op].
func (op BinaryFprop) Name() string { return "binary_fprop" }

// Operands implements [Op].
func (op BinaryFprop) Operands() []Operand {
	n := op.Elements()
	return []Operand{Floats("a", op.A, Read, n), Floats("b", op.B, Read, op.N*op.K), Floats("y", op.Y, Write, n)}
}

// Cost implements [Op].
func (op BinaryFprop) Cost() Cost { return CostOf(op, op.Elements()) }

// BinaryDgrad computes the gradients of Y = f(A, B) before any sum over rows:
//
//	DA[n,m,k] = DY[n,m,k] · ∂f/∂a,  DB[n,m,k] = DY[n,m,k] · ∂f/∂b
//
// Either may be absent. The gradient by B is the sum of DB over m, a [SumPool].
type BinaryDgrad struct {
	Binary
	A, B, DY, DA, DB *Buffer
}

// Name implements [Op].
func (op BinaryDgrad) Name() string { return "binary_dgrad" }

// Operands implements [Op].
func (op BinaryDgrad) Operands() []Operand {
	n := op.Elements()
	return []Operand{
		Floats("a", op.A, Read, n), Floats("b", op.B, Read, op.N*op.K), Floats("dy", op.DY, Read, n),
		Floats("da", op.DA, Write, n).OptionalIf(true), Floats("db", op.DB, Write, n).OptionalIf(true),
	}
}

// Cost implements [Op].
func (op BinaryDgrad) Cost() Cost { return CostOf(op, op.DA.Elements()+op.DB.Elements()) }
