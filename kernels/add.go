package kernels

// Add computes Y = A + B, element by element. Y may be A or B.
type Add struct{ A, B, Y *Buffer }

// Name implements [Op].
func (op Add) Name() string { return "add" }

// Operands implements [Op].
func (op Add) Operands() []Operand {
	n := op.Y.Elements()
	return []Operand{floats("a", op.A, Read, n), floats("b", op.B, Read, n), floats("y", op.Y, Write, n)}
}

// Cost implements [Op].
func (op Add) Cost() Cost { return cost(op, op.Y.Elements()) }

// Host implements [Op].
func (op Add) Host(mem []Mem, w *Workers) {
	w.Range(len(mem[2].F32), func(lo, hi int) {
		add(mem[2].F32[lo:hi], mem[0].F32[lo:hi], mem[1].F32[lo:hi])
	})
}

// Launches implements [Op].
func (op Add) Launches() []Launch {
	return []Launch{perElement("add.cu", "add", op.Y.Elements(), define("ELEMENTS", op.Y.Elements())...)}
}
