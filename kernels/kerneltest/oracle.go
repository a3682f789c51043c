package kerneltest

import (
	"fmt"

	"cnn-gpu/kernels"
)

// Compute is the oracle: it returns what op makes of its operands, given the contents of each before the run in the order of
// Operands (integers as float64, nil for an operand that is absent or only written). The result has a list for each operand
// that op writes; the others are nil.
func Compute(op kernels.Op, in [][]float64) ([][]Value, error) {
	values := make([][]Value, len(in))
	for i, v := range in {
		values[i] = exacts(v)
	}
	return compute(op, "", values)
}

// compute is Compute for operands that may have errors of their own, and for the algorithm by which a device computed the op: "" for the
// sums as they stand; see [Runner].
func compute(op kernels.Op, algorithm string, in [][]Value) ([][]Value, error) {
	operands := op.Operands()
	if len(in) != len(operands) {
		return nil, fmt.Errorf("kerneltest: %s has %d operands, got %d", op.Name(), len(operands), len(in))
	}
	out := make([][]Value, len(operands))
	if p, isPrecision := precisionNamed(algorithm); isPrecision {
		return out, computeNarrow(op, p, in, out)
	}
	if algorithm != "" {
		return out, computeByWinograd(op, algorithm, in, out)
	}
	var err error
	switch op := op.(type) {
	case kernels.Conv2DFprop, kernels.Conv2DDgrad, kernels.Conv2DWgrad, kernels.DenseFprop, kernels.DenseDgrad, kernels.DenseWgrad, kernels.BiasWgrad:
		sums, at := productSums(op, in)
		out[at] = results(sums)
	case kernels.BatchNormStats:
		out[2], out[3] = batchNormStats(op, in[0], in[1])
	case kernels.BatchNormFprop:
		out[5] = batchNormFprop(op, in)
	case kernels.BatchNormFold:
		out[6], out[7] = batchNormFold(op, in)
	case kernels.BatchNormSums:
		out[5], out[6] = batchNormSums(op, in)
	case kernels.BatchNormDgrad:
		out[8] = batchNormDgrad(op, in)
	case kernels.GroupNormFprop:
		out[3], out[4], out[5] = groupNormFprop(op, in[0], in[1], in[2])
		for i, absent := range []bool{op.Mean == nil, op.Variance == nil} {
			if absent {
				out[3+i] = nil
			}
		}
	case kernels.GroupNormDgrad:
		out[5] = groupNormDgrad(op, in)
	case kernels.GroupNormWgrad:
		out[4] = groupNormWgrad(op, in)
	case kernels.Pool2DFprop:
		out[1], out[2], err = pooled(op.Kind, op.Outputs(), windowsOf(op.Pool2D), in[0])
		if op.Index == nil {
			out[2] = nil
		}
	case kernels.Pool2DDgrad:
		out[2], err = unpooled(op.Kind, op.Inputs(), windowsOf(op.Pool2D), in[0], in[1])
	case kernels.AdaptivePool2DFprop:
		out[1], out[2], err = pooled(op.Kind, op.Outputs(), adaptiveWindows(op.AdaptivePool2D), in[0])
		if op.Index == nil {
			out[2] = nil
		}
	case kernels.AdaptivePool2DDgrad:
		out[2], err = unpooled(op.Kind, op.Inputs(), adaptiveWindows(op.AdaptivePool2D), in[0], in[1])
	case kernels.ActivationFprop:
		out[1], err = activationFprop(op.Activation, in[0])
	case kernels.ActivationDgrad:
		out[2], err = activationDgrad(op.Activation, in[0], in[1])
	case kernels.Bilinear2DFprop:
		out[1] = bilinearFprop(op.Bilinear2D, in[0])
	case kernels.Bilinear2DDgrad:
		out[1] = bilinearDgrad(op.Bilinear2D, in[0])
	case kernels.BinaryFprop:
		out[2], err = binaryFprop(op.Binary, in[0], in[1])
	case kernels.BinaryDgrad:
		out[3], out[4], err = binaryDgrad(op.Binary, in[0], in[1], in[2])
		for i, absent := range []bool{op.DA == nil, op.DB == nil} {
			if absent {
				out[3+i] = nil
			}
		}
	case kernels.PReLUFprop:
		out[2] = preluFprop(op.PReLU, in[0], in[1])
	case kernels.PReLUDgrad:
		out[3] = preluDgrad(op.PReLU, in[0], in[1], in[2])
	case kernels.PReLUTerms:
		out[2] = preluTerms(in[0], in[1])
	case kernels.ThresholdReLUFprop:
		out[1] = thresholdReLUFprop(op.ThresholdReLU, in[0])
	case kernels.ThresholdReLUDgrad:
		out[2] = thresholdReLUDgrad(op.ThresholdReLU, in[0], in[1])
	case kernels.Add:
		out[2] = add(in[0], in[1])
	case kernels.GaussianNoise:
		out[2] = gaussianNoise(op, in[0], in[1][0].Want)
	case kernels.Rescale:
		out[1] = rescale(op, in[0])
	case kernels.Copy:
		out[1] = copyBox(op, in[0], in[1])
	case kernels.Zero:
		out[0] = make([]Value, op.Y.Elements())
	case kernels.CrossEntropyFprop:
		out[2], out[3] = crossEntropyFprop(op, in[0], exactly(in[1]))
	case kernels.CrossEntropyDgrad:
		out[2] = crossEntropyDgrad(op, in[0], exactly(in[1]))
	case kernels.Tally:
		out[3] = tally(op.N, op.K, in[0], in[1], exactly(in[2]), exactly(in[3]))
	case kernels.FiniteCheck:
		out[2] = finiteCheck(exactly(in[0]), in[1][0].Want, in[2][0].Want)
	default:
		err = computeExact(op, in, out)
	}
	if err != nil {
		return nil, fmt.Errorf("kerneltest: %s: %w", op.Name(), err)
	}
	return out, nil
}

