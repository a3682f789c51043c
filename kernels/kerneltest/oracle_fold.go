package kerneltest

import (
	"fmt"

	"cnn-gpu/kernels"
)

// folded names the way in which a device computed a batch normalisation that it folded into the convolution or the dense layer before it.
const folded = "folded"

func batchNormFold(op kernels.BatchNormFold, in [][]Value) (w, b []Value) {
	weights, bias, mean, variance, gamma, beta := in[0], in[1], in[2], in[3], in[4], in[5]
	for i, v := range weights {
		w = append(w, v.mul(batchNormScale(variance[i%op.K], gamma, i%op.K, op.Epsilon)))
	}
	for k := range op.K {
		v := exact(0)
		if bias != nil {
			v = bias[k]
		}
		v = v.sub(mean[k]).mul(batchNormScale(variance[k], gamma, k, op.Epsilon))
		if beta != nil {
			v = v.add(beta[k])
		}
		b = append(b, v)
	}
	return w, b
}

// foldedInto is the index of the normalisation that a device folded into the op at an index; -1 if there is none.
func (c Case) foldedInto(i int, algorithms []string) int {
	y := c.Ops[i].Operands()[len(c.Ops[i].Operands())-1].Buffer
	for at := i + 1; at < len(c.Ops); at++ {
		if norm, ok := c.Ops[at].(kernels.BatchNormFprop); ok && algorithms[at] == folded && norm.X == y {
			return at
		}
	}
	return -1
}

// computeFolded computes the normalisation of the output of an op, both at their indices, as a device does that folds it: by the scaled weights and
// the shifted bias of the op. That is the same function, but rounds otherwise. Nobody sees the output of the op itself.
func (c Case) computeFolded(m memory[Value], i, at int, algorithms []string) error {
	switch op := c.Ops[i].(type) {
	case kernels.Conv2DFprop, kernels.DenseFprop:
	default:
		return fmt.Errorf("a normalisation cannot be folded into %s", op.Name())
	}
	norm := c.Ops[at].(kernels.BatchNormFprop)
	in, of := m.operands(c.Ops[i]), m.operands(norm)
	g := kernels.BatchNormFold{D: len(in[1]) / norm.C, K: norm.C, Epsilon: norm.Epsilon}
	in[1], in[2] = batchNormFold(g, [][]Value{in[1], in[2], of[1], of[2], of[3], of[4]})
	out, err := compute(c.Ops[i], algorithms[i], in)
	if err == nil {
		copy(m.valuesOf(norm.Y), out[3])
	}
	return err
}
