package kernels

// Dropout sets each element to zero with probability Rate and scales the others by 1/(1−Rate) (Srivastava et al., "Dropout",
// JMLR 2014, in its inverted form). The same op with the output's gradient as X computes the gradient by the input: both draw
// the same mask, which is never stored.
//
// Element i at step t is kept if word i mod 4 of Philox4x32-10 (Salmon et al., "Parallel random numbers: as easy as 1, 2, 3",
// SC 2011), with counter (i/4, t, 0, 0) and key (Seed, Stream), is at least Rate·2^32.
type Dropout struct {
	Rate         float64
	Seed, Stream uint32
	X, Step, Y   *Buffer
}

// Name implements [Op].
func (op Dropout) Name() string { return "dropout" }

// Operands implements [Op].
func (op Dropout) Operands() []Operand {
	n := op.Y.Elements()
	return []Operand{Floats("x", op.X, Read, n), Ints("step", op.Step, Read, 1), Floats("y", op.Y, Write, n)}
}

// Cost implements [Op].
func (op Dropout) Cost() Cost { return CostOf(op, op.Y.Elements()) }

// Threshold is Rate·2^32: an element is dropped if its random word lies below.
func (op Dropout) Threshold() uint32 { return uint32(min(op.Rate*(1<<32), 1<<32-1)) }

// Scale is what the elements that stay are multiplied by.
func (op Dropout) Scale() float32 { return float32(1 / (1 - op.Rate)) }
