package kerneltest

import "cnn-gpu/kernels"

// convChain is a convolution, its ReLU and its pool. Neither of the latter makes an error larger: a ReLU moves two numbers closer, and
// a maximum or a mean of numbers is as near to the right one as the furthest of them.
func convChain(op kernels.Conv2DChain, x, w, b []float64) (y, index []Value) {
	y = convFpropOf(op.Conv, x, w, b)
	if op.ReLU != nil {
		for i := range y {
			y[i].Want = max(y[i].Want, 0)
		}
	}
	if op.Pool == nil {
		return y, nil
	}
	pooled, index := poolFprop(op.Pool.Pool2D, exactly(y))
	eachOutput(op.Pool.Pool2D, func(i int, window []place) {
		worst := 0.0
		for _, p := range window {
			worst = max(worst, y[p.at].Bound)
		}
		pooled[i].Bound += worst
	})
	return pooled, index
}

// exactly are the values that a device should compute.
func exactly(values []Value) []float64 {
	list := make([]float64, len(values))
	for i, v := range values {
		list[i] = v.Want
	}
	return list
}

// convPoolGrad is a pool's gradient and, by it, a convolution's two; w is nil where the gradient by the input is not wanted.
func convPoolGrad(op kernels.Conv2DPoolGrad, dy, index, x, dw, w []float64) (newDW, dx []Value) {
	gradient := poolDgrad(op.Pool.Pool2D, dy, index)
	newDW = convWgrad(op.Wgrad.Conv2D, x, gradient, dw)
	if op.Dgrad != nil {
		dx = convDgrad(op.Dgrad.Conv2D, gradient, w)
	}
	return newDW, dx
}

// depthFirst runs the ops one after the other. It has no bounds: it is right for cases whose sums are exact.
func depthFirst(op kernels.DepthFirst, in [][]float64) ([][]Value, error) {
	var o Oracle
	operands := op.Operands()
	for i, operand := range operands {
		if in[i] != nil {
			copy(o.Of(operand.Buffer), in[i])
		}
	}
	if err := o.Run(op.Ops); err != nil {
		return nil, err
	}
	out := make([][]Value, len(operands))
	for i, operand := range operands {
		if operand.Buffer != nil && operand.Access != kernels.Read {
			out[i] = exacts(o.Of(operand.Buffer))
		}
	}
	return out, nil
}
