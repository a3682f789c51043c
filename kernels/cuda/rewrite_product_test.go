package cuda

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/kernels/plan"
	"cnn-gpu/kernels/rewrite"
)

// A product makes of its sums what the activation and the pool behind it would, and so back, where nobody else sees what they hand on.
func TestProductsJoinWhatIsBehindThem(t *testing.T) {
	wants := map[string][]string{
		"same_relu_max_":     {"conv2d_relu_pool2d_fprop", "conv2d_fprop", "conv2d_relu_pool2d_dgrad", "conv2d_dgrad"},
		"valid_relu_max_":    {"conv2d_relu_pool2d_fprop", "conv2d_fprop", "conv2d_relu_pool2d_dgrad", "conv2d_dgrad"},
		"sigmoid_min_":       {"conv2d_sigmoid_pool2d_fprop", "conv2d_fprop", "conv2d_sigmoid_pool2d_dgrad", "conv2d_dgrad"},
		"linear_sum_":        {"conv2d_pool2d_fprop", "conv2d_fprop", "conv2d_pool2d_dgrad", "conv2d_dgrad"},
		"same_relu_average_": {"conv2d_relu_fprop", "pool2d_fprop", "conv2d_fprop", "conv2d_pool2d_dgrad", "activation_dgrad", "conv2d_dgrad"}, // the derivative is told from what the pool took
		"gelu_max_":          {"conv2d_fprop", "gelu_pool2d_fprop", "conv2d_fprop", "conv2d_pool2d_dgrad", "activation_dgrad", "conv2d_dgrad"},
	}
	seen := map[string]bool{}
	for _, c := range kerneltest.Cases() {
		for row, want := range wants {
			if !strings.HasPrefix(c.Name, "conv2d_fprop+") || !strings.Contains(c.Name, "conv2d_dgrad+pool2d_dgrad") || !strings.Contains(c.Name, row) {
				continue
			}
			seen[row] = true
			list, _ := rewrite.Apply(c.Ops, append(rewrite.Common(), Passes(kernels.TF32)...), false)
			require.NoError(t, plan.Check(rewrite.Plain(list)), c.Name)
			var names []string
			for _, op := range list {
				if op.Name() != "narrow" {
					names = append(names, op.Name())
				}
			}
			assert.Equal(t, want, names, c.Name)
		}
	}
	assert.Len(t, seen, len(wants))
}
