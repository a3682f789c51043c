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

// remarks say what an op reads and keeps.
func remarks(op kernels.Op) (text string) {
	operands := op.Operands()
	is := func(name string, there bool) bool {
		return slices.ContainsFunc(operands, func(o kernels.Operand) bool { return o.Name == name && (o.Buffer != nil) == there })
	}
	if is("v", false) {
		text += ", recomputed"
	}
	if is("ds", true) {
		text += ", kept"
	}
	return text
}
