package kernels

import "math"

// SoftmaxFprop computes, for each row of X [N K],
//
//	Y[n,k] = exp(X[n,k] − max_j X[n,j]) / Σ_i exp(X[n,i] − max_j X[n,j]).
//
// Subtracting the maximum keeps every exponential in (0, 1], whatever the size of X.
type SoftmaxFprop struct {
	N, K int
	X, Y *Buffer
}

// Name implements [Op].
func (op SoftmaxFprop) Name() string { return "softmax_fprop" }

// Operands implements [Op].
func (op SoftmaxFprop) Operands() []Operand {
	return []Operand{floats("x", op.X, Read, op.N*op.K), floats("y", op.Y, Write, op.N*op.K)}
}

// Cost implements [Op].
func (op SoftmaxFprop) Cost() Cost { return cost(op, 5*op.N*op.K) }

// Host implements [Op].
func (op SoftmaxFprop) Host(mem []Mem, w *Workers) {
	x, y := mem[0].F32, mem[1].F32
	w.Run(op.N, func(_, n int) { softmax(x[n*op.K:(n+1)*op.K], y[n*op.K:(n+1)*op.K]) })
}

// Launches implements [Op].
func (op SoftmaxFprop) Launches() []Launch {
	return []Launch{perRow("softmax.cu", "softmax_fprop", op.N, op.K)}
}

// softmax writes the softmax of x to y and returns log Σ exp(x).
func softmax(x, y []float32) (logSum float64) {
	top := x[0]
	for _, v := range x {
		top = max(top, v)
	}
	sum := 0.0
	for _, v := range x {
		sum += math.Exp(float64(v) - float64(top))
	}
	for k, v := range x {
		y[k] = float32(math.Exp(float64(v)-float64(top)) / sum)
	}
	return float64(top) + math.Log(sum)
}

// SoftmaxDgrad computes a softmax's gradient by its input, DX[n,k] = Y[n,k] · (DY[n,k] − Σ_j DY[n,j]·Y[n,j]).
type SoftmaxDgrad struct {
	N, K      int
	Y, DY, DX *Buffer
}

// Name implements [Op].
func (op SoftmaxDgrad) Name() string { return "softmax_dgrad" }

// Operands implements [Op].
func (op SoftmaxDgrad) Operands() []Operand {
	return []Operand{floats("y", op.Y, Read, op.N*op.K), floats("dy", op.DY, Read, op.N*op.K), floats("dx", op.DX, Write, op.N*op.K)}
}

// Cost implements [Op].
func (op SoftmaxDgrad) Cost() Cost { return cost(op, 4*op.N*op.K) }

// Host implements [Op].
func (op SoftmaxDgrad) Host(mem []Mem, w *Workers) {
	w.Run(op.N, func(_, n int) {
		row := func(m Mem) []float32 { return m.F32[n*op.K : (n+1)*op.K] }
		y, dy, dx := row(mem[0]), row(mem[1]), row(mem[2])
		var dot float32
		for k, v := range y {
			dot += v * dy[k]
		}
		for k, v := range y {
			dx[k] = v * (dy[k] - dot)
		}
	})
}

// Launches implements [Op].
func (op SoftmaxDgrad) Launches() []Launch {
	return []Launch{perRow("softmax.cu", "softmax_dgrad", op.N, op.K)}
}
