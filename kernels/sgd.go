package kernels

// SGD makes one step of stochastic gradient descent with momentum, as Keras has it, for every weight w with gradient g:
//
//	v ← Momentum·v − Rate·g    w ← w + v,   or   w ← w + Momentum·v − Rate·g   if Nesterov
//
// (Sutskever et al., "On the importance of initialization and momentum in deep learning", ICML 2013, section 2). V may be
// absent if Momentum is 0. It does nothing once Halt[0] is set.
type SGD struct {
	Momentum             float64
	Nesterov             bool
	W, V, DW, Rate, Halt *Buffer
}

// Name implements [Op].
func (op SGD) Name() string { return "sgd" }

// Operands implements [Op].
func (op SGD) Operands() []Operand {
	n := op.W.Elements()
	return []Operand{
		floats("w", op.W, Accumulate, n), floats("v", op.V, Accumulate, n).optional(op.Momentum == 0), floats("dw", op.DW, Read, n),
		floats("rate", op.Rate, Read, 1), ints("halt", op.Halt, Read, 1),
	}
}

// Cost implements [Op].
func (op SGD) Cost() Cost { return cost(op, 4*op.W.Elements()) }

// Host implements [Op].
func (op SGD) Host(mem []Mem, w *Workers) {
	if mem[4].I32[0] != 0 {
		return
	}
	rate, momentum := mem[3].F32[0], float32(op.Momentum)
	w.Range(len(mem[0].F32), func(lo, hi int) {
		weights, g := mem[0].F32[lo:hi], mem[2].F32[lo:hi]
		switch {
		case mem[1].F32 == nil:
			addScaled(weights, -rate, g)
		case op.Nesterov:
			nesterovStep(weights, mem[1].F32[lo:hi], g, momentum, rate)
		default:
			momentumStep(weights, mem[1].F32[lo:hi], g, momentum, rate)
		}
	})
}

// momentumStep makes a step with momentum.
func momentumStep(w, v, g []float32, momentum, rate float32) {
	if cpu != portable {
		momentumStepAVX2(w, v, g, momentum, rate)
		return
	}
	for i, g := range g {
		v[i] = momentum*v[i] - rate*g
		w[i] += v[i]
	}
}

// nesterovStep makes a step with Nesterov's momentum.
func nesterovStep(w, v, g []float32, momentum, rate float32) {
	if cpu != portable {
		nesterovStepAVX2(w, v, g, momentum, rate)
		return
	}
	for i, g := range g {
		step := rate * g
		v[i] = momentum*v[i] - step
		w[i] += momentum*v[i] - step
	}
}

// Launches implements [Op].
func (op SGD) Launches() []Launch {
	return []Launch{perElement("sgd.cu", "sgd", op.W.Elements(), define("ELEMENTS", op.W.Elements(),
		"MOMENTUM", float32(op.Momentum), "NESTEROV", op.Nesterov)...)}
}
