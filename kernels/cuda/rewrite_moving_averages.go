package cuda

import (
	"slices"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// joinMovingAverages moves averages that follow each other in one launch, since a launch costs more than each of them.
var joinMovingAverages = rewrite.Pass{
	Name: "join-moving-averages",
	Does: "move several averages in one launch",
	Run: func(l *rewrite.List) (times int) {
		var run []int // the averages that follow each other
		end := func() {
			if len(run) > 1 {
				last := l.Ops[run[len(run)-1]].(kernels.MovingAverage)
				all := movingAverages{Momentum: last.Momentum, Halt: last.Halt}
				for i, at := range run {
					op := l.Ops[at].(kernels.MovingAverage)
					all.X[i], all.Average[i] = op.X, op.Average
				}
				l.Join(run[0], all, run...)
				times++
			}
			run = nil
		}
		for i, op := range l.Ops {
			if op == nil {
				continue
			}
			next, ok := op.(kernels.MovingAverage)
			if !ok || len(run) == averages || slices.ContainsFunc(run, func(at int) bool { return !goTogether(l.Ops[at].(kernels.MovingAverage), next) }) {
				end()
			}
			if ok {
				run = append(run, i)
			}
		}
		end()
		return times
	},
}

// goTogether says whether neither of two ops sees what the other moves.
func goTogether(a, b kernels.MovingAverage) bool {
	return a.Momentum == b.Momentum && a.Halt == b.Halt && !overlap(a.Average, b.Average) && !overlap(a.X, b.Average) && !overlap(a.Average, b.X)
}
