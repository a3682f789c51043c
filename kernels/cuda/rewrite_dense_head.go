package cuda

import (
	"slices"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// denseHeads computes a classifier's last dense layers, its softmax and loss and their gradients in one, where they are small: each by itself would
// mostly wait for the one before. Nothing is rounded otherwise: the factors are float32, and the sums as they stand.
var denseHeads = rewrite.Pass{
	Name: "dense-head",
	Does: "compute the last dense layers, the loss and the gradients by what they take in one, where they are small",
	Run: func(l *rewrite.List) (times int) {
		for i, op := range l.Ops {
			if loss, ok := op.(kernels.CrossEntropyFprop); ok && joinHead(l, i, loss) {
				times++
			}
		}
		return times
	},
}

// joinedHead is a dense head under construction, which will stand at index at.
type joinedHead struct {
	denseHead
	list   *rewrite.List
	at     int
	joined []int
}

// joinHead puts a head in the place of a loss at an index, of the layers before it, and of their gradients.
func joinHead(l *rewrite.List, at int, loss kernels.CrossEntropyFprop) bool {
	h := joinedHead{denseHead: denseHead{Loss: loss}, list: l, at: at, joined: []int{at}}
	last, lastAt, ok := rewrite.Find(l, 0, func(op kernels.DenseFprop) bool { return op.Y == loss.X })
	if !ok || lastAt > at || !h.isFirstSeen(last.Y, lastAt) || !h.mayRead(lastAt, last.X, last.W, last.B) {
		return false
	}
	h.Last = last
	h.joined = append(h.joined, lastAt)
	withHidden := h
	if withHidden.addHidden() && withHidden.isSmall() {
		h = withHidden
	}
	if !h.isSmall() {
		return false
	}
	h.addGradient()
	check, checkAt, ok := rewrite.Find(l, at, func(op kernels.FiniteCheck) bool { return op.X == loss.Loss })
	if ok && !l.IsWritten(loss.Loss, at, checkAt) && !l.IsWritten(check.Step, at, checkAt) {
		h.Check = &check
		h.joined = append(h.joined, checkAt)
	}
	l.Join(at, h.denseHead, h.joined...)
	return true
}

// mayRead says whether what an op reads at one index has the same values at the head's.
func (h *joinedHead) mayRead(at int, values ...*kernels.Buffer) bool {
	for _, b := range values {
		if b != nil && h.list.IsWritten(b, min(at, h.at), max(at, h.at)) {
			return false
		}
	}
	return true
}

// isFirstSeen says whether nobody but the given ops uses a value before the head does.
func (h *joinedHead) isFirstSeen(b *kernels.Buffer, by ...int) bool {
	for _, user := range h.list.Users(b) {
		if user < h.at && !slices.Contains(by, user) {
			return false
		}
	}
	return true
}

// mayWrite says whether nobody uses a value between the head and the op that wrote it.
func (h *joinedHead) mayWrite(at int, b *kernels.Buffer) bool {
	for _, user := range h.list.Users(b) {
		if user > h.at && user < at {
			return false
		}
	}
	return true
}

// addHidden takes the dense layer and its ReLU before the last layer along.
func (h *joinedHead) addHidden() bool {
	l := h.list
	relu, reluAt, ok := rewrite.Find(l, 0, func(op kernels.ActivationFprop) bool { return op.Y == h.Last.X && op.Function == kernels.ReLU })
	if !ok || reluAt > h.at || !h.isFirstSeen(relu.Y, append(h.joined, reluAt)...) {
		return false
	}
	hidden, at, ok := rewrite.Find(l, 0, func(op kernels.DenseFprop) bool { return op.Y == relu.X })
	if !ok || !l.IsPrivate(hidden.Y, at, reluAt) || !h.mayRead(at, hidden.X, hidden.W, hidden.B) || !isAligned(hidden.W, 4) {
		return false
	}
	hidden.Y = relu.Y
	h.Hidden = &hidden
	h.joined = append(h.joined, reluAt, at)
	return true
}

// addGradient takes the gradients along: all that the layers' inputs have, or none.
func (h *joinedHead) addGradient() {
	l := h.list
	dloss, at, ok := rewrite.Find(l, h.at, func(op kernels.CrossEntropyDgrad) bool {
		return op.Y == h.Loss.Y && op.Labels == h.Loss.Labels && op.Smoothing == h.Loss.Smoothing
	})
	if !ok || !h.mayRead(at, dloss.Y, dloss.Labels) || !h.mayWrite(at, dloss.DX) {
		return
	}
	g := headGradient{DZ: dloss.DX}
	joined := []int{at}
	last, at, ok := rewrite.Find(l, at, func(op kernels.DenseDgrad) bool { return op.DY == g.DZ && isSame(op.W, h.Last.W) })
	if !ok || !h.mayRead(at, h.Last.W) || l.IsWritten(g.DZ, joined[0], at) || !h.mayWrite(at, last.DX) {
		return
	}
	joined, g.DX = append(joined, at), last.DX
	if h.Hidden != nil {
		relu, reluAt, ok := rewrite.Find(l, at, func(op kernels.ActivationDgrad) bool {
			return op.DY == last.DX && op.V == h.Hidden.Y && op.Function == kernels.ReLU
		})
		if !ok || !l.IsPrivate(last.DX, at, reluAt) && relu.DX != relu.DY || !h.mayRead(reluAt, relu.V) || !h.mayWrite(reluAt, relu.DX) {
			return
		}
		joined, g.DH, g.DX = append(joined, reluAt), relu.DX, nil
		dense, at, ok := rewrite.Find(l, reluAt, func(op kernels.DenseDgrad) bool { return op.DY == g.DH && isSame(op.W, h.Hidden.W) })
		if ok && h.mayRead(at, h.Hidden.W) && !l.IsWritten(g.DH, reluAt, at) && h.mayWrite(at, dense.DX) {
			joined, g.DX = append(joined, at), dense.DX
		}
	}
	if g.DX != nil {
		h.addMask(&g, &joined)
	}
	h.Gradient, h.joined = &g, append(h.joined, joined...)
}

// addMask takes the gradient of the ReLU along that made the head's input.
func (h *joinedHead) addMask(g *headGradient, joined *[]int) {
	l := h.list
	relu, at, ok := rewrite.Find(l, h.at, func(op kernels.ActivationDgrad) bool {
		return op.Function == kernels.ReLU && isSame(op.DY, g.DX) && isSame(op.V, h.input())
	})
	if !ok || !h.mayRead(at, relu.V) || !h.mayWrite(at, relu.DX) {
		return
	}
	root, _ := g.DX.Root()
	isOthers := func(user int) bool { return user != at && !slices.Contains(*joined, user) }
	if relu.DX != relu.DY && (root.Keep || slices.ContainsFunc(l.Users(root), isOthers)) {
		return
	}
	g.DX, g.Masked = relu.DX, true
	*joined = append(*joined, at)
}
