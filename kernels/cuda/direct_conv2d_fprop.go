package cuda

import (
	"slices"

	"cnn-gpu/kernels"
)

// directConv2DFprop is a convolution of images of few channels with the ReLU and the pool behind it, computed directly.
type directConv2DFprop struct {
	Conv kernels.Conv2DFprop
	ReLU bool
	Pool *kernels.Pool2D // of windows of 2x2 that lie side by side, or nil

	Y             *kernels.Buffer   // what the last of them makes
	Stored        kernels.Precision // to which that is rounded; [kernels.FP32] or the default if it is not
	Index, Places *kernels.Buffer   // where a maximum came from: as the pool's Index says it, or as a byte, 255 where the ReLU let nothing through
}

func (op directConv2DFprop) Name() string { return "direct_conv2d_fprop" }

func (op directConv2DFprop) Operands() []kernels.Operand {
	conv := op.Conv.Operands()
	outputs := op.Conv.Outputs()
	if op.Pool != nil {
		outputs = op.Pool.Outputs()
	}
	y := kernels.Floats("y", op.Y, kernels.Write, outputs)
	y.Type = typeOf(op.Stored)
	return append(conv[:3], y,
		kernels.Ints("index", op.Index, kernels.Write, outputs).OptionalIf(true),
		kernels.Bytes("places", op.Places, kernels.Write, outputs).OptionalIf(true))
}

func (op directConv2DFprop) Cost() kernels.Cost { return kernels.CostOf(op, op.Conv.FLOPs()) }

func (op directConv2DFprop) results() []*kernels.Buffer { return []*kernels.Buffer{op.Y} }

func (op directConv2DFprop) storing(p kernels.Precision, _, y *kernels.Buffer) kernels.Op {
	op.Stored, op.Y = p, y
	return op
}

func (op directConv2DFprop) roundsAs(plain kernels.Op) string {
	isLast := false
	switch plain.(type) {
	case kernels.Pool2DFprop:
		isLast = true
	case kernels.ActivationFprop:
		isLast = op.Pool == nil
	case kernels.Conv2DFprop:
		isLast = op.Pool == nil && !op.ReLU
	}
	if !isLast || op.Stored <= kernels.FP32 {
		return ""
	}
	return op.Stored.String()
}

// The most channels, the largest filters and the largest strides of what is convolved directly.
const (
	directChannels = 4
	directSize     = 7
	directStride   = 2
)

// mostShared is the dynamic shared memory that a block can have on every GPU of compute capability 8.0 and above (CUDA C++ Programming
// Guide, technical specifications: 99 KB on 8.6, 8.9 and 12.0).
const mostShared = 99 << 10

// isDirect says whether a convolution is computed directly.
func isDirect(g kernels.Conv2D) bool {
	return g.C <= directChannels && g.GroupCount() == 1 && max(g.R, g.S) <= directSize && max(g.StrideH, g.StrideW) <= directStride &&
		g.DilationH == 1 && g.DilationW == 1
}

// filterGroups cuts filters into blocks of at most 64, each of so many groups of eight.
func filterGroups(filters int) (groups, blocks int) {
	const most = 8
	eights := kernels.CeilDiv(filters, 8)
	blocks = kernels.CeilDiv(eights, most)
	return kernels.CeilDiv(eights, blocks), blocks
}

// directDefines are the macros of a convolution of whose images a block keeps so many rows and columns.
func directDefines(g kernels.Conv2D, imageRows, pitch int) []Define {
	return define("C", g.C, "K", g.K, "H", g.H, "W", g.W, "R", g.R, "S", g.S, "Q", g.Q, "STRIDE_H", g.StrideH, "STRIDE_W", g.StrideW,
		"PAD_TOP", g.PadTop, "PAD_LEFT", g.PadLeft, "IMAGE_ROWS", imageRows, "PITCH", pitch)
}

func (op directConv2DFprop) launches() []Launch {
	const threads, enough = 256, 128 // of a block; blocks that fill a GPU
	g, kind := op.Conv.Conv2D, 0
	p, q := g.P, g.Q
	pool := kernels.Pool2D{Window: kernels.Window{P: p, Q: q}}
	if op.Pool != nil {
		pool, kind = *op.Pool, 1
		if !pool.Kind.Picks() {
			kind = 2
		}
		p, q = 2*pool.P, 2*pool.Q
	}
	tileQ := 4
	if g.R*g.S*g.C <= 16 {
		tileQ = 2 // few sums, so that more threads have some
	}
	groups, filterBlocks := filterGroups(g.K)
	rows, columns := kernels.CeilDiv(p, 2), kernels.CeilDiv(q, tileQ)
	parts := kernels.CeilDiv(columns, threads/groups)
	tilesX := kernels.CeilDiv(columns, parts)
	shared := func(tilesY int) (imageRows, pitch, bytes int) {
		imageRows, pitch = (2*tilesY-1)*g.StrideH+g.R, (tileQ*tilesX*parts-1)*g.StrideW+g.S
		return imageRows, pitch, sharedFloats((g.R*g.S*g.C+1)*8*groups + imageRows*pitch*g.C)
	}
	tilesY := min(rows, threads/groups/tilesX)
	for ; tilesY > 1; tilesY-- {
		if _, _, bytes := shared(tilesY); bytes <= mostShared && g.N*kernels.CeilDiv(rows, tilesY)*parts*filterBlocks >= enough {
			break
		}
	}
	bands := kernels.CeilDiv(rows, tilesY)
	tilesY = kernels.CeilDiv(rows, bands)
	imageRows, pitch, bytes := shared(tilesY)
	return []Launch{{
		Source: "direct_conv2d_fprop.cu", Function: "direct_conv2d_fprop", Shared: bytes,
		Defines: slices.Concat(directDefines(g, imageRows, pitch), storedDefine(op.Stored), define("P", g.P, "TILE_Q", tileQ, "TILES_X", tilesX, "TILES_Y", tilesY, "BANDS", bands, "PARTS", parts,
			"GROUPS", groups, "RELU", op.ReLU, "POOL", kind, "POOL_P", pool.P, "POOL_Q", pool.Q)),
		Grid: [3]int{g.N * bands * parts, filterBlocks, 1}, Block: [3]int{tilesX * tilesY * groups, 1, 1}, Early: true,
	}}
}
