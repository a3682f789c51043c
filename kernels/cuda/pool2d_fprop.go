package cuda

import (
	"strings"

	"cnn-gpu/kernels"
)

func pool2DFprop(op kernels.Pool2DFprop) []Launch {
	return []Launch{perElement("pool2d_fprop.cu", "pool2d_fprop", op.Outputs(), pool2DDefines(op.Pool2D)...)}
}

// pool2DDefines are the macros of a pool; its kind has the same name in pool2d.cuh.
func pool2DDefines(g kernels.Pool2D) []Define {
	return append(define("KIND", strings.ToUpper(g.Kind.String()), "N", g.N, "C", g.C), windowDefines(g.Window)...)
}
