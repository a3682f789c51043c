package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestSummaryOfPasses(t *testing.T) {
	out := succeed(t, "summary", "--passes").stdout
	assert.Regexp(t, `(?m)^winograd +│ +3 │ +2 │ left out$`, out)
	assert.Regexp(t, `(?m)^chain +│ +3 │ +3 │ runs$`, out)
	assert.Regexp(t, `(?m)^conv2d_1 +│ conv2d_fprop_relu_pool +│ +3 │ +[\d.]+ │ +[\d.]+ │ Winograd F\(2x2, 3x3\) │ +1$`, out)
	assert.Regexp(t, `(?m)^conv2d_1 +│ conv2d_pool_grad +│ +5 │ +[\d.]+ │ +[\d.]+ │ sparse sums +│ +2$`, out)
	assert.Regexp(t, `(?m)^conv2d +│ conv2d_fprop_relu_pool +│ +3 │ +[\d.]+ │ +[\d.]+ │ direct +│ +1$`, out)
	assert.Regexp(t, `(?m)^conv2d +│ conv2d_pool_grad +│ +4 │ +[\d.]+ │ +[\d.]+ │ picked sums +│ +2$`, out)

	for _, device := range []string{"cuda", "sim:h200"} {
		gpu := succeed(t, "summary", "--passes", "--device", device).stdout
		assert.NotContains(t, gpu, "winograd", "a GPU rewrites the list in its own way")
		assert.Regexp(t, `(?m)^activation-after-pool +│ +2 │ +0 │ runs$`, gpu)
		assert.Regexp(t, `(?m)^conv2d_1 +│ conv2d_relu_pool2d_fprop +│`, gpu)
		assert.NotContains(t, gpu, "Group")
		assert.Regexp(t, `A step is \d+ launches in \d+ stages, and [\d.]+ MB`, gpu)

		var s summary
		require.NoError(t, json.Unmarshal([]byte(succeed(t, "summary", "--passes", "--device", device, "--json").stdout), &s))
		launches, stages := 0, map[int]bool{}
		var bytes int64
		for _, op := range s.Ops {
			launches += op.Launches
			bytes += op.Bytes
			for i := range op.Launches {
				stages[op.Stage+i] = true
			}
		}
		assert.Equal(t, &stepTotals{Launches: launches, Stages: len(stages), Bytes: bytes}, s.Step)
		assert.Less(t, s.Step.Stages, s.Step.Launches, "gradients by weights run beside those by inputs")
	}
}
