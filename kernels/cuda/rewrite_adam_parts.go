package cuda

import (
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// checkParts lets the ops that write the parts of gradients look for what is not finite, where that is all that gradients are made of.
var checkParts = rewrite.Pass{
	Name: "check-parts",
	Does: "halt training at parts of gradients that are not finite, where they are computed",
	Run: func(l *rewrite.List) (times int) {
		for i, op := range l.Ops {
			sum, ok := op.(sumParts)
			if !ok || !sum.Overwrites {
				continue
			}
			check, at, ok := rewrite.Find(l, i, func(op kernels.FiniteCheck) bool { return op.X == sum.DW })
			if !ok || l.IsWritten(sum.DW, i, at) {
				continue
			}
			haltAtParts(l, sum.Parts, check)
			l.Join(i, sum, i, at)
			times++
		}
		return times
	},
}

// haltAtParts lets the ops that write parts halt training where a check of their sums would.
func haltAtParts(l *rewrite.List, parts *kernels.Buffer, check kernels.FiniteCheck) {
	for i, op := range l.Ops {
		if s, ok := op.(splitter); ok && uses(op, parts) {
			l.Ops[i] = s.halting(check.Step, check.Halt)
		}
	}
}

// adamOfParts adds up the parts of gradients in the optimizer's step, where nothing else reads the sums.
var adamOfParts = rewrite.Pass{
	Name: "adam-of-parts",
	Does: "add up the parts of gradients in Adam's step",
	Run: func(l *rewrite.List) (times int) {
		for i, op := range l.Ops {
			sum, ok := op.(sumParts)
			if !ok {
				continue
			}
			adam, at, ok := rewrite.Find(l, i, func(op kernels.Adam) bool { return op.DW == sum.DW })
			if !ok || sum.DW.Keep {
				continue
			}
			var check *kernels.FiniteCheck
			others := false
			for _, user := range l.Users(sum.DW) {
				switch op := l.Ops[user].(type) {
				case kernels.FiniteCheck:
					others = others || check != nil || user < i || user > at
					check = &op
				default:
					others = others || user > i && user != at
				}
			}
			if others || check != nil && sum.Overwrites {
				continue
			}
			made := adamParts{Adam: adam, Segments: sum.Segments, Parts: sum.Parts}
			if sum.Overwrites {
				made.DW = nil
			}
			if check != nil {
				haltAtParts(l, sum.Parts, *check)
			}
			l.Join(at, made, i, at)
			times++
		}
		return times
	},
}

// tallyBesideAdam tallies the batch in the optimizer's launch, where it takes one more block and no time.
var tallyBesideAdam = rewrite.Pass{
	Name: "tally-beside-adam",
	Does: "add the batch to the tally in Adam's launch",
	Run: func(l *rewrite.List) (times int) {
		for i, op := range l.Ops {
			adam, ok := op.(adamParts)
			if !ok {
				continue
			}
			tally, at, ok := rewrite.Find(l, 0, func(kernels.Tally) bool { return true })
			if !ok || at > i || areWritten(l, at, i, tally.Loss, tally.Scores, tally.Labels) || meets(l, tally.Totals, at, i) {
				continue
			}
			adam.Tally = &tally
			l.Join(i, adam, at, i)
			times++
		}
		return times
	},
}
