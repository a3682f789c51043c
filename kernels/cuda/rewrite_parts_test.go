package cuda

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/plan"
	"cnn-gpu/kernels/rewrite"
)

// The parts of gradients are added up in one op, in Adam's where nothing else reads the sums, and checked where they are computed.
func TestPartsOfGradients(t *testing.T) {
	gradients := kernels.NewBuffer("gradients", kernels.Float32, 256)
	kept := kernels.Kept("kept gradients", kernels.Float32, 256)
	values := func(name string, shape ...int) *kernels.Buffer { return kernels.Kept(name, kernels.Float32, shape...) }
	step, halt, rate := kernels.Kept("step", kernels.Int32, 1), kernels.Kept("halt", kernels.Int32, 1), values("rate", 1)
	x, dy := values("x", 8, 6), values("dy", 8, 7)
	dense := func(g *kernels.Buffer, at int) kernels.Op {
		return kernels.DenseWgrad{Dense: kernels.Dense{N: 8, C: 6, K: 7}, X: x, DY: dy, DW: g.View("dw", at, 6, 7)}
	}
	bias := func(g *kernels.Buffer, at int) kernels.Op {
		return kernels.BiasWgrad{M: 8, K: 7, DY: dy, DB: g.View("db", at, 7)}
	}
	other := func(at int) kernels.Op {
		return kernels.BiasWgrad{M: 4, K: 14, DY: values("another dy", 4, 14), DB: gradients.View("another db", at, 14)}
	}
	check := func(g *kernels.Buffer) kernels.Op { return kernels.FiniteCheck{X: g, Step: step, Halt: halt} }
	adam := func(g *kernels.Buffer) kernels.Op {
		return kernels.Adam{W: values("w", 256), M: values("m", 256), V: values("v", 256), DW: g, Rate: rate, Step: step, Halt: halt}
	}
	tally := kernels.Tally{N: 8, K: 7, Loss: values("loss", 8), Scores: values("scores", 8, 7), Labels: kernels.Kept("labels", kernels.Int32, 8), Totals: values("totals", 4)}
	sgd := kernels.SGD{W: values("w", 256), DW: gradients, Rate: rate, Halt: halt}
	for name, c := range map[string]struct {
		ops  []kernels.Op
		want string
	}{
		"all": {
			[]kernels.Op{kernels.Zero{Y: gradients}, dense(gradients, 0), bias(gradients, 64), dense(gradients, 128), check(gradients), adam(gradients)},
			"conv2d_product_wgrad, halts; conv2d_product_wgrad, halts; adam_parts",
		},
		"nobody checks": {
			[]kernels.Op{kernels.Zero{Y: gradients}, dense(gradients, 0), bias(gradients, 64), adam(gradients)},
			"conv2d_product_wgrad; adam_parts",
		},
		"tallied": {
			[]kernels.Op{tally, kernels.Zero{Y: gradients}, dense(gradients, 0), check(gradients), adam(gradients)},
			"conv2d_product_wgrad, halts; adam_parts, tallies",
		},
		"tallied, and the scores are others by then": {
			[]kernels.Op{tally, kernels.Zero{Y: tally.Scores}, kernels.Zero{Y: gradients}, dense(gradients, 0), check(gradients), adam(gradients)},
			"tally; zero; conv2d_product_wgrad, halts; adam_parts",
		},
		"tallied, and somebody reads it": {
			[]kernels.Op{tally, kernels.Add{A: tally.Totals, B: tally.Totals, Y: values("twice", 4)}, kernels.Zero{Y: gradients}, dense(gradients, 0), check(gradients), adam(gradients)},
			"tally; add; conv2d_product_wgrad, halts; adam_parts",
		},
		"another gradient": {
			[]kernels.Op{kernels.Zero{Y: gradients}, dense(gradients, 0), other(64), dense(gradients, 128), check(gradients), adam(gradients)},
			"zero; conv2d_product_wgrad, halts; bias_wgrad; conv2d_product_wgrad, halts; finite_check; adam_parts",
		},
		"one that adds to some of it": {
			[]kernels.Op{kernels.Zero{Y: gradients}, dense(gradients, 0), other(30), dense(gradients, 128), check(gradients), adam(gradients)},
			"zero; conv2d_product_wgrad; sum_parts; bias_wgrad; conv2d_product_wgrad, halts; finite_check; adam_parts",
		},
		"the same twice": {
			[]kernels.Op{kernels.Zero{Y: gradients}, dense(gradients, 0), dense(gradients, 0), check(gradients), adam(gradients)},
			"zero; conv2d_product_wgrad; sum_parts; conv2d_product_wgrad; sum_parts; finite_check; adam",
		},
		"clipped": {
			[]kernels.Op{kernels.Zero{Y: gradients}, dense(gradients, 0), check(gradients), kernels.ClipValue{Most: 1, X: gradients}, adam(gradients)},
			"conv2d_product_wgrad, halts; sum_parts; clip_value; adam",
		},
		"another optimizer": {
			[]kernels.Op{kernels.Zero{Y: gradients}, dense(gradients, 0), bias(gradients, 64), check(gradients), sgd},
			"conv2d_product_wgrad, halts; sum_parts; sgd",
		},
		"another optimizer and gradient": {
			[]kernels.Op{kernels.Zero{Y: gradients}, dense(gradients, 0), other(64), check(gradients), sgd},
			"zero; conv2d_product_wgrad; bias_wgrad; sum_parts; finite_check; sgd",
		},
		"read before": {
			[]kernels.Op{kernels.Zero{Y: gradients}, dense(gradients, 0), kernels.Add{A: gradients, B: gradients, Y: values("twice", 256)}, check(gradients), adam(gradients)},
			"conv2d_product_wgrad, halts; sum_parts; add; adam",
		},
		"kept": {
			[]kernels.Op{kernels.Zero{Y: kept}, dense(kept, 0), check(kept), adam(kept)},
			"zero; conv2d_product_wgrad; sum_parts; finite_check; adam",
		},
	} {
		t.Run(name, func(t *testing.T) {
			require.NoError(t, plan.Check(c.ops))
			list, _ := rewrite.Apply(c.ops, append(rewrite.Common(), Passes(kernels.TF32)...), false)
			require.NoError(t, plan.Check(rewrite.Plain(list)))
			var names []string
			for _, op := range list {
				name := op.Name()
				if w, ok := op.Op.(conv2DProductWgrad); ok && w.Halt != nil {
					name += ", halts"
				}
				if a, ok := op.Op.(adamParts); ok && a.Tally != nil {
					name += ", tallies"
				}
				if name != "narrow" {
					names = append(names, name)
				}
			}
			assert.Equal(t, c.want, strings.Join(names, "; "))
		})
	}
}
