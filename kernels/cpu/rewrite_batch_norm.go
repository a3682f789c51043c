package cpu

import (
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// endBatchNorm joins a normalisation with the sum and the activation behind it, where nothing else sees what they hand on.
var endBatchNorm = rewrite.Pass{
	Name: "end-batch-norm",
	Does: "run a sum and an activation while what the normalisation before them made is in the cache",
	Run: func(l *rewrite.List) (times int) {
		for i, op := range l.Ops {
			norm, ok := op.(kernels.BatchNormFprop)
			if !ok {
				continue
			}
			end, joined, _ := endingOf(l, i, norm.Y)
			if len(joined) > 1 {
				l.Join(i, batchNormChain{norm, end}, joined...)
				times++
			}
		}
		return times
	},
}
