package cuda

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/plan"
	"cnn-gpu/kernels/rewrite"
)

// matrixProduct is a product for these tests: Y [N][K] of X [N][C] and W [C][K], or of DY [N][K] and W.
type matrixProduct struct {
	kernels.Dense
	precision kernels.Precision
	backward  bool
	x, w, y   *kernels.Buffer
	stored    kernels.Precision // the default where y is as it was computed
}

func (op matrixProduct) Name() string { return "matrix_product" }

func (op matrixProduct) factors() []factor {
	if op.backward {
		return []factor{{op.x, rowsOf(op.precision, op.N, op.K)}, {op.w, rowsOf(op.precision, op.C, op.K)}}
	}
	return []factor{{op.x, rowsOf(op.precision, op.N, op.C)}, {op.w, byFilter(op.precision, 1, op.C, op.K)}}
}

func (op matrixProduct) multiplies() kernels.Precision { return op.precision }

func (op matrixProduct) withFactors(narrow []*kernels.Buffer) product {
	op.x, op.w = narrow[0], narrow[1]
	return op
}

func (op matrixProduct) Operands() []kernels.Operand {
	f, results := op.factors(), op.N*op.K
	if op.backward {
		results = op.N * op.C
	}
	y := kernels.Floats("y", op.y, kernels.Write, results)
	if op.stored != kernels.DefaultPrecision {
		y.Type = typeOf(op.stored)
	}
	return []kernels.Operand{f[0].operand("x", op.precision), f[1].operand("w", op.precision), y}
}

func (op matrixProduct) Cost() kernels.Cost { return kernels.CostOf(op, 0) }

// Weights are rounded at once before the first product that takes one; other values each before the first product that takes it, and again once they
// were written.
func TestWeightsAreRoundedTogether(t *testing.T) {
	for _, p := range []kernels.Precision{kernels.TF32, kernels.BF16} {
		weights := kernels.Kept("weights", kernels.Float32, 10+6*5+3+5*7+6*5)
		first, second := weights.View("first", 10, 6, 5), weights.View("second", 43, 5, 7)
		third := weights.View("third", 78, 6, 5) // which is written before it is read
		value := func(name string, shape ...int) *kernels.Buffer {
			return kernels.NewBuffer(name, kernels.Float32, shape...)
		}
		input := kernels.Kept("input", kernels.Float32, 4, 6)
		hidden, output, dHidden, dInput := value("hidden", 4, 5), value("output", 4, 7), value("d hidden", 4, 5), value("d input", 4, 6)
		again, last := kernels.Kept("again", kernels.Float32, 4, 5), kernels.Kept("last", kernels.Float32, 4, 5)
		one, two := kernels.Dense{N: 4, C: 6, K: 5}, kernels.Dense{N: 4, C: 5, K: 7}
		ops := []kernels.Op{
			matrixProduct{Dense: one, precision: p, backward: false, x: input, w: first, y: hidden},
			matrixProduct{Dense: two, precision: p, backward: false, x: hidden, w: second, y: output},
			matrixProduct{Dense: two, precision: p, backward: true, x: output, w: second, y: dHidden},
			matrixProduct{Dense: one, precision: p, backward: true, x: dHidden, w: first, y: dInput},
			kernels.Zero{Y: first},
			matrixProduct{Dense: one, precision: p, backward: false, x: input, w: first, y: again},
			kernels.Zero{Y: third},
			matrixProduct{Dense: one, precision: p, backward: false, x: input, w: third, y: last},
		}
		list, report := rewrite.Apply(ops, []rewrite.Pass{narrowFactors(p)}, false)
		require.Len(t, report, 1)
		require.NoError(t, plan.Check(rewrite.Plain(list)))
		var names []string
		for _, op := range list {
			name := op.Name()
			if n, ok := op.Op.(narrow); ok {
				name = fmt.Sprintf("%s %s, %d", name, n.X.Name, len(n.Parts))
			}
			names = append(names, name)
		}
		assert.Equal(t, []string{
			"narrow input, 1", "narrow weights, 4", "matrix_product", "narrow hidden, 1", "matrix_product", "narrow output, 1", "matrix_product", "narrow d hidden, 1", "matrix_product",
			"zero", "narrow first, 1", "matrix_product", "zero", "narrow third, 1", "matrix_product",
		}, names)
		assert.Equal(t, len(list)-len(ops), report[0].Times)

		all := list[1].Op.(narrow)
		assert.Equal(t, []narrowPart{
			{byFilter(p, 1, 6, 5), 10, 0}, {byFilter(p, 1, 5, 7), 43, all.Parts[1].To}, {rowsOf(p, 5, 7), 43, all.Parts[2].To}, {rowsOf(p, 6, 5), 10, all.Parts[3].To},
		}, all.Parts)
		for i, at := range []int{2, 4, 6, 8} {
			root, offset := list[at].Op.(matrixProduct).w.Root()
			assert.Same(t, all.Y, root)
			assert.Equal(t, all.Parts[i].To, offset)
		}
		x, _ := list[11].Op.(matrixProduct).x.Root()
		assert.Same(t, list[0].Op.(narrow).Y, x, "the input was not written since")
	}
}

