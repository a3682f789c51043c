package cpu

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/plan"
	"cnn-gpu/kernels/rewrite"
)

// poison is a NaN, and as an integer no label, tap or step.
const poison = 0x7fc0dead

// runner runs op lists as the CPU device does. Scratch memory and what the ops hand on among themselves hold poison before each run, and an
// op that writes more scratch memory than it asked for is an error.
type runner struct {
	workers int
	passes  []rewrite.Pass
}

// Run implements kerneltest.Runner.
func (r runner) Run(ops []kernels.Op, mem map[*kernels.Buffer]kernels.Mem) (algorithms []string, err error) {
	w := NewWorkers(r.workers)
	defer w.Close()
	list, err := r.prepare(ops, mem, w)
	if err != nil {
		return nil, err
	}
	algorithms = make([]string, len(ops))
	for _, op := range list {
		poisoned(kernels.Mem{F32: w.Scratch()})
		op.run(w)
		for i, v := range w.Scratch()[op.Scratch:] {
			if math.Float32bits(v) != poison {
				return nil, fmt.Errorf("%s: scratch element %d was written, it asked for %d", op.Name(), op.Scratch+i, op.Scratch)
			}
		}
		for _, member := range Together(op.Op) {
			for _, part := range member.Parts {
				algorithms[part] = cmp.Or(RoundsAs(member.Op, ops[part]), algorithms[part])
			}
		}
	}
	return algorithms, nil
}

func (r runner) rewrite(ops []kernels.Op) []rewrite.Op {
	list, _ := rewrite.Apply(ops, r.passes, false)
	return list
}

// preparedOp is an op with its code and memory.
type preparedOp struct {
	rewrite.Op
	Routine
	mem []kernels.Mem
}

// prepare rewrites a list and gives its ops their memory.
func (r runner) prepare(ops []kernels.Op, mem map[*kernels.Buffer]kernels.Mem, w *Workers) ([]preparedOp, error) {
	rewritten := r.rewrite(ops)
	if err := plan.Check(rewrite.Plain(rewritten)); err != nil {
		return nil, err
	}
	private := map[*kernels.Buffer]kernels.Mem{}
	place := func(b *kernels.Buffer) kernels.Mem {
		if b == nil {
			return kernels.Mem{}
		}
		root, offset := b.Root()
		if m, ok := mem[root]; ok {
			return m.Slice(offset, b.Elements())
		}
		if _, ok := private[root]; !ok {
			private[root] = poisoned(kernels.NewMem(root.Type, root.Elements()))
		}
		return private[root].Slice(offset, b.Elements())
	}
	var list []preparedOp
	for _, op := range rewritten {
		code, err := Prepare(op.Op, w.Count())
		if err != nil {
			return nil, err
		}
		code.Take()
		prepared := preparedOp{Op: op, Routine: code}
		for _, o := range op.Operands() {
			prepared.mem = append(prepared.mem, place(o.Buffer))
		}
		const guard = 64
		w.Reserve(code.Scratch + guard)
		list = append(list, prepared)
	}
	return list, nil
}

func (op preparedOp) run(w *Workers) {
	if op.Derive != nil {
		op.Derive(op.mem, w)
	}
	op.Run(op.mem, w)
}

func poisoned(m kernels.Mem) kernels.Mem {
	fill(m.F32, math.Float32frombits(poison))
	fill(m.I32, poison)
	return m
}

// fill sets all values of s to v, by copies that double each time: scratch memory is large and filled before each op.
func fill[T any](s []T, v T) {
	if len(s) > 0 {
		s[0] = v
	}
	for n := 1; n < len(s); n *= 2 {
		copy(s[n:], s[:n])
	}
}

// forcedWinograd uses the algorithm of a tile wherever it is possible.
func forcedWinograd(tile int) rewrite.Pass {
	return rewrite.Pass{Run: func(l *rewrite.List) (times int) {
		for i, op := range l.Ops {
			switch op := op.(type) {
			case kernels.Conv2DFprop:
				if (conv2D{op.Conv2D}).hasWinograd() {
					l.Ops[i] = conv2DFprop{Conv2DFprop: op, Winograd: tile}
				}
			case conv2DFprop:
				if op.geometry().hasWinograd() {
					op.Winograd = tile
					l.Ops[i] = op
				}
			case conv2DChain:
				if op.Conv.geometry().hasWinograd() {
					op.Conv.Winograd = tile
					l.Ops[i] = op
				}
			case kernels.Conv2DWgrad:
				if (conv2D{op.Conv2D}).hasWinograd() {
					l.Ops[i] = conv2DWgrad{op, tile}
				}
			case kernels.Conv2DDgrad:
				if (conv2D{op.Conv2D}).hasWinograd() {
					l.Ops[i] = conv2DDgrad{op, tile}
				}
			}
		}
		return times
	}}
}

// modes are the ways in which the engine may run a list: as it does, as it does with --strict, op by op, and what it does for large networks
// alone on lists of any size.
var modes = map[string][]rewrite.Pass{
	"default":            Passes(),
	"strict":             slices.DeleteFunc(Passes(), func(p rewrite.Pass) bool { return p.Rounds }),
	"op by op":           nil,
	"winograd 2 chains":  {chain, forcedWinograd(2)},
	"winograd 3 chains":  {chain, forcedWinograd(3)},
	"depth first":        {chain, pooledGradient, depthFirstWithin(depthFirstLimits{weights: math.MaxInt})},
	"folded":             append(rewrite.Common(), Passes()...),
	"folded in each run": rewrite.Common(),
	"folded winograd":    append(rewrite.Common(), foldOnce, chain, forcedWinograd(3)),
	"folded whole":       append(rewrite.Common(), foldOnce, chain, pooledGradient, forcedWinograd(2), depthFirstWithin(depthFirstLimits{weights: math.MaxInt})),
	"whole":              {chain, pooledGradient, forcedWinograd(2), depthFirstWithin(depthFirstLimits{weights: math.MaxInt})},
}
