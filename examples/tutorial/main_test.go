package main

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/data"
)

func TestRun(t *testing.T) {
	var out strings.Builder
	images := data.Noise([]int{28, 28, 1}, 10, 32, 1)
	require.NoError(t, run(context.Background(), &out, images, images, 1))
	assert.Contains(t, out.String(), "Total params: 93,322")
	assert.Contains(t, out.String(), "epoch 1: loss ")
	assert.Regexp(t, `test accuracy [\d.]+% on 32 images\n$`, out.String())
}
