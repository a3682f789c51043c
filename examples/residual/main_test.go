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
	images := data.Noise([]int{12, 12, 3}, 4, 32, 1)
	require.NoError(t, run(context.Background(), &out, images, images, 1))
	assert.Contains(t, out.String(), "Layers that take others than the one above them")
	assert.Regexp(t, `epoch 1: loss [\d.]+, test accuracy [\d.]+%\n$`, out.String())
}
