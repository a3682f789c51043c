package main

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestSummaryOfPasses(t *testing.T) {
	out := succeed(t, "summary", "--passes").stdout
	assert.Regexp(t, `(?m)^│ winograd +│ .+ │ +4 │ +2 │ left out +│$`, out)
	assert.Regexp(t, `(?m)^│ chain +│ .+ │ +3 │ +3 │ runs +│$`, out)
	assert.Regexp(t, `(?m)^│ conv2d_1 +│ conv2d_fprop_relu_pool +│ +[\d.]+ │ Winograd F\(2x2, 3x3\) │$`, out)
	assert.Regexp(t, `(?m)^│ conv2d_1 +│ conv2d_pool_grad +│ +[\d.]+ │ sparse sums +│$`, out)
	assert.Regexp(t, `(?m)^│ conv2d +│ conv2d_fprop_relu_pool +│ +[\d.]+ │ direct +│$`, out)
}