func (op matrixProduct) results() []*kernels.Buffer { return []*kernels.Buffer{op.y} }

func (op matrixProduct) storing(p kernels.Precision, _, y *kernels.Buffer) kernels.Op {
	op.y, op.stored = y, p
	return op
}

// A value is rounded where it is made: in TF32 whoever else reads it, in bfloat16 if those who do can read that.
func TestValuesAreRoundedWhereTheyAreMade(t *testing.T) {
	type test struct {
		name           string
		channels       int
		keep, view     bool
		also           func(hidden *kernels.Buffer) kernels.Op // stands between the products
		inTF32, inBF16 bool
	}
	sum := kernels.Kept("sum", kernels.Float32, 4, 8)
	for _, c := range []test{
		{name: "nobody else reads it", channels: 8, inTF32: true, inBF16: true},
		{name: "another reads it", channels: 8, also: func(h *kernels.Buffer) kernels.Op { return kernels.Add{A: h, B: h, Y: sum} }, inTF32: true},
		{name: "another that can reads it", channels: 8, also: func(h *kernels.Buffer) kernels.Op { return eitherAdd{kernels.Add{A: h, B: h, Y: sum}} }, inTF32: true, inBF16: true},
		{name: "it is read in another shape", channels: 8, view: true, inTF32: true, inBF16: true},
		{name: "another writes it", channels: 8, also: func(h *kernels.Buffer) kernels.Op { return kernels.Rescale{Scale: 2, X: h, Y: h} }},
		{name: "its rows are padded", channels: 7},
		{name: "it is kept", channels: 8, keep: true},
	} {
		for p, want := range map[kernels.Precision]bool{kernels.TF32: c.inTF32, kernels.BF16: c.inBF16} {
			weights := kernels.Kept("weights", kernels.Float32, 8*c.channels)
			hidden := kernels.NewBuffer("hidden", kernels.Float32, 4, c.channels)
			hidden.Keep = c.keep
			input, output := kernels.Kept("input", kernels.Float32, 4, 8), kernels.Kept("output", kernels.Float32, 4, 8)
			ops := []kernels.Op{matrixProduct{Dense: kernels.Dense{N: 4, C: 8, K: c.channels}, precision: p, x: input, w: weights, y: hidden}}
			if c.also != nil {
				ops = append(ops, c.also(hidden))
			}
			taken := hidden
			if c.view {
				taken = hidden.View("flat", 0, 4*c.channels)
			}
			ops = append(ops, matrixProduct{Dense: kernels.Dense{N: 4, C: c.channels, K: 8}, precision: p, x: taken, w: weights, y: output})
			list, report := rewrite.Apply(ops, []rewrite.Pass{narrowFactors(p), storeNarrow(p)}, false)
			what := fmt.Sprintf("%v, %s", p, c.name)
			require.NoError(t, plan.Check(rewrite.Plain(list)), what)
			assert.Equal(t, map[bool]int{true: 1}[want], report[1].Times, what)
			first, last := list[2].Op.(matrixProduct), list[len(list)-1].Op.(matrixProduct)
			assert.Equal(t, map[bool]kernels.Precision{true: p}[want], first.stored, what)
			assert.Equal(t, want, isSame(last.x, first.y), what)
			assert.Equal(t, want && p == kernels.BF16, first.y.Type == kernels.BFloat16, what)
		}
	}
}

