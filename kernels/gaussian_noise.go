package kernels

// GaussianNoise adds to each element a normal random number with standard deviation Deviation, so that DX is DY.
//
// Elements i and i + 1 of step t, i even, get Deviation·√(−2·ln u)·cos(2πv) and Deviation·√(−2·ln u)·sin(2πv) (Box and Muller, "A note on the
// generation of random normal deviates", 1958). They take words i mod 4 and i mod 4 + 1 of Philox4x32-10 with counter (i/4, t, 0, 0) and key
// (Seed, Stream), as [Dropout] does: the upper 24 bits of the first, and one more, are u·2^24, those of the second v·2^24.
type GaussianNoise struct {
	Deviation    float32
	Seed, Stream uint32
	X, Step, Y   *Buffer
}

// Name implements [Op].
func (op GaussianNoise) Name() string { return "gaussian_noise" }

// Operands implements [Op].
func (op GaussianNoise) Operands() []Operand {
	n := op.Y.Elements()
	return []Operand{Floats("x", op.X, Read, n), Ints("step", op.Step, Read, 1), Floats("y", op.Y, Write, n)}
}

// Cost implements [Op].
func (op GaussianNoise) Cost() Cost { return CostOf(op, 2*op.Y.Elements()) }
