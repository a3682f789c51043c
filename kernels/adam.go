package kernels

import "math"

// Adam makes one step of Adam (Kingma and Ba, "Adam", ICLR 2015, in the form at the end of section 2, as Keras has it), for
// every weight w with gradient g at step t = Step[0], which counts from 1:
//
//	m ← m + (1−Beta1)·(g − m)    v ← v + (1−Beta2)·(g² − v)
//	w ← w − Rate·√(1−Beta2^t)/(1−Beta1^t) · m / (√v + Epsilon)
//
// It does nothing once Halt[0] is set.
type Adam struct {
	Beta1, Beta2, Epsilon         float64
	W, M, V, DW, Rate, Step, Halt *Buffer
}

// Name implements [Op].
func (op Adam) Name() string { return "adam" }

// Operands implements [Op].
func (op Adam) Operands() []Operand {
	n := op.W.Elements()
	return []Operand{
		floats("w", op.W, Accumulate, n), floats("m", op.M, Accumulate, n), floats("v", op.V, Accumulate, n), floats("dw", op.DW, Read, n),
		floats("rate", op.Rate, Read, 1), ints("step", op.Step, Read, 1), ints("halt", op.Halt, Read, 1),
	}
}

// Cost implements [Op].
func (op Adam) Cost() Cost { return cost(op, 12*op.W.Elements()) }

// Host implements [Op].
func (op Adam) Host(mem []Mem, w *Workers) {
	if mem[6].I32[0] != 0 {
		return
	}
	t := float64(mem[5].I32[0])
	rate := float32(float64(mem[4].F32[0]) * math.Sqrt(1-math.Pow(op.Beta2, t)) / (1 - math.Pow(op.Beta1, t)))
	new1, new2, epsilon := float32(1-op.Beta1), float32(1-op.Beta2), float32(op.Epsilon)
	w.Range(len(mem[0].F32), func(lo, hi int) {
		adamStep(mem[0].F32[lo:hi], mem[1].F32[lo:hi], mem[2].F32[lo:hi], mem[3].F32[lo:hi], new1, new2, rate, epsilon)
	})
}

// adamStep is the step, with what changes from step to step in rate.
func adamStep(w, m, v, g []float32, new1, new2, rate, epsilon float32) {
	if cpu != portable {
		adamStepAVX2(w, m, v, g, new1, new2, rate, epsilon)
		return
	}
	for i, g := range g {
		m[i] += new1 * (g - m[i])
		v[i] += new2 * (g*g - v[i])
		w[i] -= rate * m[i] / (float32(math.Sqrt(float64(v[i]))) + epsilon)
	}
}

// Launches implements [Op].
func (op Adam) Launches() []Launch {
	return []Launch{perElement("adam.cu", "adam", op.W.Elements(), define("ELEMENTS", op.W.Elements(),
		"BETA1", op.Beta1, "BETA2", op.Beta2, "EPSILON", op.Epsilon)...)}
}
