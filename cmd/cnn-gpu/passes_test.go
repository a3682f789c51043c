package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSummaryOfPasses(t *testing.T) {
	out := succeed(t, "summary", "--passes").stdout
	assert.Regexp(t, `(?m)^winograd +│ +4 │ +2 │ left out$`, out)
	assert.Regexp(t, `(?m)^chain +│ +3 │ +3 │ runs$`, out)
	assert.Regexp(t, `(?m)^conv2d_1 +│ conv2d_fprop_relu_pool +│ +3 │ +[\d.]+ │ Winograd F\(2x2, 3x3\) │ +1$`, out)
	assert.Regexp(t, `(?m)^conv2d_1 +│ conv2d_pool_grad +│ +5 │ +[\d.]+ │ sparse sums +│ +2$`, out)
	assert.Regexp(t, `(?m)^conv2d +│ conv2d_fprop_relu_pool +│ +3 │ +[\d.]+ │ direct +│ +1$`, out)
	assert.Regexp(t, `(?m)^conv2d +│ conv2d_pool_grad +│ +4 │ +[\d.]+ │ picked sums +│ +2$`, out)

	for _, device := range []string{"cuda", "sim:h200"} {
		gpu := succeed(t, "summary", "--passes", "--device", device).stdout
		assert.NotContains(t, gpu, "winograd", "a GPU rewrites the list in its own way")
		assert.Regexp(t, `(?m)^activation-after-pool +│ +2 │ +0 │ runs$`, gpu)
		assert.Regexp(t, `(?m)^conv2d_1 +│ conv2d_fprop +│`, gpu)
	}
}
