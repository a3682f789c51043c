package cuda

import (
	"slices"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// products gives tensor cores the convolutions and dense layers and their gradients by the input, with the activations and pools that make something else
// of their sums before anybody sees them.
func products(p kernels.Precision) rewrite.Pass {
	return rewrite.Pass{
		Name:   "products",
		Does:   "multiply on tensor cores, by factors in " + p.String() + ", and activate, pool and so back what they sum up",
		Rounds: true,
		Run: func(l *rewrite.List) (times int) {
			for i, op := range l.Ops {
				if made := productOf(op, p); made != nil {
					l.Ops[i] = made
					times++
				}
			}
			for i := range l.Ops {
				switch op := l.Ops[i].(type) {
				case conv2DProductFprop:
					if op.Activation == linear && op.Pool == nil {
						joinProductForward(l, op, i)
					}
				case conv2DProductDgrad:
					if op.V == nil && op.Pool == nil {
						joinProductBackward(l, op, i)
					}
				}
			}
			return times
		},
	}
}

// productOf is an op on tensor cores; nil if they cannot compute it.
func productOf(op kernels.Op, p kernels.Precision) product {
	switch op := op.(type) {
	case kernels.DenseFprop:
		return productOf(op.AsConv2D(), p)
	case kernels.DenseDgrad:
		return productOf(op.AsConv2D(), p)
	case kernels.Conv2DFprop:
		if made := (conv2DProductFprop{Conv2DFprop: op, Precision: p}); made.product().fits(op.C, made.factors()) {
			return made
		}
	case kernels.Conv2DDgrad:
		if made := (conv2DProductDgrad{Conv2DDgrad: op, Precision: p}); made.product().fits(op.K, made.factors()) {
			return made
		}
	}
	return nil
}

// joinProductForward joins fprop at an index with the activation or the pool behind it.
func joinProductForward(l *rewrite.List, op conv2DProductFprop, i int) {
	given := []*kernels.Buffer{op.X, op.W, op.B}
	join := func(joined conv2DProductFprop, at int, y *kernels.Buffer) {
		if handsOver(l, op.Y, y, i, at) && !areWritten(l, i, at, given...) {
			joined.Y = y
			l.Join(at, joined, i, at)
		}
	}
	isPool := func(g kernels.Pool2D) bool { return isOfQuarters(g, op.N, op.P, op.Q, op.K) }
	for at := i + 1; at < len(l.Ops); at++ {
		joined := op
		switch next := l.Ops[at].(type) {
		case kernels.ActivationFprop:
			if isSame(next.X, op.Y) {
				joined.Activation = next.Activation
				join(joined, at, next.Y)
				return
			}
		case kernels.Pool2DFprop:
			if isSame(next.X, op.Y) && next.Index == nil && isPool(next.Pool2D) {
				joined.Pool = &next
				join(joined, at, next.Y)
				return
			}
		case pool2DFpropChain:
			if isSame(next.Pool.X, op.Y) && isPool(next.Pool.Pool2D) {
				joined.Activation, joined.Pool = next.Activation, &next.Pool
				join(joined, at, next.Pool.Y)
				return
			}
		}
	}
}

// joinProductBackward joins dgrad at an index with the gradients of the activation or the pool before the convolution.
func joinProductBackward(l *rewrite.List, op conv2DProductDgrad, i int) {
	given := []*kernels.Buffer{op.DY, op.W}
	join := func(joined conv2DProductDgrad, at int, dx *kernels.Buffer) {
		if handsOver(l, op.DX, dx, i, at) && !areWritten(l, i, at, given...) {
			joined.DX = dx
			l.Join(at, joined, i, at)
		}
	}
	isPool := func(g kernels.Pool2D) bool {
		return g.P == op.H && g.Q == op.Window.W && isOfQuarters(g, op.N, g.H, g.Window.W, op.C)
	}
	for at := i + 1; at < len(l.Ops); at++ {
		joined := op
		switch next := l.Ops[at].(type) {
		case kernels.ActivationDgrad:
			if isSame(next.DY, op.DX) {
				joined.Activation, joined.V = next.Activation, next.V
				join(joined, at, next.DX)
				return
			}
		case kernels.Pool2DDgrad:
			if isSame(next.DY, op.DX) && next.Index == nil && isPool(next.Pool2D) {
				joined.Pool = &next
				join(joined, at, next.DX)
				return
			}
		case pool2DDgradChain:
			if isSame(next.Pool.DY, op.DX) && isPool(next.Pool.Pool2D) {
				joined.Activation, joined.V, joined.Pool = next.Activation, next.V, &next.Pool
				join(joined, at, next.Pool.DX)
				return
			}
		}
	}
}

// isOfQuarters says whether a pool of images has windows of 2x2 that lie side by side within them.
func isOfQuarters(g kernels.Pool2D, images, height, width, channels int) bool {
	return g.N == images && g.H == height && g.Window.W == width && g.C == channels && g.R == 2 && g.S == 2 && g.StrideH == 2 && g.StrideW == 2 &&
		g.DilationH == 1 && g.DilationW == 1 && g.PadTop == 0 && g.PadLeft == 0 && 2*g.P <= height && 2*g.Q <= width
}

// handsOver says whether nobody but the op at an index sees what one before it writes to a buffer, of which it makes another value or one in its place.
func handsOver(l *rewrite.List, b, made *kernels.Buffer, from, to int) bool {
	if isSame(b, made) {
		return !slices.ContainsFunc(l.Users(b), func(i int) bool { return i > from && i < to })
	}
	root, _ := b.Root()
	return root.Elements() == b.Elements() && l.IsPrivate(root, from, to)
}
