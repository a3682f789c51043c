package device

import (
	"slices"

	"cnn-gpu/kernels"
)

// CPUPlan is where the values of an op list lie on the CPU.
func CPUPlan(ops []kernels.Op) Plan { return NewPlan(depthFirst(ops), nil) }

// depthFirst joins ops that follow each other, where running all of them on a few images before going on to the next keeps what one
// hands to another in the cache.
func depthFirst(ops []kernels.Op) []kernels.Op {
	users := map[*kernels.Buffer][]int{}
	for i, op := range ops {
		for _, b := range buffers(op) {
			root, _ := b.Root()
			users[root] = append(users[root], i)
		}
	}
	var joined []kernels.Op
	for i := 0; i < len(ops); {
		end := sliceable(ops, i)
		if run := ops[i:end]; len(run) > 1 && handsOn(run) {
			joined = append(joined, kernels.DepthFirst{Ops: run, Local: local(run, func(b *kernels.Buffer) bool {
				return users[b][0] >= i && users[b][len(users[b])-1] < end
			})})
			i = end
			continue
		}
		joined = append(joined, ops[i])
		i++
	}
	return joined
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

const (
	// What ops read or add to besides their images has to come from the cache for every few images anew.
	mostWeights = 1 << 16
	// Less than this is still in the cache when the whole batch is done.
	leastHandedOn = 1 << 16
	// Parts of the batch that there are at least, so that there is work for many cores.
	leastParts = 8
)

// sliceable is the end of the ops from number i on that can be run on a few images of the same batch at a time.
func sliceable(ops []kernels.Op, i int) int {
	batch, weights := 0, 0
	for ; i < len(ops); i++ {
		op, ok := ops[i].(kernels.Slicer)
		if !ok {
			break
		}
		s := op.Slicing()
		weights += s.Weights
		if s.Batch < leastParts*s.Images || batch > 0 && s.Batch != batch || weights > mostWeights || hasPartView(op) {
			break
		}
		batch = s.Batch
	}
	return i
}

// hasPartView says whether an op names a part of a value that does not outlive the run: its images may lie elsewhere in the whole.
func hasPartView(op kernels.Op) bool {
	return slices.ContainsFunc(buffers(op), func(b *kernels.Buffer) bool {
		root, _ := b.Root()
		return !root.Keep && b != root && (b.Elements() != root.Elements() || b.Shape[0] != root.Shape[0])
	})
}

// handsOn says whether one of the ops hands so much to another that it would not stay in the cache.
func handsOn(ops []kernels.Op) bool {
	written := map[*kernels.Buffer]bool{}
	for _, op := range ops {
		for _, o := range op.Operands() {
			if o.Access == kernels.Read && written[o.Buffer] && o.Elements >= leastHandedOn {
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
