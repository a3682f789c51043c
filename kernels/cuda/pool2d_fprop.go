package cuda

import (
	"strings"

	"cnn-gpu/kernels"
)

// pool2DFpropChain is a pool of f(X), whose index is in bytes if it has one.
type pool2DFpropChain struct {
	Pool       kernels.Pool2DFprop
	Activation kernels.Activation
}

func (op pool2DFpropChain) Name() string {
	if op.Activation == linear {
		return op.Pool.Name()
	}
	return op.Activation.Function.String() + "_" + op.Pool.Name()
}

func (op pool2DFpropChain) Operands() []kernels.Operand {
	list := op.Pool.Operands()
	list[2].Type = kernels.Uint8
	return list
}

func (op pool2DFpropChain) Cost() kernels.Cost {
	return kernels.CostOf(op, int(op.Pool.Cost().FLOPs)+op.Pool.Inputs())
}

func (op pool2DFpropChain) algorithm() string { return placesInBytes(op.Pool.Index) }

func (op pool2DFpropChain) launches() []Launch {
	return pool2DFpropLaunches(op.Pool, op.Activation, true)
}

func pool2DFprop(op kernels.Pool2DFprop) []Launch { return pool2DFpropLaunches(op, linear, false) }

func pool2DFpropLaunches(op kernels.Pool2DFprop, a kernels.Activation, inBytes bool) []Launch {
	return []Launch{perPool("pool2d_fprop", op.Pool2D, a, inBytes, op.Outputs(), op.X, op.Y, op.Index)}
}

// placesInBytes says where a pool's places are kept, if they are.
func placesInBytes(index *kernels.Buffer) string {
	if index == nil {
		return ""
	}
	return "places in bytes"
}

// perPool is a launch with a thread for each vector of the channels of what a pool, or its gradient, makes. Vectors are as wide as leaves enough of
// them to fill a GPU.
func perPool(function string, g kernels.Pool2D, a kernels.Activation, inBytes bool, elements int, buffers ...*kernels.Buffer) Launch {
	const threads = 256
	width := widthOf(g.C, buffers...)
	for width > 1 && elements/width < 2*manyBlocks*threads {
		width /= 2
	}
	source, _, _ := strings.Cut(function, "_chain")
	// The kind has the same name in pool2d.cuh.
	defines := append(define("KIND", strings.ToUpper(g.Kind.String()), "N", g.N, "C", g.C, "WIDTH", width, "BYTES", inBytes), windowDefines(g.Window)...)
	return perElement(source+".cu", function, elements/width, append(defines, activationDefines(a)...)...)
}
