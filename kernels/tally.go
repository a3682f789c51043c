package kernels

// Tally adds a batch's results to running totals: Totals[TotalLoss] += Σ Loss, Totals[TotalCorrect] += the number of rows whose largest
// score is at the label (the first one if several are largest), Totals[TotalExamples] += the number of examples. Rows that are no example,
// with a label outside [0, K), do not count.
//
// Totals[TotalOwed] is the rounding error that the sum of the losses still owes (Kahan, "Further remarks on reducing truncation
// errors", 1965), so that an epoch's mean is as exact as one batch's. Counts are exact up to 2^24 examples.
type Tally struct {
	N, K                         int
	Loss, Scores, Labels, Totals *Buffer
}

// The elements of Totals, and their number.
const (
	TotalLoss = iota
	TotalOwed
	TotalCorrect
	TotalExamples
	TallySize
)

// Name implements [Op].
func (op Tally) Name() string { return "tally" }

// Operands implements [Op].
func (op Tally) Operands() []Operand {
	return []Operand{
		Floats("loss", op.Loss, Read, op.N), Floats("scores", op.Scores, Read, op.N*op.K), Ints("labels", op.Labels, Read, op.N),
		Floats("totals", op.Totals, Accumulate, TallySize),
	}
}

// Cost implements [Op].
func (op Tally) Cost() Cost { return CostOf(op, op.N*op.K) }
