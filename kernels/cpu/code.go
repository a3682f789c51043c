package cpu

import (
	"fmt"

	"cnn-gpu/kernels"
)

// Routine is the code of an op, made ready to run many times. It owns what it derives from the weights, so it runs one at a time.
type Routine struct {
	// Scratch is the number of float32 values that [Workers.Scratch] must hold.
	Scratch int
	// Derived is the number of values that it keeps of what it derives from the weights.
	Derived int
	// keep gives it zeros in which to keep them; nil if there are none.
	keep func(derived []float32)
	// Weights are the indices of the operands that Derive reads.
	Weights []int
	// Derive makes what Run needs of the weights, before the first run and whenever they have changed; nil if that is nothing.
	Derive func(mem []kernels.Mem, w *Workers)
	// Run runs the op; mem holds the memory of each operand, in their order.
	Run func(mem []kernels.Mem, w *Workers)
	// Chunk is the code for a few images, where there is one.
	Chunk *chunkCode
	// Profile runs ops that run depth first and returns which part of the time each took; nil for any other op.
	Profile func(mem []kernels.Mem, w *Workers) []float64
}

// Take takes the memory for what is derived, before the first run.
func (r Routine) Take() {
	if r.keep != nil {
		r.keep(make([]float32, r.Derived))
	}
}

// Prepare returns the code of an op for a number of workers.
func Prepare(op kernels.Op, workers int) (Routine, error) {
	c := codeOf(op)
	if c == nil {
		return Routine{}, fmt.Errorf("cpu: there is no code for op %q", op.Name())
	}
	return c.prepare(workers), nil
}

// code is what an op becomes on the CPU.
type code interface {
	prepare(workers int) Routine
}

// plain is code that needs nothing prepared.
type plain func(mem []kernels.Mem, w *Workers)

func (run plain) prepare(int) Routine { return Routine{Run: run} }

func plainly[Op kernels.Op](op Op, run func(op Op, mem []kernels.Mem, w *Workers)) code {
	return plain(func(mem []kernels.Mem, w *Workers) { run(op, mem, w) })
}

