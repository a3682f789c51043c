package passes

import "cnn-gpu/kernels"

// winograd chooses the algorithm for convolutions with 3x3 filters and their gradients.
var winograd = Pass{
	Name:   "winograd",
	Does:   "compute 3x3 convolutions with fewer products, where that is less work",
	Rounds: true,
	run: func(l *list) (times int) {
		for i, op := range l.ops {
			tile := 0
			switch op := op.(type) {
			case kernels.Conv2DFprop:
				tile = op.WinogradTile(op.P, op.Q)
				op.Winograd = tile
				l.ops[i] = op
			case kernels.Conv2DChain:
				rows, columns := op.Outputs()
				tile = op.Conv.WinogradTile(rows, columns)
				op.Conv.Winograd = tile
				l.ops[i] = op
			case kernels.Conv2DWgrad:
				tile = op.WinogradWgradTile()
				op.Winograd = tile
				l.ops[i] = op
			case kernels.Conv2DDgrad:
				tile = op.WinogradTile(op.P, op.Q)
				op.Winograd = tile
				l.ops[i] = op
			}
			if tile > 0 {
				times++
			}
		}
		return times
	},
}
