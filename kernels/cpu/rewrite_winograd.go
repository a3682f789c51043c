package cpu

import (
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// winogradPass chooses the algorithm for convolutions with 3x3 filters and their gradients. Its errors are within those of float32 for a tile
// as a whole, not for each output: docs/numbers.md says how large they are, and what stays exact.
var winogradPass = rewrite.Pass{
	Name:   "winograd",
	Does:   "compute 3x3 convolutions with fewer products, where that is less work",
	Rounds: true,
	Run: func(l *rewrite.List) (times int) {
		for i, op := range l.Ops {
			if op, ok := withWinograd(op); ok {
				l.Ops[i] = op
				times++
			}
		}
		return times
	},
}

// withWinograd is the op with an algorithm that takes less work, if there is one.
func withWinograd(op kernels.Op) (kernels.Op, bool) {
	tile := 0
	switch op := op.(type) {
	case kernels.Conv2DFprop:
		tile = conv2D{op.Conv2D}.winogradTile(op.P, op.Q)
		return conv2DFprop{Conv2DFprop: op, Winograd: tile}, tile > 0
	case conv2DFprop:
		op.Winograd = conv2D{op.Conv2D}.winogradTile(op.P, op.Q)
		return op, op.Winograd > 0
	case conv2DChain:
		op.Conv.Winograd = op.Conv.geometry().winogradTile(op.outputs())
		return op, op.Conv.Winograd > 0
	case kernels.Conv2DWgrad:
		tile = conv2D{op.Conv2D}.winogradWgradTile()
		return conv2DWgrad{op, tile}, tile > 0
	case kernels.Conv2DDgrad:
		tile = conv2D{op.Conv2D}.winogradTile(op.P, op.Q)
		return conv2DDgrad{op, tile}, tile > 0
	}
	return op, false
}
