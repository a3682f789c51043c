package kernels

// ClipNorm shortens a vector that is longer than Norm, and leaves any other as it is:
//
//	x ← x · Norm / max(‖x‖, Norm)    ‖x‖ = √Σx²
//
// (Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013, algorithm 1). The squares are summed in
// float64, so that no finite x is too long.
type ClipNorm struct {
	Norm float64
	X    *Buffer
}

// Name implements [Op].
func (op ClipNorm) Name() string { return "clip_norm" }

// Operands implements [Op].
func (op ClipNorm) Operands() []Operand {
	return []Operand{Floats("x", op.X, Accumulate, op.X.Elements())}
}

// Cost implements [Op].
func (op ClipNorm) Cost() Cost { return CostOf(op, 3*op.X.Elements()) }
