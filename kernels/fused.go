package kernels

// Fused is an op that does the work of several in one go. A device that has no code for it runs its parts.
type Fused interface {
	Op
	// Parts lists the ops that it stands for. What they hand on among themselves are buffers of their own, which are no operands.
	Parts() []Op
}

// Expand replaces the fused ops of a list by their parts.
func Expand(ops []Op) []Op {
	var list []Op
	for _, op := range ops {
		if f, ok := op.(Fused); ok {
			list = append(list, Expand(f.Parts())...)
		} else {
			list = append(list, op)
		}
	}
	return list
}

// partsCost is what the parts cost, without the bytes of what they hand on.
func partsCost(f Fused) Cost {
	var flops int64
	for _, op := range f.Parts() {
		flops += op.Cost().FLOPs
	}
	return cost(f, int(flops))
}