// eitherAdd is a sum that takes bfloat16 values, too.
type eitherAdd struct{ kernels.Add }

func (op eitherAdd) reading(value, narrow *kernels.Buffer) (kernels.Op, bool) {
	return narrowAdd{op.Add, narrow}, value == op.A && value == op.B
}

type narrowAdd struct {
	kernels.Add
	narrow *kernels.Buffer
}

func (op narrowAdd) Operands() []kernels.Operand {
	list := op.Add.Operands()
	for i := range 2 {
		list[i].Buffer, list[i].Type = op.narrow, kernels.BFloat16
	}
	return list
}

// Rounded weights are kept from run to run where nothing changes the weights but an optimizer that changes both.
func TestRoundedWeightsAreKept(t *testing.T) {
	weights := kernels.Kept("weights", kernels.Float32, 160)
	w := weights.View("w", 8, 6, 7)
	gradients := kernels.NewBuffer("gradients", kernels.Float32, 160)
	values := func(name string, shape ...int) *kernels.Buffer { return kernels.Kept(name, kernels.Float32, shape...) }
	step, halt, rate := kernels.Kept("step", kernels.Int32, 1), kernels.Kept("halt", kernels.Int32, 1), values("rate", 1)
	dense := kernels.Dense{N: 8, C: 6, K: 7}
	x, y := values("x", 8, 6), values("y", 8, 7)
	forward := func(w *kernels.Buffer) kernels.Op { return kernels.DenseFprop{Dense: dense, X: x, W: w, Y: y} }
	adam := kernels.Adam{W: weights, M: values("m", 160), V: values("v", 160), DW: gradients, Rate: rate, Step: step, Halt: halt}
	sgd := kernels.SGD{W: weights, DW: gradients, Rate: rate, Halt: halt}
	decay := kernels.WeightDecay{Rate: rate, Decay: 0.5, Halt: halt, W: w}
	restless := decay
	restless.Halt = kernels.Kept("another halt", kernels.Int32, 1)
	learn := func(ops ...kernels.Op) []kernels.Op {
		return append([]kernels.Op{
			forward(w), kernels.Zero{Y: gradients}, kernels.DenseWgrad{Dense: dense, X: x, DY: y, DW: gradients.View("dw", 8, 6, 7)},
		}, ops...)
	}
	for name, c := range map[string]struct {
		ops             []kernels.Op
		kept, byTheStep bool
	}{
		"nobody changes them":      {[]kernels.Op{forward(w)}, true, false},
		"Adam":                     {learn(adam), true, true},
		"Adam, and beside them":    {learn(adam, kernels.Zero{Y: weights.View("others", 50, 10)}), true, true},
		"Adam, and a part of them": {learn(adam, kernels.Zero{Y: weights.View("some", 49, 10)}), false, false},
		"Adam behind a decay":      {learn(decay, adam), true, true},
		"Adam before a decay":      {learn(adam, decay), false, false},
		"a decay before products":  {append([]kernels.Op{decay}, learn(adam)...), false, false},
		"a decay that never halts": {learn(restless, adam), false, false},
		"another optimizer":        {learn(sgd), false, false},
		"another optimizer, too":   {learn(adam, sgd), false, false},
		"all of their memory":      {[]kernels.Op{forward(values("w", 6, 7))}, false, false},
		"no weights":               {[]kernels.Op{kernels.Add{A: weights, B: weights, Y: gradients}, forward(gradients.View("w", 8, 6, 7))}, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, plan.Check(c.ops))
			list, _ := rewrite.Apply(c.ops, append(rewrite.Common(), Passes(kernels.TF32)...), false)
			require.NoError(t, plan.Check(rewrite.Plain(list)))
			kept, byTheStep := false, false
			for _, op := range list {
				kept = kept || IsDerived(op.Op)
				if a, ok := op.Op.(adamParts); ok && a.Rounded != nil {
					byTheStep = true
					assert.True(t, a.Rounded.Y.Keep)
				}
			}
			assert.Equal(t, c.kept, kept, "kept")
			assert.Equal(t, c.byTheStep, byTheStep, "changed by the step")
		})
	}
}
