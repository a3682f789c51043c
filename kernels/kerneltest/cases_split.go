package kerneltest

import "cnn-gpu/kernels"

// splitCases are gradients by filters whose sums a GPU splits, in tiles as large as there are and in slices so long that it looks up in
// several goes where their positions lie.
func splitCases() []Case {
	var cases []Case
	one, three := [2]int{1, 1}, [2]int{3, 3}
	for _, s := range []convShape{
		{1, 8, 8, 1400, 1022, one, one, one, kernels.Valid},
		{1, 9, 9, 520, 190, three, one, one, kernels.Same},
		{3, 16, 17, 128, 320, three, one, one, kernels.Same},
		{2, 14, 15, 68, 130, three, one, one, kernels.Same},
		{17, 64, 64, 3, 2, one, one, one, kernels.Valid},
	} {
		_, _, wgrad := s.ops()
		cases = append(cases, newIntegerCase(s.String()+"_split_int", wgrad, nil))
	}
	return cases
}

// gradientStep is a step of an optimizer by gradients that nobody sees but those who are named.
type gradientStep struct {
	gradients  *kernels.Buffer
	zero       kernels.Zero
	wgrad      kernels.Conv2DWgrad
	bias       kernels.BiasWgrad
	check      kernels.FiniteCheck
	adam       kernels.Adam
	step, halt *kernels.Buffer
}

// newGradientStep is of a convolution whose weights and bias have gaps before, between and behind them, since they begin at dw and db.
func newGradientStep(shape convShape, gradients *kernels.Buffer, dw, db int) gradientStep {
	n := gradients.Elements()
	s := gradientStep{gradients: gradients, zero: kernels.Zero{Y: gradients}, step: integer("step", 1), halt: integer("halt", 1)}
	_, _, s.wgrad = shape.ops()
	s.wgrad.DW = gradients.View("dw", dw, s.wgrad.DW.Shape...)
	s.bias = kernels.BiasWgrad{M: s.wgrad.N * s.wgrad.P * s.wgrad.Q, K: s.wgrad.K, DY: s.wgrad.DY, DB: gradients.View("db", db, s.wgrad.K)}
	s.check = kernels.FiniteCheck{X: gradients, Step: s.step, Halt: s.halt}
	s.adam = kernels.Adam{
		Beta1: 0.5, Beta2: 0.75, Epsilon: 0x1p-100, W: float("w", n), M: float("m", n), V: float("v", n), DW: gradients, Rate: float("rate", 1), Step: s.step, Halt: s.halt,
	}
	return s
}

// fill lets Adam's first step move each weight by 1, so that it is exact.
func (s gradientStep) fill() map[string]contents {
	return map[string]contents{"m": constant(0), "v": constant(0), "rate": constant(1), "step": constant(1), "halt": constant(0)}
}

// gradientStepCases are steps whose gradients a GPU need not put together, and some that differ in one point.
func gradientStepCases() []Case {
	const n = 150
	one := [2]int{1, 1}
	shape := convShape{2, 5, 6, 3, 5, [2]int{3, 2}, one, one, kernels.Valid}
	var cases []Case
	add := func(name string, ops ...kernels.Op) {
		cases = append(cases, newIntegerListCase(name, ops, newGradientStep(shape, private("gradients", n), 3, 141).fill()))
	}
	s := newGradientStep(shape, private("gradients", n), 3, 141)
	add("step", s.zero, s.wgrad, s.bias, s.check, s.adam)
	add("step_unchecked", s.zero, s.wgrad, s.bias, s.adam)
	add("step_without_bias", s.zero, s.wgrad, s.check, s.adam)
	other := kernels.BiasWgrad{M: 7, K: 4, DY: float("dy of another", 7, 4), DB: s.gradients.View("db of another", 146, 4)}
	add("step_and_another_gradient", s.zero, other, s.wgrad, s.bias, s.check, s.adam)
	shared := s.bias
	shared.DB = s.gradients.View("part of dw", 50, s.bias.K)
	add("step_and_an_addition", s.zero, s.wgrad, s.bias, shared, s.check, s.adam)
	again := s.wgrad
	again.X = float("x again", s.wgrad.X.Shape...)
	add("step_and_the_same_filters", s.zero, s.wgrad, s.bias, again, s.check, s.adam)
	clip := kernels.ClipValue{Most: 3, X: s.gradients}
	add("step_clipped", s.zero, s.wgrad, s.bias, s.check, clip, s.adam)
	sgd := kernels.SGD{W: s.adam.W, DW: s.gradients, Rate: s.adam.Rate, Halt: s.halt}
	add("step_of_sgd", s.zero, s.wgrad, s.bias, s.check, sgd)
	add("step_read_twice", s.zero, s.wgrad, s.bias, s.check, kernels.Add{A: s.gradients, B: s.gradients, Y: float("twice", n)}, s.adam)
	tally := kernels.Tally{N: 40, K: 3, Loss: float("loss", 40), Scores: float("scores", 40, 3), Labels: integer("labels", 40), Totals: float("totals", kernels.TallySize)}
	tallied := s.fill()
	tallied["labels"], tallied["totals"] = labels(3), cycled(3, 0, 7, 11)
	cases = append(cases, newIntegerListCase("step_and_tally", []kernels.Op{s.zero, tally, s.wgrad, s.bias, s.check, s.adam}, tallied))
	s = newGradientStep(shape, private("gradients", 148), 4, 140) // four neighbours at once
	add("step_in_fours", s.zero, s.wgrad, s.bias, s.check, s.adam)
	many := convShape{12, 5, 6, 2, 3, one, one, one, kernels.Valid}
	s = newGradientStep(many, private("gradients", n), 3, 141)
	add("step_of_many_parts", s.zero, s.wgrad, s.bias, s.check, s.adam)
	whole := convShape{32, 1, 1, 64, 10, one, one, one, kernels.Valid} // the rows of whole tiles, so that the bias is in one of its own
	s = newGradientStep(whole, private("gradients", 656), 0, 640)
	add("step_of_whole_tiles", s.zero, s.wgrad, s.bias, s.check, s.adam)
	kept := newGradientStep(shape, float("gradients", n), 3, 141)
	add("step_seen", kept.zero, kept.wgrad, kept.bias, kept.check, kept.adam)
	return cases
}
