package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestBenchDataOnly(t *testing.T) {
	w := newAlbum(t)
	for _, more := range [][]string{nil, {"--stream"}, {"--augment", "flip,crop:1"}} {
		args := append([]string{"bench", "--data-only", "--data", w.data, "--model", w.model, "--batch", "4,8", "--steps", "20", "--json"}, more...)
		var r dataBench
		require.NoError(t, json.Unmarshal([]byte(succeed(t, args...).stdout), &r))
		assert.Equal(t, []int{10, 12, 3}, r.Shape)
		assert.Equal(t, slices.Contains(more, "--augment"), r.Augment != "")
		assert.Equal(t, 40, r.Images)
		assert.Positive(t, r.Cold.ImagesPerSecond)
		assert.Positive(t, r.Warm.ImagesPerSecond)
		require.Len(t, r.Loading, 2)
		// Several epochs, the last batch of each as small as it is.
		batches := (r.Training + 7) / 8
		assert.Equal(t, 20/batches*r.Training+20%batches*8, r.Loading[1].Images)
		assert.Positive(t, r.Loading[1].ImagesPerSecond)
	}
	text := succeed(t, "bench", "--data-only", "--data", "digits", "--batch", "32", "--seconds", "0.01").stdout
	assert.Contains(t, text, "digits: 14,000 images of 28x28x1, 12,000 of them for training.\n")
	assert.Regexp(t, `Batches of 32 +│ +0\.\d+ │ +[\d,]+`, text)
	text = succeed(t, "bench", "--data-only", "--data", w.data, "--model", w.model, "--seconds", "0.01").stdout
	assert.Equal(t, 1, strings.Count(text, "Batches of 31 "), "batches are no larger than the data")

	for want, args := range map[string][]string{
		"--data-only times how a data set is read: name it with --data": {"--data-only"},
		"--data-only runs no steps: leave out --device":                 {"--data-only", "--data", "digits", "--device", "cpu"},
		`unknown augmentation "flipp"`:                                  {"--data-only", "--data", "digits", "--augment", "flipp"},
		"grey needs three colours":                                      {"--data-only", "--data", "digits", "--augment", "grey"},
		"leave it out":                                                  {"--augment", "flip"},
		"leave out --stream":                                            {"--data-only", "--data", "digits", "--stream"},
		"--stream is for a set in files: name one with --data":          {"--stream"},
		"a batch of 90 of the 31":                                       {"--data-only", "--data", w.data, "--model", w.model, "--batch", "90"},
	} {
		r := runCommand(append([]string{"bench"}, args...)...)
		assert.NotZero(t, r.code)
		assert.Contains(t, r.stderr, want)
	}
}
