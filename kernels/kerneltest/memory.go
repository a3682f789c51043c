package kerneltest

import "cnn-gpu/kernels"

// memory holds the values of buffers: a view is a part of its root's.
type memory[T any] map[*kernels.Buffer][]T

// valuesOf is the memory of a buffer, zeros at first.
func (m memory[T]) valuesOf(b *kernels.Buffer) []T {
	root, offset := b.Root()
	if m[root] == nil {
		m[root] = make([]T, root.Elements())
	}
	return m[root][offset : offset+b.Elements()]
}

// operands is the memory of what an op reads, nil for an operand that is absent or only written.
func (m memory[T]) operands(op kernels.Op) [][]T {
	var in [][]T
	for _, o := range op.Operands() {
		if o.Buffer == nil || o.Access == kernels.Write {
			in = append(in, nil)
		} else {
			in = append(in, m.valuesOf(o.Buffer))
		}
	}
	return in
}

// keptBuffers are the buffers that outlive a run of the ops, in the order in which they are named; of a view, its root.
func keptBuffers(ops []kernels.Op) []*kernels.Buffer {
	var list []*kernels.Buffer
	seen := map[*kernels.Buffer]bool{}
	for _, op := range ops {
		for _, o := range op.Operands() {
			if o.Buffer == nil {
				continue
			}
			if root, _ := o.Buffer.Root(); root.Keep && !seen[root] {
				seen[root] = true
				list = append(list, root)
			}
		}
	}
	return list
}
