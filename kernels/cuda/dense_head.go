package cuda

import "cnn-gpu/kernels"

// denseHead is the end of a classifier in one: its last dense layer, before which there may be another with a ReLU, the softmax and the loss; in
// training also whether the loss is finite, and the gradients by what the layers take.
type denseHead struct {
	Hidden   *kernels.DenseFprop // nil if there is none; its Y is what the ReLU makes
	Last     kernels.DenseFprop
	Loss     kernels.CrossEntropyFprop
	Check    *kernels.FiniteCheck // of the loss; nil if it is not asked for
	Gradient *headGradient        // nil if it is not asked for
}

// headGradient are the gradients by the logits, by what the hidden layer's ReLU takes, and by the head's input.
type headGradient struct {
	DZ, DH, DX *kernels.Buffer
	Masked     bool              // DX is by what a ReLU before the head takes
	Stored     kernels.Precision // to which DX is rounded; [kernels.FP32] or the default if it is not
}

func (op denseHead) Name() string { return "dense_head" }

// input is what the first of the layers takes.
func (op denseHead) input() *kernels.Buffer {
	if op.Hidden != nil {
		return op.Hidden.X
	}
	return op.Last.X
}

// geometry is the number of rows, inputs, hidden units and classes.
func (op denseHead) geometry() (rows, in, hidden, classes int) {
	if op.Hidden != nil {
		return op.Last.N, op.Hidden.C, op.Last.C, op.Last.K
	}
	return op.Last.N, op.Last.C, 0, op.Last.K
}

func (op denseHead) Operands() []kernels.Operand {
	var w1, b1, h, step, halt *kernels.Buffer
	if op.Hidden != nil {
		w1, b1, h = op.Hidden.W, op.Hidden.B, op.Hidden.Y
	}
	if op.Check != nil {
		step, halt = op.Check.Step, op.Check.Halt
	}
	var g headGradient
	if op.Gradient != nil {
		g = *op.Gradient
	}
	n, in, hidden, k := op.geometry()
	units := op.Last.C
	dx := kernels.Floats("dx", g.DX, kernels.Write, n*in).OptionalIf(true)
	dx.Type = typeOf(g.Stored)
	return []kernels.Operand{
		kernels.Floats("x", op.input(), kernels.Read, n*in),
		kernels.Floats("w1", w1, kernels.Read, in*hidden).OptionalIf(op.Hidden == nil), kernels.Floats("b1", b1, kernels.Read, hidden).OptionalIf(true),
		kernels.Floats("w2", op.Last.W, kernels.Read, units*k), kernels.Floats("b2", op.Last.B, kernels.Read, k).OptionalIf(true),
		kernels.Ints("labels", op.Loss.Labels, kernels.Read, n),
		kernels.Ints("step", step, kernels.Read, 1).OptionalIf(op.Check == nil), kernels.Ints("halt", halt, kernels.Raise, 1).OptionalIf(op.Check == nil),
		kernels.Floats("h", h, kernels.Write, n*hidden).OptionalIf(op.Hidden == nil),
		kernels.Floats("z", op.Last.Y, kernels.Write, n*k), kernels.Floats("y", op.Loss.Y, kernels.Write, n*k), kernels.Floats("loss", op.Loss.Loss, kernels.Write, n),
		kernels.Floats("dz", g.DZ, kernels.Write, n*k).OptionalIf(op.Gradient == nil), kernels.Floats("dh", g.DH, kernels.Write, n*hidden).OptionalIf(g.DH == nil),
		dx,
	}
}

func (op denseHead) Cost() kernels.Cost {
	n, in, hidden, k := op.geometry()
	products := in * hidden
	if op.Gradient != nil {
		if op.Gradient.DX != nil {
			products *= 2
		}
		products += op.Last.C * k
	}
	return kernels.CostOf(op, 2*n*(products+op.Last.C*k)+op.Loss.N*k*6)
}

// result is DX or, if there is none, a value that no product takes.
func (op denseHead) result() *kernels.Buffer {
	if op.Gradient == nil || op.Gradient.DX == nil {
		return op.Loss.Loss
	}
	return op.Gradient.DX
}

func (op denseHead) storing(p kernels.Precision, dx *kernels.Buffer) kernels.Op {
	g := *op.Gradient
	g.Stored, g.DX = p, dx
	op.Gradient = &g
	return op
}

func (op denseHead) roundsAs(plain kernels.Op) string {
	g := op.Gradient
	if g == nil || g.Stored <= kernels.FP32 {
		return ""
	}
	first := op.Last.W
	if op.Hidden != nil {
		first = op.Hidden.W
	}
	makesDX := false
	switch plain := plain.(type) {
	case kernels.ActivationDgrad:
		makesDX = g.Masked && isSame(plain.V, op.input())
	case kernels.DenseDgrad:
		makesDX = !g.Masked && isSame(plain.W, first)
	}
	if !makesDX {
		return ""
	}
	return g.Stored.String()
}

// The most rows that the blocks of a head compute one after the other, hidden units, which a warp has four of each, and rows of the hidden layer's weights
// that a thread keeps in registers.
const (
	headRows  = 4
	headUnits = 4 * 32
	headHeld  = 10
)

func (op denseHead) launches() []Launch {
	n, in, hidden, k := op.geometry()
	threads, lanes, slices, held, padded := 256, 1, in, 1, 0
	if hidden > 0 {
		threads = 1024
		for 4*lanes < hidden {
			lanes *= 2
		}
		slices, padded = threads/lanes, 4*lanes
		held = kernels.CeilDiv(in, slices)
	}
	rows := kernels.CeilDiv(n, manyBlocks/2)
	target, other := kernels.SmoothTargets(op.Loss.Smoothing, k)
	var g headGradient
	if op.Gradient != nil {
		g = *op.Gradient
	}
	floats := (threads/32+1)*padded + held*slices + op.Last.C*k + op.Last.C + 2*k
	return []Launch{{
		Source: "dense_head.cu", Function: "dense_head", Shared: sharedFloats(floats),
		Defines: append(storedDefine(g.Stored), define("N", n, "IN", in, "HIDDEN", hidden, "K", k, "ROWS", rows, "THREADS", threads, "LANES", lanes, "SLICES", slices,
			"MASKED", g.Masked, "TARGET", target, "OTHER", other)...),
		Grid: [3]int{kernels.CeilDiv(n, rows), 1, 1}, Block: [3]int{threads, 1, 1},
	}}
}

// isSmall says whether the head is so small that this is the way to compute it.
func (op denseHead) isSmall() bool {
	n, in, hidden, _ := op.geometry()
	l := op.launches()[0]
	return n <= headRows*manyBlocks/2 && hidden <= headUnits && fits(op) && (hidden == 0 || kernels.CeilDiv(in*kernels.RoundUp(hidden, 4)/4, l.Block[0]) <= headHeld)
}
