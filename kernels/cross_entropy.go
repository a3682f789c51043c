package kernels

// CrossEntropyFprop computes softmax and sparse categorical cross-entropy in one, from logits X [N K] and labels [N]:
//
//	Y = softmax(X)    Loss[n] = log Σ_k exp X[n,k] − X[n, Labels[n]]
//
// The loss is taken from the logits and not from Y, so it stays right where a probability rounds to 0 or 1. A label outside
// [0, K) marks a row that is no example, such as the rest of a last, smaller batch: its loss is 0 and so is its gradient.
type CrossEntropyFprop struct {
	N, K               int
	X, Labels, Y, Loss *Buffer
}

// Name implements [Op].
func (op CrossEntropyFprop) Name() string { return "cross_entropy_fprop" }

// Operands implements [Op].
func (op CrossEntropyFprop) Operands() []Operand {
	return []Operand{
		floats("x", op.X, Read, op.N*op.K), ints("labels", op.Labels, Read, op.N), floats("y", op.Y, Write, op.N*op.K),
		floats("loss", op.Loss, Write, op.N),
	}
}

// Cost implements [Op].
func (op CrossEntropyFprop) Cost() Cost { return cost(op, 6*op.N*op.K) }

// Host implements [Op].
func (op CrossEntropyFprop) Host(mem []Mem, w *Workers) {
	x, labels, y, loss := mem[0].F32, mem[1].I32, mem[2].F32, mem[3].F32
	w.Run(op.N, func(_, n int) {
		row := x[n*op.K : (n+1)*op.K]
		logSum := softmax(row, y[n*op.K:(n+1)*op.K])
		loss[n] = 0
		if label := labels[n]; isLabel(label, op.K) {
			loss[n] = float32(logSum - float64(row[label]))
		}
	})
}

// Launches implements [Op].
func (op CrossEntropyFprop) Launches() []Launch {
	return []Launch{perRow("cross_entropy.cu", "cross_entropy_fprop", op.N, op.K)}
}

func isLabel(label int32, classes int) bool { return label >= 0 && int(label) < classes }

// CrossEntropyDgrad computes the gradient of the batch's mean loss by the logits, from Y = softmax(X):
//
//	DX[n,k] = (Y[n,k] − [k = Labels[n]]) / (number of examples in the batch),   0 in rows that are no example.
type CrossEntropyDgrad struct {
	N, K          int
	Y, Labels, DX *Buffer
}

// Name implements [Op].
func (op CrossEntropyDgrad) Name() string { return "cross_entropy_dgrad" }

// Operands implements [Op].
func (op CrossEntropyDgrad) Operands() []Operand {
	return []Operand{floats("y", op.Y, Read, op.N*op.K), ints("labels", op.Labels, Read, op.N), floats("dx", op.DX, Write, op.N*op.K)}
}

// Cost implements [Op].
func (op CrossEntropyDgrad) Cost() Cost { return cost(op, 2*op.N*op.K) }

// Host implements [Op].
func (op CrossEntropyDgrad) Host(mem []Mem, w *Workers) {
	y, labels, dx := mem[0].F32, mem[1].I32, mem[2].F32
	examples := 0
	for _, label := range labels {
		if isLabel(label, op.K) {
			examples++
		}
	}
	scale := 1 / float32(max(examples, 1))
	for n, label := range labels {
		row := dx[n*op.K : (n+1)*op.K]
		if !isLabel(label, op.K) {
			clear(row)
			continue
		}
		for k, v := range y[n*op.K : (n+1)*op.K] {
			row[k] = v * scale
		}
		row[label] = (y[n*op.K+int(label)] - 1) * scale
	}
}

// Launches implements [Op].
func (op CrossEntropyDgrad) Launches() []Launch {
	return []Launch{perRow("cross_entropy.cu", "cross_entropy_dgrad", op.N, op.K)}
}
