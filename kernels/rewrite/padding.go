package rewrite

import "cnn-gpu/kernels"

// padWindows lets the windows of a convolution reach beyond an image's border, in place of a copy of the image with zeros around it, and so back.
// The sums are the same but for zeros.
var padWindows = Pass{
	Name: "pad-windows",
	Does: "let a convolution see zeros beyond the border in place of a padded copy of its input",
	Run: func(l *List) (times int) {
		for i, op := range l.Ops {
			if pad, ok := op.(kernels.Copy); ok && isPadding(pad) && padForward(l, pad, i) {
				times++
			}
		}
		for i, op := range l.Ops {
			if crop, ok := op.(kernels.Copy); ok && !crop.Keeps && isPadding(crop.Back(crop.Y, crop.X)) && padBackward(l, crop, i) {
				times++
			}
		}
		return times
	},
}

// isPadding says whether a copy puts all of an image into a larger one with zeros at its sides.
func isPadding(op kernels.Copy) bool {
	return op.Axes == kernels.InOrder && !op.Keeps && op.Box == op.XShape && op.XAt == [4]int{} &&
		op.YAt[0] == 0 && op.YAt[3] == 0 && op.XShape[0] == op.YShape[0] && op.XShape[3] == op.YShape[3]
}

// unpadded is a convolution of padded images as one of the images themselves; ok is false where windows would lie wholly beyond their border.
func unpadded(g kernels.Conv2D, images [4]int, at [4]int) (kernels.Conv2D, bool) {
	g.PadTop, g.PadLeft, g.H, g.Window.W = g.PadTop+at[1], g.PadLeft+at[2], images[1], images[2]
	bottom, right := (g.P-1)*g.StrideH-g.PadTop, (g.Q-1)*g.StrideW-g.PadLeft // where the last window begins
	return g, g.PadTop < g.R && g.PadLeft < g.S && bottom < g.H && right < g.Window.W && g.DilationH == 1 && g.DilationW == 1
}

// padForward lets the convolution that alone takes what the copy at an index makes, and its gradient by the filters, take the images themselves.
func padForward(l *List, pad kernels.Copy, i int) bool {
	conv, at, ok := Find(l, i, func(op kernels.Conv2DFprop) bool { return op.X == pad.Y })
	if !ok {
		return false
	}
	users, last := []int{i, at}, at
	wgrad, behind, hasWgrad := Find(l, at, func(op kernels.Conv2DWgrad) bool { return op.X == pad.Y })
	if hasWgrad {
		users, last = append(users, behind), behind
	}
	g, ok := unpadded(conv.Conv2D, pad.XShape, pad.YAt)
	if !ok || !l.IsPrivate(pad.Y, users...) || l.IsWritten(pad.X, i, last) {
		return false
	}
	conv.Conv2D, conv.X = g, pad.X
	l.Join(at, conv, i, at)
	if hasWgrad {
		wgrad.Conv2D, wgrad.X = g, pad.X
		l.Ops[behind] = wgrad
	}
	return true
}

// padBackward lets the gradient by the input, of which the copy at an index alone takes the part that belongs to the images, compute no more.
func padBackward(l *List, crop kernels.Copy, i int) bool {
	dgrad, at, ok := Find(l, 0, func(op kernels.Conv2DDgrad) bool { return op.DX == crop.X })
	if !ok || at > i {
		return false
	}
	g, ok := unpadded(dgrad.Conv2D, crop.YShape, crop.XAt)
	if !ok || !l.IsPrivate(crop.X, at, i) || l.IsWritten(dgrad.DY, at, i) || l.IsWritten(dgrad.W, at, i) {
		return false
	}
	dgrad.Conv2D, dgrad.DX = g, crop.Y
	l.Join(i, dgrad, at, i)
	return true
}
