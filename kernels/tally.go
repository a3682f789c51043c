package kernels

// Tally adds a batch's results to running totals: Totals[0] += Σ Loss, Totals[2] += the number of rows whose largest score
// is at the label (the first one if several are largest), Totals[3] += the number of examples. Rows that are no example, with
// a label outside [0, K), do not count.
//
// Totals[1] is the rounding error that the sum of the losses still owes (Kahan, "Further remarks on reducing truncation
// errors", 1965), so that an epoch's mean is as exact as one batch's. Counts are exact up to 2^24 examples.
type Tally struct {
	N, K                         int
	Loss, Scores, Labels, Totals *Buffer
}

// TallySize is the number of elements of Totals.
const TallySize = 4

// Name implements [Op].
func (op Tally) Name() string { return "tally" }

// Operands implements [Op].
func (op Tally) Operands() []Operand {
	return []Operand{
		floats("loss", op.Loss, Read, op.N), floats("scores", op.Scores, Read, op.N*op.K), ints("labels", op.Labels, Read, op.N),
		floats("totals", op.Totals, Accumulate, TallySize),
	}
}

// Cost implements [Op].
func (op Tally) Cost() Cost { return cost(op, op.N*op.K) }

// Host implements [Op].
func (op Tally) Host(mem []Mem, _ *Workers) {
	loss, scores, labels, totals := mem[0].F32, mem[1].F32, mem[2].I32, mem[3].F32
	for n, label := range labels {
		if !isLabel(label, op.K) {
			continue
		}
		term := loss[n] - totals[1]
		sum := totals[0] + term
		totals[1] = (sum - totals[0]) - term
		totals[0] = sum
		row := scores[n*op.K : (n+1)*op.K]
		best := 0
		for k, v := range row {
			if v > row[best] {
				best = k
			}
		}
		if best == int(label) {
			totals[2]++
		}
		totals[3]++
	}
}

// Launches implements [Op].
func (op Tally) Launches() []Launch {
	return []Launch{{
		Source: "tally.cu", Function: "tally", Defines: define("N", op.N, "K", op.K),
		Grid: [3]int{1, 1, 1}, Block: [3]int{256, 1, 1},
	}}
}
