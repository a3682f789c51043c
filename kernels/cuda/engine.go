package cuda

import "cnn-gpu/kernels"

// launchesOf knows the kernels of every op; nil is for an op that has none.
// The ops of this package know their own.
func launchesOf(op kernels.Op) []Launch {
	switch op := op.(type) {
	case launcher:
		return op.launches()
	case kernels.ActivationDgrad:
		return activationDgrad(op)
	case kernels.ActivationFprop:
		return activationFprop(op)
	case kernels.Adagrad:
		return adagrad(op)
	case kernels.Adam:
		return adam(op)
	case kernels.AdaptivePool2DDgrad:
		return adaptivePool2D(op.AdaptivePool2D, "adaptive_pool2d_dgrad", op.Inputs())
	case kernels.AdaptivePool2DFprop:
		return adaptivePool2D(op.AdaptivePool2D, "adaptive_pool2d_fprop", op.Outputs())
	case kernels.Add:
		return add(op)
	case kernels.BatchNormDgrad:
		return batchNormDgrad(op)
	case kernels.BatchNormFold:
		return batchNormFold(op)
	case kernels.BatchNormFprop:
		return batchNormFprop(op)
	case kernels.BatchNormStats:
		return batchNormStats(op)
	case kernels.BatchNormSums:
		return batchNormSums(op)
	case kernels.BiasWgrad:
		return biasWgrad(op)
	case kernels.Bilinear2DDgrad:
		return bilinear2DDgrad(op)
	case kernels.Bilinear2DFprop:
		return bilinear2DFprop(op)
	case kernels.BinaryDgrad:
		return binaryDgrad(op)
	case kernels.BinaryFprop:
		return binaryFprop(op)
	case kernels.BinaryTally:
		return binaryTally(op)
	case kernels.CategoricalCrossEntropyDgrad:
		return categoricalCrossEntropy("categorical_dgrad", op.Categorical)
	case kernels.CategoricalCrossEntropyFprop:
		return categoricalCrossEntropy("categorical_fprop", op.Categorical)
	case kernels.ClipNorm:
		return clipNorm(op)
	case kernels.ClipValue:
		return clipValue(op)
	case kernels.Conv2DDgrad:
		return conv2DDgrad(op)
	case kernels.Conv2DFprop:
		return conv2DFprop(op)
	case kernels.Conv2DWgrad:
		return conv2DWgrad(op)
	case kernels.Copy:
		return copyBox(op)
	case kernels.CrossEntropyDgrad:
		return crossEntropyDgrad(op)
	case kernels.CrossEntropyFprop:
		return crossEntropyFprop(op)
	case kernels.DenseDgrad:
		return conv2DDgrad(op.AsConv2D())
	case kernels.DenseFprop:
		return conv2DFprop(op.AsConv2D())
	case kernels.DenseWgrad:
		return conv2DWgrad(op.AsConv2D())
	case kernels.Dropout:
		return dropout(op)
	case kernels.ElementLossDgrad:
		return elementLoss("element_loss_dgrad", op.ElementLoss)
	case kernels.ElementLossFprop:
		return elementLoss("element_loss_fprop", op.ElementLoss)
	case kernels.FiniteCheck:
		return finiteCheck(op)
	case kernels.GatherBatch:
		return gatherBatch(op)
	case kernels.GaussianNoise:
		return gaussianNoise(op)
	case kernels.GroupNormDgrad:
		return groupNormDgrad(op)
	case kernels.GroupNormFprop:
		return groupNormFprop(op)
	case kernels.GroupNormWgrad:
		return groupNormWgrad(op)
	case kernels.Lamb:
		return lamb(op)
	case kernels.Lion:
		return lion(op)
	case kernels.MaxNorm:
		return maxNorm(op)
	case kernels.MovingAverage:
		return movingAverage(op)
	case kernels.OneHot:
		return oneHot(op)
	case kernels.PenaltyDgrad:
		return penaltyDgrad(op)
	case kernels.PenaltyFprop:
		return penaltyFprop(op)
	case kernels.Pool2DDgrad:
		return pool2DDgrad(op)
	case kernels.Pool2DFprop:
		return pool2DFprop(op)
	case kernels.PReLUDgrad:
		return prelu(op.PReLU, "prelu_dgrad")
	case kernels.PReLUFprop:
		return prelu(op.PReLU, "prelu_fprop")
	case kernels.PReLUTerms:
		return prelu(op.PReLU, "prelu_terms")
	case kernels.Rescale:
		return rescale(op)
	case kernels.RMSprop:
		return rmsprop(op)
	case kernels.SGD:
		return sgd(op)
	case kernels.SoftmaxDgrad:
		return softmaxDgrad(op)
	case kernels.SoftmaxFprop:
		return softmaxFprop(op)
	case kernels.Tally:
		return tally(op)
	case kernels.ThresholdReLUDgrad:
		return thresholdReLU(op.ThresholdReLU, "threshold_relu_dgrad", op.DX.Elements())
	case kernels.ThresholdReLUFprop:
		return thresholdReLU(op.ThresholdReLU, "threshold_relu_fprop", op.Y.Elements())
	case kernels.Tick:
		return tick()
	case kernels.WeightAverage:
		return weightAverage(op)
	case kernels.WeightDecay:
		return weightDecay(op)
	case kernels.Zero:
		return zero(op)
	}
	return nil
}
