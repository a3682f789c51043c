package kerneltest

import (
	"math"
	"math/rand/v2"

	"cnn-gpu/kernels"
)

// Oracle runs op lists in float64. With Noise it moves each value that an op writes up or down at random, by as much as float32
// arithmetic is likely to: how far the results move then is how far a device's may lie from the exact ones. That is the oracle's
// bound, of which a sum of n terms uses only a part of 1/√n since its roundings are as often up as down (Higham and Mary, "A new
// approach to probabilistic rounding error analysis", 2019).
type Oracle struct {
	Noise *rand.Rand // nil for exact results

	values memory[float64]
}

// Of is the memory of a buffer, zeros at first.
func (o *Oracle) Of(b *kernels.Buffer) []float64 {
	if o.values == nil {
		o.values = memory[float64]{}
	}
	return o.values.valuesOf(b)
}

// Set fills a buffer.
func (o *Oracle) Set(b *kernels.Buffer, values []float32) {
	dst := o.Of(b)
	for i, v := range values {
		dst[i] = float64(v)
	}
}

// Run runs the ops in order.
func (o *Oracle) Run(ops []kernels.Op) error { return o.RunAs(ops, make([]string, len(ops))) }

// RunAs is Run with the noise of a device that computes each op by an algorithm: where that is a precision (see [Runner]), factors move by as much
// as it rounds, sums by a tensor core's part, and what may be stored rounded moves once more.
func (o *Oracle) RunAs(ops []kernels.Op, algorithms []string) error {
	if o.values == nil {
		o.values = memory[float64]{}
	}
	for at, op := range ops {
		operands := op.Operands()
		in := o.values.operands(op)
		p, isNarrow := precisionNamed(algorithms[at])
		isNarrow = isNarrow && o.Noise != nil
		unitOfSums := unit
		if factors := factorsOf(op); isNarrow && factors != nil {
			unitOfSums = tensorCoreUnit
			for _, i := range factors {
				in[i] = o.narrowed(p, in[i])
			}
		}
		out, err := Compute(op, in)
		if err != nil {
			return err
		}
		part := unitOfSums / unit / math.Sqrt(float64(terms(op)))
		for i, values := range out {
			if values == nil {
				continue
			}
			dst := o.values.valuesOf(operands[i].Buffer)
			for j, v := range values {
				dst[j] = v.Want
				if o.Noise == nil {
					continue
				}
				sign := o.sign()
				if v.Want != 0 { // a zero is mostly no sum at all but a ReLU or a square, and stays
					dst[j] += part * v.Bound * sign
				}
				if isNeverNegative(op, i) {
					dst[j] = max(dst[j], 0)
				}
			}
			if isNarrow && mayBeStoredNarrow(operands[i]) {
				copy(dst, o.narrowed(p, dst))
			}
		}
	}
	return nil
}

// sign is up or down.
func (o *Oracle) sign() float64 { return float64(2*o.Noise.IntN(2) - 1) }

// narrowed moves each value by as much as its rounding to a precision may.
func (o *Oracle) narrowed(p kernels.Precision, values []float64) []float64 {
	moved := make([]float64, len(values))
	for i, v := range values {
		moved[i] = v
		if v != 0 {
			moved[i] += narrowed(p, exact(v)).Bound * o.sign()
		}
	}
	return moved
}

// isNeverNegative says whether an operand's values are sums of nothing but squares, probabilities or losses: float32 rounds none of them
// below zero, and the root of one that noise took there would be no number.
func isNeverNegative(op kernels.Op, operand int) bool {
	switch op.(type) {
	case kernels.Adam, kernels.Lamb:
		return operand == 2
	case kernels.Adagrad, kernels.RMSprop:
		return operand == 1
	case kernels.BatchNormStats:
		return operand == 3
	case kernels.GroupNormFprop:
		return operand == 4
	case kernels.SoftmaxFprop:
		return operand == 1
	case kernels.CrossEntropyFprop:
		return operand == 2 || operand == 3
	case kernels.CategoricalCrossEntropyFprop:
		return operand == 3 || operand == 4
	case kernels.ElementLossFprop:
		return operand == 3
	}
	return false
}

// terms is the length of the sums in an op, 1 if it has none.
func terms(op kernels.Op) int {
	switch op := op.(type) {
	case kernels.Conv2DFprop:
		return op.R*op.S*op.C + 1
	case kernels.Conv2DDgrad:
		return op.R * op.S * op.K
	case kernels.Conv2DWgrad:
		return op.N*op.P*op.Q + 1
	case kernels.DenseFprop:
		return op.C + 1
	case kernels.DenseDgrad:
		return op.K
	case kernels.DenseWgrad:
		return op.N + 1
	case kernels.Bilinear2DFprop:
		return 4
	case kernels.Bilinear2DDgrad:
		return 4 * op.FactorH * op.FactorW
	case kernels.BiasWgrad:
		return op.M + 1
	case kernels.BatchNormStats:
		return op.N * op.P
	case kernels.BatchNormSums:
		return op.N * op.P
	case kernels.GroupNormFprop:
		return op.P * op.Channels()
	case kernels.GroupNormDgrad:
		return op.P * op.Channels()
	case kernels.GroupNormWgrad:
		return op.N*op.P + 1
	}
	return 1
}
