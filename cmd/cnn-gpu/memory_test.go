package main

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/internal/wording"
)

// bytesAfter finds a number of bytes by what stands before it.
func bytesAfter(t *testing.T, text, before string) int {
	t.Helper()
	m := regexp.MustCompile(before + ` +([\d,]+) bytes`).FindStringSubmatch(text)
	require.NotNil(t, m, text)
	n, err := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
	require.NoError(t, err)
	return n
}

// bytesOf finds the bytes of a kept value in the table.
func bytesOf(t *testing.T, text, value string) int {
	t.Helper()
	m := regexp.MustCompile(`(?m)^` + value + ` +│[^│\n]+│ +([\d,]+)$`).FindStringSubmatch(text)
	require.NotNil(t, m, text)
	n, err := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
	require.NoError(t, err)
	return n
}

func TestSummaryMemory(t *testing.T) {
	w := newTiny(t)
	text := succeed(t, "summary", "--memory", "--model", w.model, "--batch", "8").stdout
	kept, arena, scratch := bytesAfter(t, text, "kept from step to step"), bytesAfter(t, text, "the arena"), bytesAfter(t, text, "scratch")
	assert.Equal(t, kept+arena+scratch, bytesAfter(t, text, "together"))
	assert.Contains(t, succeed(t, "summary", "--model", w.model, "--batch", "8").stdout,
		"Memory for training with adam and batches of 8 on cpu: "+wording.Bytes(kept+arena+scratch), "one figure everywhere")
	assert.Positive(t, bytesAfter(t, text, "evaluation takes"))
	state := 3*bytesOf(t, text, "weights") + bytesOf(t, text, "totals") + bytesOf(t, text, "step")
	assert.Equal(t, state, bytesAfter(t, text, "to save the training from"), "weights, Adam's two values for each, and the counts")
	unshared := bytesAfter(t, text, "Without reuse the arena would take")
	assert.Greater(t, unshared, arena)
	assert.Contains(t, text, fmt.Sprintf("reuse saved %.1f%%.", 100*(1-float64(arena)/float64(unshared))))
	assert.Contains(t, text, "with adam and batches of 8")
	assert.Regexp(t, `(?m)^max_pooling2d +│ \[8 5 5 4\] +│ +3,328 │ +[\d,]+ │ +1-10 │ conv2d_fprop_relu_pool$`, text)
	gpu := succeed(t, "summary", "--memory", "--model", w.model, "--batch", "8", "--device", "cuda").stdout
	assert.Regexp(t, `(?m)^max_pooling2d +│ \[8 5 5 4\] +│ +3,328 │ +[\d,]+ │ +\d-\d │ direct_conv2d_fprop$`, gpu)
	assert.Zero(t, bytesAfter(t, gpu, "scratch"), "workspaces are part of the arena")
	assert.Regexp(t, `(?m)^adam/v +│ \[\d+\] *│?`, text)
	assert.Regexp(t, `(?m)^input +│ \[8 12 12 1\] +│ +4,608$`, text)
	listed := 0
	for _, m := range regexp.MustCompile(`(?m)^[^│\n]+│[^│\n]+│ +([\d,]+)$`).FindAllStringSubmatch(text, -1) {
		n, err := strconv.Atoi(strings.ReplaceAll(m[1], ",", ""))
		require.NoError(t, err)
		listed += n
	}
	assert.Equal(t, kept, listed, "of so small a model all kept values are listed")

	sgd := succeed(t, "summary", "--memory", "--model", w.model, "--batch", "8", "--optimizer", "sgd").stdout
	assert.Less(t, bytesAfter(t, sgd, "kept from step to step"), kept, "Adam keeps two values for each weight")
	large := succeed(t, "summary", "--memory", "--model", w.model, "--batch", "80").stdout
	assert.Greater(t, bytesAfter(t, large, "the arena"), 5*arena)
	w.train(t)
	assert.Equal(t, text, succeed(t, "summary", "--memory", w.out, "--batch", "8").stdout)
}
