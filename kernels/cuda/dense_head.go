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
	Given    *kernels.Buffer      // the input in bfloat16, if it is taken so
	Stored   headStored
}

// headGradient are the gradients by the logits, by what the hidden layer's ReLU takes, and by the head's input.
type headGradient struct {
	DZ, DH, DX *kernels.Buffer
	Masked     bool // DX is by what a ReLU before the head takes
}

// headStored says which of a head's results are rounded as they are stored, and to which precision.
type headStored struct {
	Precision     kernels.Precision
	H, DZ, DH, DX bool
}

// pitch is from one row of a result to the next: what is rounded is padded as tensor cores take it.
func (s headStored) pitch(isStored bool, columns int) int {
	if !isStored {
		return columns
	}
	return rowsOf(s.Precision, 1, columns).Pitch
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
	units, s := op.Last.C, op.Stored
	x := kernels.Floats("x", op.input(), kernels.Read, n*in)
	if op.Given != nil {
		x.Buffer, x.Type = op.Given, kernels.BFloat16
	}
	result := func(name string, b *kernels.Buffer, isStored bool, columns int) kernels.Operand {
		o := kernels.Floats(name, b, kernels.Write, n*columns)
		if isStored {
			o.Type = typeOf(s.Precision)
		}
		return o
	}
	return []kernels.Operand{
		x,
		kernels.Floats("w1", w1, kernels.Read, in*hidden).OptionalIf(op.Hidden == nil), kernels.Floats("b1", b1, kernels.Read, hidden).OptionalIf(true),
		kernels.Floats("w2", op.Last.W, kernels.Read, units*k), kernels.Floats("b2", op.Last.B, kernels.Read, k).OptionalIf(true),
		kernels.Ints("labels", op.Loss.Labels, kernels.Read, n),
		kernels.Ints("step", step, kernels.Read, 1).OptionalIf(op.Check == nil), kernels.Ints("halt", halt, kernels.Raise, 1).OptionalIf(op.Check == nil),
		result("h", h, s.H, s.pitch(s.H, hidden)).OptionalIf(op.Hidden == nil),
		kernels.Floats("z", op.Last.Y, kernels.Write, n*k), kernels.Floats("y", op.Loss.Y, kernels.Write, n*k), kernels.Floats("loss", op.Loss.Loss, kernels.Write, n),
		result("dz", g.DZ, s.DZ, s.pitch(s.DZ, k)).OptionalIf(op.Gradient == nil), result("dh", g.DH, s.DH, s.pitch(s.DH, hidden)).OptionalIf(g.DH == nil),
		result("dx", g.DX, s.DX, in).OptionalIf(true),
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

func (op denseHead) results() (list []*kernels.Buffer) {
	if op.Hidden != nil {
		list = append(list, op.Hidden.Y)
	}
	if g := op.Gradient; g != nil {
		for _, b := range []*kernels.Buffer{g.DZ, g.DH, g.DX} {
			if b != nil {
				list = append(list, b)
			}
		}
	}
	return list
}

// pads says so of all but DX, whose rows may be those of images.
func (op denseHead) pads(result *kernels.Buffer) bool {
	return op.Gradient == nil || result != op.Gradient.DX
}

func (op denseHead) storing(p kernels.Precision, result, y *kernels.Buffer) kernels.Op {
	op.Stored.Precision = p
	if op.Hidden != nil && result == op.Hidden.Y {
		hidden := *op.Hidden
		hidden.Y = y
		op.Hidden, op.Stored.H = &hidden, true
		return op
	}
	g := *op.Gradient
	switch result {
	case g.DZ:
		g.DZ, op.Stored.DZ = y, true
	case g.DH:
		g.DH, op.Stored.DH = y, true
	default:
		g.DX, op.Stored.DX = y, true
	}
	op.Gradient = &g
	return op
}

func (op denseHead) reading(value, narrow *kernels.Buffer) (kernels.Op, bool) {
	isInput := isSame(value, op.input())
	op.Given = narrow
	return op, isInput
}

func (op denseHead) roundsAs(plain kernels.Op) string {
	s, isStored := op.Stored, false
	switch plain := plain.(type) {
	case kernels.ActivationFprop:
		isStored = s.H
	case kernels.CrossEntropyDgrad:
		isStored = s.DZ
	case kernels.ActivationDgrad:
		if isStored = s.DH; isSame(plain.V, op.input()) {
			isStored = s.DX
		}
	case kernels.DenseDgrad:
		isFirst := op.Hidden == nil || isSame(plain.W, op.Hidden.W)
		isStored = s.DX && isFirst && !op.Gradient.Masked
	}
	if !isStored {
		return ""
	}
	return storedAs(s.Precision)
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
	s := op.Stored
	floats := (threads/32+1)*padded + held*slices + op.Last.C*k + op.Last.C + 2*k
	return []Launch{{
		Source: "dense_head.cu", Function: "dense_head", Shared: sharedFloats(floats),
		Defines: append(storedDefine(s.Precision), define("N", n, "IN", in, "HIDDEN", hidden, "K", k, "ROWS", rows, "THREADS", threads, "LANES", lanes, "SLICES", slices,
			"MASKED", g.Masked, "TARGET", target, "OTHER", other, "STORES_H", s.H, "STORES_DZ", s.DZ, "STORES_DH", s.DH, "STORES_DX", s.DX, "GIVEN_BF16", op.Given != nil,
			"H_PITCH", s.pitch(s.H, hidden), "DZ_PITCH", s.pitch(s.DZ, k), "DH_PITCH", s.pitch(s.DH, hidden))...),
		Grid: [3]int{kernels.CeilDiv(n, rows), 1, 1}, Block: [3]int{threads, 1, 1}, Early: true,
	}}
}

// isSmall says whether the head is so small that this is the way to compute it.
func (op denseHead) isSmall() bool {
	n, in, hidden, _ := op.geometry()
	l := op.launches()[0]
	return n <= headRows*manyBlocks/2 && hidden <= headUnits && fits(op) && (hidden == 0 || kernels.CeilDiv(in*kernels.RoundUp(hidden, 4)/4, l.Block[0]) <= headHeld)
}
