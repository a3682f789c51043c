package cpu

import "cnn-gpu/kernels"

func runBinaryTally(op kernels.BinaryTally, mem []kernels.Mem, _ *Workers) {
	loss, scores, targets, labels, totals := mem[0].F32, mem[1].F32, mem[2].F32, mem[3].I32, mem[4].F32
	for n, label := range labels {
		if !isLabel(label, op.K) {
			continue
		}
		right := 0
		for i := n * op.K; i < (n+1)*op.K; i++ {
			if (scores[i] > 0.5) == (targets[i] > 0.5) {
				right++
			}
		}
		addCompensated(&totals[kernels.TotalLoss], &totals[kernels.TotalOwed], loss[n])
		addCompensated(&totals[kernels.TotalCorrect], &totals[kernels.TotalCorrectOwed], float32(right)/float32(op.K))
		totals[kernels.TotalExamples]++
	}
}

// addCompensated adds a term to a sum, with what the sum still owes (Kahan).
func addCompensated(sum, owed *float32, term float32) {
	term -= *owed
	next := *sum + term
	*owed = (next - *sum) - term
	*sum = next
}
