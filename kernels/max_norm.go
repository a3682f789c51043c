package kernels

// MaxNorm shortens each column of W [D K] that is longer than Most, such as the weights of a filter or of a unit, and leaves the others as they are:
//
//	W[d,k] ← W[d,k] · Most / max(‖W[·,k]‖, Most)    ‖W[·,k]‖ = √Σ_d W[d,k]²
//
// (Srivastava, Hinton, Krizhevsky, Sutskever and Salakhutdinov, "Dropout", JMLR 2014, section 5.1). The squares are summed in float64. It does
// nothing once Halt[0] is set.
type MaxNorm struct {
	D, K    int
	Most    float64
	W, Halt *Buffer
}

// Name implements [Op].
func (op MaxNorm) Name() string { return "max_norm" }

// Operands implements [Op].
func (op MaxNorm) Operands() []Operand {
	return []Operand{Floats("w", op.W, Accumulate, op.D*op.K), Ints("halt", op.Halt, Read, 1)}
}

// Cost implements [Op].
func (op MaxNorm) Cost() Cost { return CostOf(op, 3*op.D*op.K) }
