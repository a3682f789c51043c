package kerneltest

import (
	"fmt"

	"cnn-gpu/kernels"
)

// Compute is the oracle: it returns what op makes of its operands, given the contents of each before the run in the order of
// Operands (integers as float64, nil for an operand that is absent or only written). The result has a list for each operand
// that op writes; the others are nil.
func Compute(op kernels.Op, in [][]float64) ([][]Value, error) {
	operands := op.Operands()
	if len(in) != len(operands) {
		return nil, fmt.Errorf("kerneltest: %s has %d operands, got %d", op.Name(), len(operands), len(in))
	}
	out := make([][]Value, len(operands))
	switch op := op.(type) {
	case kernels.Conv2DFprop:
		out[3] = convFpropOf(op, in[0], in[1], in[2])
	case kernels.Conv2DDgrad:
		if op.Winograd > 0 {
			out[2] = winogradDgrad(op, in[0], in[1])
		} else {
			out[2] = convDgrad(op.Conv2D, exacts(in[0]), in[1])
		}
	case kernels.Conv2DWgrad:
		out[2] = convWgrad(op.Conv2D, in[0], exacts(in[1]), in[2])
		if op.Winograd > 0 {
			boundWinogradWgrad(op, out[2], in[0], in[1], in[2])
		}
	case kernels.Conv2DChain:
		y, index := convChain(op, in[0], in[1], in[2])
		out[3] = y
		if len(out) > 4 && operands[4].Buffer != nil {
			out[4] = index
		}
	case kernels.Conv2DPoolGrad:
		dy := in[0]
		if op.ReLU != nil {
			dy = exactly(activationDgrad(kernels.ReLU, in[6], dy))
		}
		if op.Bias != nil {
			out[7] = biasWgrad(*op.Bias, dy, in[7])
		}
		out[3], out[5] = convPoolGrad(op, dy, in[1], in[2], in[3], in[4])
	case kernels.DepthFirst:
		return depthFirst(op, in)
	case kernels.DenseFprop:
		out[3] = denseFprop(op.Dense, in[0], in[1], in[2])
	case kernels.DenseDgrad:
		out[2] = denseDgrad(op.Dense, in[0], in[1])
	case kernels.DenseWgrad:
		out[2] = denseWgrad(op.Dense, in[0], in[1], in[2])
	case kernels.BiasWgrad:
		out[1] = biasWgrad(op, in[0], in[1])
	case kernels.Pool2DFprop:
		out[1], out[2] = poolFprop(op.Pool2D, in[0])
		if op.Index == nil {
			out[2] = nil
		}
	case kernels.Pool2DDgrad:
		out[2] = poolDgrad(op.Pool2D, in[0], in[1])
	case kernels.ActivationFprop:
		out[1] = activationFprop(op.Function, in[0])
	case kernels.ActivationDgrad:
		out[2] = activationDgrad(op.Function, in[0], in[1])
	case kernels.SoftmaxFprop:
		out[1] = softmaxFprop(op.N, op.K, in[0])
	case kernels.SoftmaxDgrad:
		out[2] = softmaxDgrad(op.N, op.K, in[0], in[1])
	case kernels.CrossEntropyFprop:
		out[2], out[3] = crossEntropyFprop(op.N, op.K, in[0], in[1])
	case kernels.CrossEntropyDgrad:
		out[2] = crossEntropyDgrad(op.N, op.K, in[0], in[1])
	case kernels.Dropout:
		out[2] = dropout(op, in[0], in[1][0])
	case kernels.Add:
		out[2] = add(in[0], in[1])
	case kernels.Zero:
		out[0] = make([]Value, op.Y.Elements())
	case kernels.Tick:
		out[0] = exacts([]float64{in[0][0] + 1})
	case kernels.Tally:
		out[3] = tally(op.N, op.K, in[0], in[1], in[2], in[3])
	case kernels.FiniteCheck:
		out[2] = finiteCheck(in[0], in[1][0], in[2][0])
	case kernels.Adam:
		out[0], out[1], out[2] = adam(op, in)
	case kernels.SGD:
		out[0], out[1] = sgd(op, in)
	default:
		return nil, fmt.Errorf("kerneltest: the oracle does not know op %q", op.Name())
	}
	return out, nil
}
