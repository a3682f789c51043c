package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/bench"
)

func TestBenchPrintsJSON(t *testing.T) {
	w := newTiny(t)
	r := succeed(t, "bench", "--model", w.model, "--device", "cpu", "--threads", "1", "--batch", "4,8", "--steps", "3", "--json")
	assert.Equal(t, 1, strings.Count(r.stdout, "\n"))
	var b benchResult
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &b))
	assert.Equal(t, "tiny", b.Model)
	assert.Equal(t, 242, b.Parameters)
	assert.Equal(t, "noise", b.Data)
	assert.Equal(t, "cpu", b.Device)
	assert.Contains(t, b.Description, "CPU, 1 threads")
	assert.Equal(t, "training", b.Kind)
	assert.Positive(t, b.FirstStep)
	assert.Empty(t, b.NoRoofline)
	require.NotNil(t, b.Roofline)
	require.Len(t, b.Benchmarks, 2)
	for i, batch := range []int{4, 8} {
		one := b.Benchmarks[i]
		assert.Equal(t, batch, one.Batch)
		assert.Equal(t, 3, one.Steps)
		assert.InEpsilon(t, float64(batch)/one.Median, one.ImagesPerSecond, 1e-9)
		ofConv := 0
		for _, op := range one.Profile.Ops {
			if op.Layer == "conv2d" {
				ofConv++
				assert.Positive(t, op.Roofline, op.Op)
			}
		}
		assert.Positive(t, ofConv)
	}
	var fields map[string]any
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &fields))
	assert.Equal(t, []string{"benchmarks", "data", "description", "device", "first_step_at", "first_step_seconds", "kind", "model", "parameters", "precision", "roofline"},
		slices.Sorted(maps.Keys(fields)))
	assert.Equal(t, []string{"batch", "images_per_second", "median_seconds", "min_seconds", "profile", "steps"},
		slices.Sorted(maps.Keys(fields["benchmarks"].([]any)[0].(map[string]any))))
}

func TestBenchPrintsTables(t *testing.T) {
	w := newTiny(t)
	r := succeed(t, "bench", "--model", w.model, "--device", "cpu", "--batch", "4,8", "--steps", "3")
	assert.Regexp(t, `^tiny, 242 parameters, training in fp32 on noise\. The first step was done [\d,]+ ms after the program began\.\n`, r.stdout)
	assert.Regexp(t, `(?m)^The device does at most [\d.,]+ GFLOP/s and [\d.,]+ GB/s \(measured\)\.$`, r.stdout)
	assert.Regexp(t, `(?m)^ +8 │ +3 │ +[\d.,]+ │ +[\d.,]+ │ +[\d,]+$`, r.stdout)
	assert.Regexp(t, `(?m)^conv2d +│ \w+ +│ +[\d.,]+ │ +[\d.]+% │ +[\d.,]+ │ +[\d.,]+ │ +[\d.]+%$`, r.stdout)
	assert.Contains(t, r.stdout, "The ops of a step with batch 8 (mean of 3 steps)")

	training := strings.Count(r.stdout, "wgrad")
	r = succeed(t, "bench", "--model", w.model, "--device", "cpu", "--data", w.data, "--batch", "4", "--seconds", "0.01", "--inference")
	assert.Contains(t, r.stdout, "inference in fp32 on "+w.data)
	assert.Positive(t, training)
	assert.NotContains(t, r.stdout, "wgrad")
}

func TestBenchTellsOfSamples(t *testing.T) {
	var text strings.Builder
	(&benchResult{Benchmarks: []*bench.Result{{Batch: 32, Launches: 19}, {Batch: 512, Launches: 20, Sampled: 12}}}).print(&text)
	assert.Contains(t, text.String(), "With batch 512 a part of the blocks stands for all in 12 of 20 launches")
	assert.NotContains(t, text.String(), "With batch 32")
}
