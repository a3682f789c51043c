package cuda

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/kernels/rewrite"
)

// The suite's chains of a normalisation run in as few passes over memory as can be, and keep what others read.
func TestJoinBatchNorm(t *testing.T) {
	const back = "activation_dgrad+batch_norm_sums+bias_wgrad+bias_wgrad+"
	want := map[string][]string{
		"batch_norm_fprop+activation_fprop/2x1x5_relu":     {"batch_norm_fprop_relu"},
		"batch_norm_fprop+add+activation_fprop/2x1x5_silu": {"batch_norm_fprop_add_silu"},
		"add+" + back + "batch_norm_dgrad/2x1x5_relu":      {"batch_norm_sums_relu", "batch_norm_dgrad_relu"},
		"add+" + back + "add+batch_norm_dgrad/2x1x5_relu":  {"batch_norm_sums_relu, kept", "add", "batch_norm_dgrad"},
		"batch_norm_fprop+activation_fprop+add+" + back + "batch_norm_dgrad/2x1x5_relu6": {
			"batch_norm_fprop_relu6", "batch_norm_sums_relu6, recomputed", "batch_norm_dgrad_relu6, recomputed"},
		"batch_norm_fprop+activation_fprop+add+" + back + "batch_norm_dgrad/2x1x5_silu": {
			"batch_norm_fprop_silu", "batch_norm_sums_silu, recomputed", "batch_norm_dgrad_silu, recomputed"},
	}
	for _, c := range kerneltest.Cases() {
		names, isWanted := want[c.Name]
		if !isWanted {
			continue
		}
		delete(want, c.Name)
		var got []string
		list, _ := rewrite.Apply(c.Ops, Passes(kernels.FP32), true)
		for _, op := range rewrite.Plain(list) {
			got = append(got, op.Name()+remarks(op))
		}
		assert.Equal(t, names, got, c.Name)
	}
	assert.Empty(t, want, "the suite has no such cases")
}

// What a product takes of a normalisation is rounded where it is made.
func TestNormalisationsStoreNarrow(t *testing.T) {
	for _, p := range []kernels.Precision{kernels.TF32, kernels.BF16} {
		g := kernels.BatchNorm{N: 4, P: 1, C: 8}
		value := func(name string) *kernels.Buffer { return kernels.NewBuffer(name, kernels.Float32, g.N, g.C) }
		kept := func(name string, shape ...int) *kernels.Buffer { return kernels.Kept(name, kernels.Float32, shape...) }
		normalised, hidden, dx := value("normalised"), value("hidden"), value("dx")
		channels := kept("channels", g.C)
		multiply := func(x *kernels.Buffer) kernels.Op {
			return matrixProduct{Dense: kernels.Dense{N: g.N, C: g.C, K: 8}, precision: p, x: x, w: kept("weights", 8*g.C), y: kept("output", g.N, 8)}
		}
		relu := kernels.Activation{Function: kernels.ReLU}
		list, _ := rewrite.Apply([]kernels.Op{
			kernels.BatchNormFprop{BatchNorm: g, X: kept("x", g.N, g.C), Mean: channels, Variance: channels, Y: normalised},
			kernels.ActivationFprop{Activation: relu, X: normalised, Y: hidden}, multiply(hidden),
			kernels.BatchNormDgrad{BatchNorm: g, X: kept("x", g.N, g.C), Mean: channels, Variance: channels, DY: kept("dy", g.N, g.C), DYSum: channels,
				DYXSum: channels, DX: dx}, multiply(dx),
		}, Passes(p), false)
		stored := map[string]bool{}
		for _, op := range list {
			assert.NoError(t, kernels.CheckOperands(op.Op))
			if Algorithm(op.Op) == "stored in "+p.String() {
				stored[op.Name()] = true
			}
			if op.Name() == "batch_norm_fprop_relu" {
				assert.Equal(t, p.String(), RoundsAs(op.Op, kernels.ActivationFprop{}))
				assert.Empty(t, RoundsAs(op.Op, kernels.BatchNormFprop{}))
			}
		}
		assert.Equal(t, map[string]bool{"batch_norm_fprop_relu": true, "batch_norm_dgrad": true}, stored, p)
	}
}

// remarks say what an op reads and keeps.
func remarks(op kernels.Op) (text string) {
	operands := op.Operands()
	is := func(name string, there bool) bool {
		return slices.ContainsFunc(operands, func(o kernels.Operand) bool { return o.Name == name && (o.Buffer != nil) == there })
	}
	if is("v", false) && op.Name() != "batch_norm_dgrad" {
		text += ", recomputed"
	}
	if is("ds", true) {
		text += ", kept"
	}
	return text
}
