package cuda

import "cnn-gpu/kernels"

// newBatchNorm is how kernels go over the rows of a normalisation, behind which an activation may stand; see batch_norm.cuh.
func newBatchNorm(source string, g kernels.BatchNorm, classes int, epsilon float64, inRows []*kernels.Buffer, more ...Define) columns {
	defines := define("N", g.N, "P", g.P, "CLASSES", classes, "EPSILON", float32(epsilon))
	return newColumns(source, g.N*g.P, g.C, inRows, append(defines, more...)...)
}

// linear is no activation.
var linear = kernels.Activation{Function: kernels.Linear}

// activationOf is what follows a normalisation.
func activationOf(op *kernels.ActivationFprop) kernels.Activation {
	if op == nil {
		return linear
	}
	return op.Activation
}
