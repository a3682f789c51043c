package cpu

import (
	"math"

	"cnn-gpu/kernels"
)

// penaltyFpropCode sums what blocks cost, and then the blocks' sums in order; with Each, a block is an example's row.
type penaltyFpropCode struct{ kernels.PenaltyFprop }

const penaltyBlock = 4096

func (op penaltyFpropCode) prepare(int) Routine {
	n, block := op.X.Elements(), penaltyBlock
	if op.Each {
		block = n / op.N
	}
	sums := make([]float64, kernels.CeilDiv(n, block))
	return Routine{Run: func(mem []kernels.Mem, w *Workers) {
		x, labels, loss := mem[0].F32, mem[1].I32, mem[2].F32
		w.Run(len(sums), func(_, i int) { sums[i] = op.of(x[i*block : min((i+1)*block, n)]) })
		total := 0.0
		for _, sum := range sums {
			total += sum
		}
		for i := range loss {
			switch {
			case labels != nil && !isLabel(labels[i], op.Classes):
			case op.Each:
				loss[i] += float32(sums[i])
			default:
				loss[i] += float32(total)
			}
		}
	}}
}

// of is the penalty of values.
func (op penaltyFpropCode) of(x []float32) (sum float64) {
	for _, v := range x {
		sum += (float64(op.L1) + float64(op.L2)*math.Abs(float64(v))) * math.Abs(float64(v))
	}
	return sum
}

func runPenaltyDgrad(op kernels.PenaltyDgrad, mem []kernels.Mem, w *Workers) {
	x, labels, dy, dx := mem[0].F32, mem[1].I32, mem[2].F32, mem[3].F32
	if !op.Each {
		w.Range(len(x), func(lo, hi int) { addPenalty(op.Penalty, dx[lo:hi], dy[lo:hi], x[lo:hi], 1) })
		return
	}
	row, examples := len(x)/op.N, op.N
	if labels != nil {
		examples = countExamples(labels, op.Classes)
	}
	share := 1 / float32(examples)
	w.Run(op.N, func(_, n int) {
		lo, hi := n*row, (n+1)*row
		if labels == nil || isLabel(labels[n], op.Classes) {
			addPenalty(op.Penalty, dx[lo:hi], dy[lo:hi], x[lo:hi], share)
		} else {
			copy(dx[lo:hi], dy[lo:hi])
		}
	})
}

func addPenalty(g kernels.Penalty, dx, dy, x []float32, share float32) {
	for i, v := range x {
		sign := v // 0, or NaN
		if v > 0 {
			sign = 1
		} else if v < 0 {
			sign = -1
		}
		dx[i] = dy[i] + share*(g.L1*sign+2*g.L2*v)
	}
}