// codeOf knows the code of every op; nil is for an op that has none. The ops of this package are their own code.
func codeOf(op kernels.Op) code {
	switch op := op.(type) {
	case code:
		return op
	case kernels.ActivationDgrad:
		if _, isKnown := activations[op.Function]; isKnown {
			return activationDgradCode{op}
		}
	case kernels.ActivationFprop:
		if _, isKnown := activations[op.Function]; isKnown {
			return activationFpropCode{op}
		}
	case kernels.Adagrad:
		return plainly(op, runAdagrad)
	case kernels.Adam:
		return plainly(op, runAdam)
	case kernels.AdaptivePool2DDgrad:
		return plainly(op, runAdaptivePool2DDgrad)
	case kernels.AdaptivePool2DFprop:
		return plainly(op, runAdaptivePool2DFprop)
	case kernels.Add:
		return plainly(op, runAdd)
	case kernels.BatchNormDgrad:
		return batchNormDgradCode{op}
	case kernels.BatchNormFold:
		return batchNormFoldCode{op}
	case kernels.BatchNormFprop:
		return batchNormFpropCode{op}
	case kernels.BatchNormStats:
		return batchNormStatsCode{op}
	case kernels.BatchNormSums:
		return batchNormSumsCode{op}
	case kernels.BiasWgrad:
		return biasWgradCode{op}
	case kernels.Bilinear2DDgrad:
		return plainly(op, runBilinear2DDgrad)
	case kernels.Bilinear2DFprop:
		return plainly(op, runBilinear2DFprop)
	case kernels.BinaryDgrad:
		if _, isKnown := binaries[op.Function]; isKnown {
			return plainly(op, runBinaryDgrad)
		}
	case kernels.BinaryFprop:
		if _, isKnown := binaries[op.Function]; isKnown {
			return plainly(op, runBinaryFprop)
		}
	case kernels.BinaryTally:
		return plainly(op, runBinaryTally)
	case kernels.CategoricalCrossEntropyDgrad:
		return plainly(op, runCategoricalCrossEntropyDgrad)
	case kernels.CategoricalCrossEntropyFprop:
		return plainly(op, runCategoricalCrossEntropyFprop)
	case kernels.ClipNorm:
		return clipNormCode{op}
	case kernels.ClipValue:
		return plainly(op, runClipValue)
	case kernels.Conv2DDgrad:
		return conv2DDgrad{Conv2DDgrad: op}
	case kernels.Conv2DFprop:
		return conv2DFprop{Conv2DFprop: op}
	case kernels.Conv2DWgrad:
		return conv2DWgrad{Conv2DWgrad: op}
	case kernels.Copy:
		return plainly(op, runCopy)
	case kernels.CrossEntropyDgrad:
		return plainly(op, runCrossEntropyDgrad)
	case kernels.CrossEntropyFprop:
		return plainly(op, runCrossEntropyFprop)
	case kernels.DenseDgrad:
		return conv2DDgrad{Conv2DDgrad: op.AsConv2D()}
	case kernels.DenseFprop:
		return conv2DFprop{Conv2DFprop: op.AsConv2D()}
	case kernels.DenseWgrad:
		return conv2DWgrad{Conv2DWgrad: op.AsConv2D()}
	case kernels.Dropout:
		return plainly(op, runDropout)
	case kernels.ElementLossDgrad:
		if _, isKnown := elementLosses[op.Function]; isKnown {
			return plainly(op, runElementLossDgrad)
		}
	case kernels.ElementLossFprop:
		if _, isKnown := elementLosses[op.Function]; isKnown {
			return plainly(op, runElementLossFprop)
		}
	case kernels.FiniteCheck:
		return plainly(op, runFiniteCheck)
	case kernels.GatherBatch:
		return plainly(op, runGatherBatch)
	case kernels.GaussianNoise:
		return plainly(op, runGaussianNoise)
	case kernels.GroupNormDgrad:
		return groupNormDgradCode{op}
	case kernels.GroupNormFprop:
		return groupNormFpropCode{op}
	case kernels.GroupNormWgrad:
		return groupNormWgradCode{op}
	case kernels.Lamb:
		return lambCode{op}
	case kernels.Lion:
		return plainly(op, runLion)
	case kernels.MaxNorm:
		return plainly(op, runMaxNorm)
	case kernels.MovingAverage:
		return plainly(op, runMovingAverage)
	case kernels.OneHot:
		return plainly(op, runOneHot)
	case kernels.PenaltyDgrad:
		return plainly(op, runPenaltyDgrad)
	case kernels.PenaltyFprop:
		return penaltyFpropCode{op}
	case kernels.Pool2DDgrad:
		return pool2DDgradCode{op}
	case kernels.Pool2DFprop:
		return plainly(op, runPool2DFprop)
	case kernels.PReLUDgrad:
		return plainly(op, runPReLUDgrad)
	case kernels.PReLUFprop:
		return plainly(op, runPReLUFprop)
	case kernels.PReLUTerms:
		return plainly(op, runPReLUTerms)
	case kernels.Rescale:
		return plainly(op, runRescale)
	case kernels.RMSprop:
		return plainly(op, runRMSprop)
	case kernels.SGD:
		return plainly(op, runSGD)
	case kernels.SoftmaxDgrad:
		return plainly(op, runSoftmaxDgrad)
	case kernels.SoftmaxFprop:
		return plainly(op, runSoftmaxFprop)
	case kernels.Tally:
		return plainly(op, runTally)
	case kernels.ThresholdReLUDgrad:
		return plainly(op, runThresholdReLUDgrad)
	case kernels.ThresholdReLUFprop:
		return plainly(op, runThresholdReLUFprop)
	case kernels.Tick:
		return plainly(op, runTick)
	case kernels.WeightAverage:
		return plainly(op, runWeightAverage)
	case kernels.WeightDecay:
		return plainly(op, runWeightDecay)
	case kernels.Zero:
		return plainly(op, runZero)
	}
	return nil
}
