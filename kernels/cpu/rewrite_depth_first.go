package cpu

import (
	"slices"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// depthFirstWithin joins ops that follow each other, where running all of them on a few images before going on to the next keeps what one
// hands to another in the cache.
func depthFirstWithin(limits depthFirstLimits) rewrite.Pass {
	return rewrite.Pass{
		Name: "depth-first",
		Does: "run ops that follow each other on a few images at a time, which stay in the cache",
		Run:  limits.run,
	}
}

func (limits depthFirstLimits) run(l *rewrite.List) (times int) {
	var at []int // of the ops that are left
	for i, op := range l.Ops {
		if op != nil {
			at = append(at, i)
		}
	}
	ops := make([]kernels.Op, len(at))
	for i, from := range at {
		ops[i] = l.Ops[from]
	}
	for i := 0; i < len(ops); {
		end := limits.chunkable(ops, i)
		if end-i < 2 || !limits.handsOn(ops[i:end]) {
			i++
			continue
		}
		joined := depthFirst{Local: local(ops[i:end], func(b *kernels.Buffer) bool {
			users := l.Users(b)
			return users[0] >= at[i] && users[len(users)-1] <= at[end-1]
		})}
		for _, from := range at[i:end] {
			joined.Ops = append(joined.Ops, l.At(from))
		}
		l.Join(at[i], joined, at[i:end]...)
		times++
		i = end
	}
	return times
}

// buffers are those that an op reads or writes.
func buffers(op kernels.Op) (list []*kernels.Buffer) {
	for _, o := range op.Operands() {
		if o.Buffer != nil {
			list = append(list, o.Buffer)
		}
	}
	return list
}

// depthFirstLimits say when ops are worth joining.
type depthFirstLimits struct {
	// The most values that ops may read or add to besides their images: they come from the cache anew for each chunk.
	weights int
	// The least values that one op must hand to another: fewer are still in the cache when the whole batch is done.
	handedOn int
	// The least parts of the batch that there must be, so that there is work for many cores.
	parts int
}

var usualLimits = depthFirstLimits{weights: 1 << 16, handedOn: 1 << 16, parts: 8}

// chunkable is the end of the ops from index i on that can be run on a few images of the same batch at a time.
func (limits depthFirstLimits) chunkable(ops []kernels.Op, i int) int {
	batch, weights := 0, 0
	for ; i < len(ops); i++ {
		c, ok := codeOf(ops[i]).(chunker)
		if !ok {
			break
		}
		s := c.chunking()
		weights += s.Weights
		if s.Batch < limits.parts*s.Images || s.Batch == 0 || batch > 0 && s.Batch != batch || weights > limits.weights || hasPartView(ops[i]) {
			break
		}
		batch = s.Batch
	}
	return i
}

// hasPartView says whether an op reads or writes a part of a value that does not outlive the run: its images may lie elsewhere in the whole. What
// it adds to is no image.
func hasPartView(op kernels.Op) bool {
	return slices.ContainsFunc(op.Operands(), func(o kernels.Operand) bool {
		b := o.Buffer
		if b == nil || o.Access == kernels.Accumulate {
			return false
		}
		root, _ := b.Root()
		return !root.Keep && b != root && (b.Elements() != root.Elements() || b.Shape[0] != root.Shape[0])
	})
}

// handsOn says whether one of the ops hands so much to another that it would not stay in the cache.
func (limits depthFirstLimits) handsOn(ops []kernels.Op) bool {
	written := map[*kernels.Buffer]bool{}
	for _, op := range ops {
		for _, o := range op.Operands() {
			if o.Access == kernels.Read && written[o.Buffer] && o.Elements >= limits.handedOn {
				return true
			}
		}
		for _, o := range op.Operands() {
			if o.Buffer != nil && o.Access == kernels.Write {
				written[o.Buffer] = true
			}
		}
	}
	return false
}

// local are the values that some ops hand on among themselves and that nothing else sees, under one name. isOurs says whether no other
// op uses a value.
func local(ops []kernels.Op, isOurs func(*kernels.Buffer) bool) (list []*kernels.Buffer) {
	names := map[*kernels.Buffer][]*kernels.Buffer{}
	for _, op := range ops {
		for _, b := range buffers(op) {
			if root, _ := b.Root(); !slices.Contains(names[root], b) {
				names[root] = append(names[root], b)
			}
		}
	}
	for _, op := range ops {
		for _, o := range op.Operands() {
			b := o.Buffer
			if b == nil || o.Access != kernels.Write || b.Type != kernels.Float32 || b.Keep || len(names[b]) != 1 || !isOurs(b) {
				continue
			}
			if !slices.Contains(list, b) {
				list = append(list, b)
			}
		}
	}
	return list
}