// computeExact computes the ops for which errors of the operands have no bound here.
func computeExact(op kernels.Op, values, out [][]Value) error {
	in := make([][]float64, len(values))
	for i, v := range values {
		if !areExact(v) {
			return fmt.Errorf("the oracle has no bound for an error of %s, which comes from an op before; keep it in a buffer that holds what "+
				"the case says, or write down in oracle_*.go how the error grows", op.Operands()[i].Name)
		}
		in[i] = exactly(v)
	}
	var err error
	switch op := op.(type) {
	case kernels.SoftmaxFprop:
		out[1] = softmaxFprop(op.N, op.K, in[0])
	case kernels.SoftmaxDgrad:
		out[2] = softmaxDgrad(op.N, op.K, in[0], in[1])
	case kernels.OneHot:
		out[1] = oneHot(op, in[0])
	case kernels.CategoricalCrossEntropyFprop:
		out[3], out[4] = categoricalFprop(op.Categorical, in[0], in[1], in[2])
	case kernels.CategoricalCrossEntropyDgrad:
		out[3] = categoricalDgrad(op.Categorical, in[0], in[1], in[2])
	case kernels.ElementLossFprop:
		out[3], err = elementLossFprop(op.ElementLoss, in[0], in[1], in[2])
	case kernels.ElementLossDgrad:
		out[3], err = elementLossDgrad(op.ElementLoss, in[0], in[1], in[2])
	case kernels.Dropout:
		out[2] = dropout(op, in[0], in[1][0])
	case kernels.Tick:
		tick(op, in, out)
	case kernels.GatherBatch:
		out[7], out[8] = gatherBatch(op, in)
	case kernels.BinaryTally:
		out[4] = binaryTally(op.N, op.K, in[0], in[1], in[2], in[3], in[4])
	case kernels.PenaltyFprop:
		out[2] = penaltyFprop(op, in[0], in[1], in[2])
	case kernels.PenaltyDgrad:
		out[3] = penaltyDgrad(op, in[0], in[1], in[2])
	case kernels.Adagrad:
		out[0], out[1] = adagrad(op, in)
	case kernels.Adam:
		out[0], out[1], out[2] = adam(op, in)
	case kernels.ClipNorm:
		out[0] = clipNorm(op, in[0])
	case kernels.ClipValue:
		out[0] = clipValue(op, in[0])
	case kernels.Lamb:
		out[0], out[1], out[2] = lamb(op, in)
	case kernels.Lion:
		out[0], out[1] = lion(op, in)
	case kernels.RMSprop:
		out[0], out[1], out[2], out[3] = rmsprop(op, in)
	case kernels.MaxNorm:
		out[0] = maxNorm(op, in)
	case kernels.MovingAverage:
		out[1] = movingAverage(op, in)
	case kernels.SGD:
		out[0], out[1] = sgd(op, in)
	case kernels.WeightAverage:
		out[0], out[1] = weightAverage(op, in)
	case kernels.WeightDecay:
		out[0] = weightDecay(op, in)
	default:
		return fmt.Errorf("the oracle does not know this op; write its formula down in kernels/kerneltest/oracle_*.go")
	}
	return err
}
