package cuda

import "cnn-gpu/kernels"

// directConv2DWgrad are the gradients of a convolution of images of few channels by its filters and its bias, computed directly.
type directConv2DWgrad struct {
	Wgrad kernels.Conv2DWgrad
	DY    *kernels.Buffer // of the convolution, or of a ReLU behind it
	V     *kernels.Buffer // what that ReLU made; nil if there is none
	gradientParts
}

func (op directConv2DWgrad) Name() string { return "direct_conv2d_wgrad" }

func (op directConv2DWgrad) Operands() []kernels.Operand {
	g := op.Wgrad.Conv2D
	return append([]kernels.Operand{
		kernels.Floats("x", op.Wgrad.X, kernels.Read, g.Inputs()), kernels.Floats("dy", op.DY, kernels.Read, g.Outputs()),
		kernels.Floats("v", op.V, kernels.Read, g.Outputs()).OptionalIf(true),
	}, op.operands(g, op.launches()[0].Grid[0])...)
}

func (op directConv2DWgrad) withParts(other map[*kernels.Buffer]*kernels.Buffer) kernels.Op {
	op.gradientParts = op.moved(other)
	return op
}

func (op directConv2DWgrad) halting(step, halt *kernels.Buffer) kernels.Op {
	op.Step, op.Halt = step, halt
	return op
}

func (op directConv2DWgrad) Cost() kernels.Cost {
	return kernels.CostOf(op, op.Wgrad.FLOPs()+op.Wgrad.Outputs())
}

func (op directConv2DWgrad) launches() []Launch {
	g := op.Wgrad.Conv2D
	groups, filterBlocks := filterGroups(g.K)
	columns, gradients := kernels.RoundUp(g.Q, 4), g.R*g.S*g.C+1
	shared := func(band int) (imageRows, pitch, bytes int) {
		imageRows, pitch = (band-1)*g.StrideH+g.R, (columns-1)*g.StrideW+g.S
		return imageRows, pitch, sharedFloats(max(band*columns*8*groups+imageRows*pitch*g.C, gradients*8*groups))
	}
	band := directBand(g.N, g.P, func(band int) int { _, _, bytes := shared(band); return bytes })
	imageRows, pitch, bytes := shared(band)
	const threads = 512
	split := max(1, min(threads/(g.R*g.C*groups), band*columns/4))
	l := Launch{
		Source: "direct_conv2d_wgrad.cu", Function: "direct_conv2d_wgrad", Shared: bytes,
		Defines: append(directDefines(g, imageRows, pitch), define("P", g.P, "GROUPS", groups, "SPLIT", split, "COLUMNS", columns)...),
		Grid:    [3]int{1, filterBlocks, 1}, Block: [3]int{g.R * g.C * groups * split, 1, 1},
	}
	return l.inParts(g.N, band, g.P)
}
