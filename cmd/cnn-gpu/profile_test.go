package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/bench"
)

// profileOf finds the line of --json that --profile adds.
func profileOf(t *testing.T, r result) profileLine {
	t.Helper()
	for line := range strings.Lines(r.stdout) {
		if strings.HasPrefix(line, `{"profile":`) {
			var p profileLine
			require.NoError(t, json.Unmarshal([]byte(line), &p))
			return p
		}
	}
	t.Fatal("there is no profile in " + r.stdout)
	return profileLine{}
}

func TestProfile(t *testing.T) {
	w := newTiny(t)
	trained := profileOf(t, w.train(t, "--profile", "--json", "--device", "cpu"))
	evaluated := profileOf(t, succeed(t, "eval", w.out, "--profile", "--json", "--batch", "4", "--device", "cpu"))
	assert.Equal(t, "training", trained.Kind)
	assert.Equal(t, "evaluation", evaluated.Kind)
	assert.Greater(t, len(trained.Profile), len(evaluated.Profile))
	for _, p := range []profileLine{trained, evaluated} {
		assert.Equal(t, 4, p.Batch)
		assert.Equal(t, profileSteps, p.Steps)
		assert.False(t, p.Estimated)
		share := 0.0
		for _, op := range p.Profile {
			share += op.Share
			assert.Positive(t, op.Seconds, op.Op)
			assert.InEpsilon(t, float64(op.Bytes)/op.Seconds/1e9, op.GBS, 1e-9, op.Op)
			if op.FLOPs > 0 {
				assert.InEpsilon(t, float64(op.FLOPs)/op.Seconds/1e9, op.GFLOPS, 1e-9, op.Op)
			}
		}
		assert.InDelta(t, 1, share, 1e-9)
		conv := p.Profile[slices.IndexFunc(p.Profile, func(op bench.OpProfile) bool { return op.Op == "conv2d_fprop_relu_pool" })]
		assert.Equal(t, "conv2d", conv.Layer)
		assert.EqualValues(t, 2*4*10*10*4*3*3+4*10*10*4+4*5*5*4*2*2, conv.FLOPs, "10x10 places and 4 filters of 3x3, ReLU and pool, for 4 images")
		maps := 4 * 5 * 5 * 4
		if p.Kind == "training" {
			maps *= 2 // with the places of the maxima
		}
		assert.EqualValues(t, 4*(4*12*12+3*3*4+4+maps), conv.Bytes, "images, filters, bias and pooled maps, but not the maps themselves")
	}
	people := succeed(t, "eval", w.out, "--profile", "--device", "cpu").stderr
	assert.Regexp(t, `(?m)^conv2d +│ conv2d_fprop_relu_pool +│ +[\d.,]+ │ +[\d.]+% │ +[\d.]+ │ +[\d.]+$`, people)
	assert.Regexp(t, `(?m)^All +│ +│ +[\d.,]+ │ +100.0% │ +[\d.]+ │ +[\d.]+$`, people)
}
