package kernels

// BiasWgrad adds the gradient by a bias, DB[k] += Σ_m DY[m,k]. DY is [M K] for any leading dimensions that make M rows.
type BiasWgrad struct {
	M, K   int
	DY, DB *Buffer
}

// Name implements [Op].
func (op BiasWgrad) Name() string { return "bias_wgrad" }

// Operands implements [Op].
func (op BiasWgrad) Operands() []Operand {
	return []Operand{Floats("dy", op.DY, Read, op.M*op.K), Floats("db", op.DB, Accumulate, op.K)}
}

// Cost implements [Op].
func (op BiasWgrad) Cost() Cost { return CostOf(op, op.M*op.K) }
