package kerneltest

import "cnn-gpu/kernels"

// convSumShapes are convolutions whose outputs are added to another value, as at the end of a residual block.
var convSumShapes = func() []groupedShape {
	one, two, three := [2]int{1, 1}, [2]int{2, 2}, [2]int{3, 3}
	return []groupedShape{
		{convShape{1, 1, 1, 1, 1, one, one, one, kernels.Valid}, 1},
		{convShape{2, 41, 40, 8, 24, one, one, one, kernels.Valid}, 1}, // several blocks of rows
		{convShape{1, 3, 4, 24, 104, one, one, one, kernels.Valid}, 1}, // filters that take more memory than the image
		{convShape{3, 9, 8, 16, 24, three, one, one, kernels.Same}, 1},
		{convShape{1, 3, 5, 16, 72, three, one, one, kernels.Same}, 1},
		{convShape{2, 9, 7, 6, 10, three, two, one, kernels.Same}, 2},
		{convShape{2, 9, 8, 17, 17, three, one, one, kernels.Same}, 17},
	}
}()

// convSumCases add to a convolution's output, with an activation or none behind the sum, and the same with something in the way.
func convSumCases() []Case {
	var cases []Case
	for _, s := range convSumShapes {
		name := s.String()
		for _, f := range []kernels.Function{kernels.Linear, kernels.ReLU, kernels.ReLU6} {
			ops := s.sum(f)
			what := name + "_" + f.String()
			cases = append(cases, newListCase(what, ops, nil), newIntegerListCase(what+"_int", ops, nil))
		}
		first, second := s.sum(kernels.Linear), s.sum(kernels.Linear)
		conv, add := first[0].(kernels.Conv2DFprop), first[1].(kernels.Add)
		other := second[0].(kernels.Conv2DFprop)
		other.X, other.W, other.B, other.Y = conv.X, conv.W, conv.B, private("other", conv.Y.Shape...)
		add.A = other.Y
		twice := first[1].(kernels.Add)
		twice.A = twice.B
		cases = append(cases,
			newIntegerListCase(name+"_beside_int", []kernels.Op{conv, other, add}, nil), // it is the other that can add
			newIntegerListCase(name+"_twice_int", []kernels.Op{conv, twice}, nil))
	}
	return cases
}

// sum is a convolution, a sum with another value and, unless it is linear, an activation.
func (s groupedShape) sum(f kernels.Function) []kernels.Op {
	conv, _, _ := convOps(s.geometry())
	shape := conv.Y.Shape
	add := kernels.Add{A: float("addend", shape...), B: private("maps", shape...), Y: float("sum", shape...)}
	conv.Y = add.B
	if f == kernels.Linear {
		return []kernels.Op{conv, add}
	}
	activation := kernels.ActivationFprop{Activation: kernels.Activation{Function: f, Alpha: 6}, X: private("sum", shape...), Y: float("y", shape...)}
	add.A, add.B, add.Y = conv.Y, add.A, activation.X
	return []kernels.Op{conv, add, activation}
}
