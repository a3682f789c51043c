package kernels

// BinaryTally is [Tally] for examples whose every class is there or not, as Targets [N K] say by values above or below a half: what it adds to
// Totals[TotalCorrect] is, for each example, the share of its K classes whose score is on the same side of a half; a score of a half is below.
// Totals[TotalCorrectOwed] is what that sum still owes.
type BinaryTally struct {
	N, K                                  int
	Loss, Scores, Targets, Labels, Totals *Buffer
}

// The further element of a BinaryTally's totals, and their number.
const (
	TotalCorrectOwed = TallySize + iota
	BinaryTallySize
)

// Name implements [Op].
func (op BinaryTally) Name() string { return "binary_tally" }

// Operands implements [Op].
func (op BinaryTally) Operands() []Operand {
	return []Operand{
		Floats("loss", op.Loss, Read, op.N), Floats("scores", op.Scores, Read, op.N*op.K), Floats("targets", op.Targets, Read, op.N*op.K),
		Ints("labels", op.Labels, Read, op.N), Floats("totals", op.Totals, Accumulate, BinaryTallySize),
	}
}

// Cost implements [Op].
func (op BinaryTally) Cost() Cost { return CostOf(op, 3*op.N*op.K) }
