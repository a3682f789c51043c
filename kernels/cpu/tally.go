package cpu

import "cnn-gpu/kernels"

func runTally(op kernels.Tally, mem []kernels.Mem, _ *Workers) {
	loss, scores, labels, totals := mem[0].F32, mem[1].F32, mem[2].I32, mem[3].F32
	for n, label := range labels {
		if !isLabel(label, op.K) {
			continue
		}
		term := loss[n] - totals[kernels.TotalOwed]
		sum := totals[kernels.TotalLoss] + term
		totals[kernels.TotalOwed] = (sum - totals[kernels.TotalLoss]) - term
		totals[kernels.TotalLoss] = sum
		row := scores[n*op.K : (n+1)*op.K]
		best := 0
		for k, v := range row {
			if v > row[best] {
				best = k
			}
		}
		if best == int(label) {
			totals[kernels.TotalCorrect]++
		}
		totals[kernels.TotalExamples]++
	}
}
