package cuda

import (
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// directConvolution computes convolutions of images of few channels, as a network's first is, and their gradients directly, in one with the
// ReLU and the pool behind them. Nothing is rounded otherwise: the factors are float32, and the sums as they stand.
var directConvolution = rewrite.Pass{
	Name: "direct-convolution",
	Does: "convolve images of few channels directly, in one with the ReLU and the pool behind, and take the gradients from the pool's",
	Run: func(l *rewrite.List) (times int) {
		for i := 0; i < len(l.Ops); i++ { // which grow
			conv, ok := l.Ops[i].(kernels.Conv2DFprop)
			if !ok || !isDirect(conv.Conv2D) || !isAligned(conv.Y, 4) {
				continue
			}
			times += joinDirect(l, i, conv)
		}
		for i := 0; i < len(l.Ops); i++ {
			if wgrad, ok := l.Ops[i].(kernels.Conv2DWgrad); ok && isDirect(wgrad.Conv2D) {
				times += joinDirectWgrad(l, i, wgrad)
			}
		}
		return times
	},
}

// joinDirect puts a direct convolution in the place of the one at index i and of the ReLU and the pool behind it that nobody else sees. It
// takes the gradients before a pool along, if they are all that its index is for.
func joinDirect(l *rewrite.List, i int, conv kernels.Conv2DFprop) int {
	c := directConv2DFprop{Conv: conv, Y: conv.Y}
	joined, last := []int{i}, i
	relu, at, ok := rewrite.Find(l, i, func(op kernels.ActivationFprop) bool { return op.X == c.Y && op.Function == kernels.ReLU })
	if ok && l.IsPrivate(c.Y, last, at) && isAligned(relu.Y, 4) {
		c.ReLU, c.Y, last = true, relu.Y, at
		joined = append(joined, at)
	}
	pool, at, ok := rewrite.Find(l, i, func(op kernels.Pool2DFprop) bool { return op.X == c.Y })
	if ok && l.IsPrivate(c.Y, last, at) && isAligned(pool.Y, 4) && isAligned(pool.Index, 4) && isPooledDirectly(pool.Pool2D) {
		c.Pool, c.Y, c.Index, last = &pool.Pool2D, pool.Y, pool.Index, at
		joined = append(joined, at)
	}
	if !fits(c) {
		return 0
	}
	times := 1
	if c.Pool != nil && c.Index != nil && joinDirectPooledWgrad(l, &c, last) {
		times++
	}
	l.Join(i, c, joined...)
	return times
}

// isPooledDirectly says whether a pool's windows are of 2x2 places and lie side by side, all inside the image.
func isPooledDirectly(g kernels.Pool2D) bool {
	return (g.Kind == kernels.MaxPool || g.Kind == kernels.AveragePool) && g.R == 2 && g.S == 2 && g.StrideH == 2 && g.StrideW == 2 &&
		g.DilationH == 1 && g.DilationW == 1 && g.PadTop == 0 && g.PadLeft == 0 && 2*g.P <= g.H && 2*g.Q <= g.W
}

// joinDirectPooledWgrad puts one op in the place of the gradients before the pool of a direct convolution, which is at index pool, and says
// whether it did. The places that they need take a byte each.
func joinDirectPooledWgrad(l *rewrite.List, c *directConv2DFprop, pool int) bool {
	dpool, at, ok := rewrite.Find(l, pool, func(op kernels.Pool2DDgrad) bool { return op.Index == c.Index })
	if !ok || !l.IsPrivate(c.Index, pool, at) {
		return false
	}
	wgrad, wgradAt, ok := rewrite.Find(l, at, func(op kernels.Conv2DWgrad) bool {
		return op.DY == dpool.DX && op.X == c.Conv.X && op.Conv2D == c.Conv.Conv2D
	})
	if !ok {
		return false
	}
	op := directConv2DPooledWgrad{Wgrad: wgrad, Pool: *c.Pool, DY: dpool.DY}
	joined := []int{at, wgradAt}
	bias, biasAt, ok := rewrite.Find(l, at, func(op kernels.BiasWgrad) bool { return op.DY == dpool.DX })
	if ok {
		joined = append(joined, biasAt)
	}
	if !l.IsPrivate(dpool.DX, joined...) || l.IsWritten(dpool.DY, at, wgradAt) {
		return false
	}
	relu, reluAt, hasReLU := rewrite.Find(l, pool, func(op kernels.ActivationDgrad) bool {
		return op.DX == dpool.DY && op.V == c.Y && op.Function == kernels.ReLU
	})
	if c.ReLU && hasReLU && l.IsPrivate(dpool.DY, reluAt, at) && !l.IsWritten(relu.DY, reluAt, wgradAt) {
		op.DY = relu.DY
		joined = append(joined, reluAt)
	}
	op.Places = kernels.NewBuffer(c.Index.Name+" in bytes", kernels.Uint8, c.Index.Shape...)
	if !fits(op) {
		return false
	}
	c.Index, c.Places = nil, op.Places
	sums := op.sums(wgrad.DW, bias.DB, op.launches()[0].Grid[0])
	joinInParts(l, wgradAt, op, sums, joined)
	return true
}

// joinDirectWgrad puts one op in the place of a convolution's gradient by its filters, at an index, of that by its bias, and of the ReLU's behind it.
func joinDirectWgrad(l *rewrite.List, at int, wgrad kernels.Conv2DWgrad) int {
	op := directConv2DWgrad{Wgrad: wgrad, DY: wgrad.DY}
	joined := []int{at}
	var db *kernels.Buffer
	bias, biasAt, ok := rewrite.Find(l, at, func(op kernels.BiasWgrad) bool { return op.DY == wgrad.DY })
	if ok && !l.IsWritten(wgrad.DY, at, biasAt) {
		db = bias.DB
		joined = append(joined, biasAt)
	}
	relu, reluAt, ok := rewrite.Find(l, 0, func(op kernels.ActivationDgrad) bool { return op.DX == wgrad.DY && op.Function == kernels.ReLU })
	if users := append([]int{reluAt}, joined...); ok && l.IsPrivate(wgrad.DY, users...) && !l.IsWritten(relu.DY, reluAt, at) && !l.IsWritten(relu.V, reluAt, at) {
		op.DY, op.V = relu.DY, relu.V
		joined = append(joined, reluAt)
	}
	if !fits(op) {
		return 0
	}
	sums := op.sums(wgrad.DW, db, op.launches()[0].Grid[0])
	joinInParts(l, at, op, sums, joined)
	return 1
}

// joinInParts puts an op that computes gradients in parts in the place of several, at an index, and what adds the parts up behind it.
func joinInParts(l *rewrite.List, at int, op kernels.Op, sums []kernels.Op, joined []int) {
	l.Join(at, op, joined...)
	for i, sum := range sums {
		l.Insert(at+1+i, sum)
	}
}

// fits says whether an op's blocks have the shared memory that they need, on every GPU.
func fits(op launcher) bool {
	for _, l := range op.launches() {
		if l.Shared > mostShared {
			return false
		}
	}
	return true
}
