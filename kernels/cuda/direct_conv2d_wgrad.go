package cuda

import "cnn-gpu/kernels"

// directConv2DWgrad are the gradients of a convolution of images of few channels by its filters and its bias, computed directly.
type directConv2DWgrad struct {
	Wgrad kernels.Conv2DWgrad
	DY    *kernels.Buffer // of the convolution, or of a ReLU behind it
	V     *kernels.Buffer // what that ReLU made; nil if there is none
	DB    *kernels.Buffer // nil if it is not asked for
}

func (op directConv2DWgrad) Name() string { return "direct_conv2d_wgrad" }

func (op directConv2DWgrad) Operands() []kernels.Operand {
	g := op.Wgrad.Conv2D
	return []kernels.Operand{
		kernels.Floats("x", op.Wgrad.X, kernels.Read, g.Inputs()), kernels.Floats("dy", op.DY, kernels.Read, g.Outputs()),
		kernels.Floats("v", op.V, kernels.Read, g.Outputs()).OptionalIf(true),
		kernels.Floats("dw", op.Wgrad.DW, kernels.Accumulate, g.Weights()), kernels.Floats("db", op.DB, kernels.Accumulate, g.K).OptionalIf(true),
	}
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
	return l.inParts(g, band, g.P)
}

// directBand is how many of an image's rows of gradients a block keeps: as many as its shared memory holds, unless the blocks were too few
// to fill a GPU.
func directBand(images, rows int, shared func(band int) int) int {
	for band := rows; band > 1; band-- {
		if shared(band) <= mostShared && images*kernels.CeilDiv(rows, band) >= mostParts {
			return kernels.CeilDiv(rows, kernels.CeilDiv(rows, band))
		}
	}
	return 1
}

// mostParts are the blocks that share the sum of a gradient by a few weights.
const mostParts = 128

// inParts is a launch whose blocks share the bands of all images, and the one that adds up what they make.
func (l Launch) inParts(g kernels.Conv2D, band, rows int) []Launch {
	gradients := (g.R*g.S*g.C + 1) * g.K
	items := g.N * kernels.CeilDiv(rows, band)
	l.Grid[0] = min(items, mostParts)
	l.Defines = append(l.Defines, define("BAND", band, "ITEMS", items, "BLOCKS", l.Grid[0])...)
	l.Workspace = l.Grid[0] * gradients * kernels.Float32.Size()
	return []Launch{l, {
		Source: l.Source, Function: l.Function + "_sum", Defines: l.Defines,
		Grid: [3]int{kernels.CeilDiv(gradients, 32), 1, 1}, Block: [3]int{32, 8, 1},
	}}
}
