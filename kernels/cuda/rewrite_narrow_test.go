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
}

func (op matrixProduct) Name() string { return "matrix_product" }

func (op matrixProduct) factors() []factor {
	if op.backward {
		return []factor{{op.x, rowsOf(op.precision, op.N, op.K)}, {op.w, rowsOf(op.precision, op.C, op.K)}}
	}
	return []factor{{op.x, rowsOf(op.precision, op.N, op.C)}, {op.w, byFilter(op.precision, 1, op.C, op.K)}}
}

func (op matrixProduct) withFactors(narrow []*kernels.Buffer) product {
	op.x, op.w = narrow[0], narrow[1]
	return op
}

func (op matrixProduct) Operands() []kernels.Operand {
	f, results := op.factors(), op.N*op.K
	if op.backward {
		results = op.N * op.C
	}
	return []kernels.Operand{f[0].operand("x", op.precision), f[1].operand("w", op.precision), kernels.Floats("y", op.y, kernels.Write, results)}
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
			matrixProduct{one, p, false, input, first, hidden},
			matrixProduct{two, p, false, hidden, second, output},
			matrixProduct{two, p, true, output, second, dHidden},
			matrixProduct{one, p, true, dHidden, first, dInput},
			kernels.Zero{Y: first},
			matrixProduct{one, p, false, input, first, again},
			kernels.Zero{Y: third},
			matrixProduct{one, p, false, input, third, last},
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
