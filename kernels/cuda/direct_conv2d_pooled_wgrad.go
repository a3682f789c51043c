package cuda

import "cnn-gpu/kernels"

// directConv2DPooledWgrad are the gradients of a convolution of images of few channels by its filters and its bias, computed directly from
// those of the maxima behind it.
type directConv2DPooledWgrad struct {
	Wgrad  kernels.Conv2DWgrad
	Pool   kernels.Pool2D
	DY     *kernels.Buffer // of the pool
	Places *kernels.Buffer // see [directConv2DFprop]
	gradientParts
}

func (op directConv2DPooledWgrad) Name() string { return "direct_conv2d_pooled_wgrad" }

func (op directConv2DPooledWgrad) Operands() []kernels.Operand {
	g := op.Wgrad.Conv2D
	return append([]kernels.Operand{
		kernels.Floats("x", op.Wgrad.X, kernels.Read, g.Inputs()), kernels.Floats("dy", op.DY, kernels.Read, op.Pool.Outputs()),
		kernels.Bytes("places", op.Places, kernels.Read, op.Pool.Outputs()),
	}, op.operands(g, op.launches()[0].Grid[0])...)
}

func (op directConv2DPooledWgrad) withParts(other map[*kernels.Buffer]*kernels.Buffer) kernels.Op {
	op.gradientParts = op.moved(other)
	return op
}

func (op directConv2DPooledWgrad) halting(step, halt *kernels.Buffer) kernels.Op {
	op.Step, op.Halt = step, halt
	return op
}

func (op directConv2DPooledWgrad) Cost() kernels.Cost {
	g := op.Wgrad.Conv2D
	return kernels.CostOf(op, op.Pool.Outputs()*(2*g.R*g.S*g.C+1))
}

func (op directConv2DPooledWgrad) launches() []Launch {
	const most, held = 16, 32 // warps of a block, taps of a thread
	g := op.Wgrad.Conv2D
	rows, taps := g.R, g.R*g.S*g.C
	if taps > held {
		rows = 1
	}
	roles := g.R / rows
	warps := roles * max(1, most/roles)
	shared := func(band int) (imageRows, pitch, bytes int) {
		imageRows, pitch = (2*band-1)*g.StrideH+g.R, (2*op.Pool.Q-1)*g.StrideW+g.S
		return imageRows, pitch, sharedFloats(imageRows*pitch*g.C + warps/roles*(taps+1)*32)
	}
	band := directBand(g.N, op.Pool.P, func(band int) int { _, _, bytes := shared(band); return bytes })
	imageRows, pitch, bytes := shared(band)
	l := Launch{
		Source: "direct_conv2d_pooled_wgrad.cu", Function: "direct_conv2d_pooled_wgrad", Shared: bytes,
		Defines: append(directDefines(g, imageRows, pitch), define("ROWS", rows, "WARPS", warps, "POOL_P", op.Pool.P, "POOL_Q", op.Pool.Q)...),
		Grid:    [3]int{1, kernels.CeilDiv(g.K, 32), 1}, Block: [3]int{32 * warps, 1, 1},
	}
	return l.inParts(g.N, band, op.Pool.P)
}
