package cuda

import (
	"fmt"

	"cnn-gpu/kernels"
)

// averages is how many moving averages a launch moves at most.
const averages = 8

// movingAverages are several ops with the same momentum in one launch.
type movingAverages struct {
	Momentum   float64
	X, Average [averages]*kernels.Buffer // those behind the last are nil
	Halt       *kernels.Buffer
}

func (op movingAverages) Name() string { return "moving_averages" }

func (op movingAverages) Operands() (list []kernels.Operand) {
	for i, average := range op.Average {
		n := average.Elements()
		list = append(list, kernels.Floats(fmt.Sprint("x", i), op.X[i], kernels.Read, n).OptionalIf(i > 0),
			kernels.Floats(fmt.Sprint("average", i), average, kernels.Accumulate, n).OptionalIf(i > 0))
	}
	return append(list, kernels.Ints("halt", op.Halt, kernels.Read, 1))
}

func (op movingAverages) Cost() kernels.Cost {
	flops := 0
	for _, average := range op.Average {
		flops += 3 * average.Elements()
	}
	return kernels.CostOf(op, flops)
}

func (op movingAverages) launches() []Launch {
	defines := define("OLD", float32(op.Momentum), "FRESH", float32(1-op.Momentum))
	most, count := 1, 0
	for i, average := range op.Average {
		defines = append(defines, define(fmt.Sprint("ELEMENTS", i), average.Elements())...)
		most = max(most, average.Elements())
		if average != nil {
			count++
		}
	}
	l := perElement("moving_averages.cu", "moving_averages", most, defines...)
	l.Grid[1] = max(count, 1)
	return []Launch{l}
}
