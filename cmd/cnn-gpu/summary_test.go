package main

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

func TestSummary(t *testing.T) {
	w := newTiny(t)
	w.train(t)
	m, err := model.ReadFile(w.model)
	require.NoError(t, err)
	rest, found := strings.CutPrefix(succeed(t, "summary", "--model", w.model, "--batch", "8").stdout, m.Summary(8))
	assert.True(t, found)
	assert.Regexp(t, `^Memory for training with adam and batches of 8 on cpu: [\d.]+ KiB\n$`, rest)
	assert.True(t, strings.HasPrefix(succeed(t, "summary", w.out).stdout, m.Summary(32)))
	assert.Contains(t, succeed(t, "summary").stdout, "93,322")
}

func TestSummaryJSON(t *testing.T) {
	w := newTiny(t)
	for _, flag := range []string{"--batch=8", "--memory", "--passes"} {
		out := succeed(t, "summary", "--model", w.model, "--json", "--batch", "8", flag).stdout
		assert.Equal(t, 1, strings.Count(out, "\n"))
		assertSnakeCase(t, out)
		var s summary
		require.NoError(t, json.Unmarshal([]byte(out), &s))
		m, err := model.ReadFile(w.model)
		require.NoError(t, err)
		assert.Equal(t, m.Summarize(8), s.Summary)
		assert.Equal(t, "adam", s.Optimizer)
		assert.Equal(t, "cpu", s.Device)
		assert.Positive(t, s.Memory.Total)
		assert.Equal(t, s.Memory.Kept+s.Memory.Arena+s.Memory.Scratch, s.Memory.Total)
		assert.Equal(t, flag == "--memory", s.Plan != nil)
		assert.Equal(t, flag == "--passes", s.Passes != nil && s.Ops != nil)
		if s.Plan != nil {
			assert.Equal(t, keptValue{"input", []int{8, 12, 12, 1}, 4608}, s.Plan.Kept[slices.IndexFunc(s.Plan.Kept, func(v keptValue) bool { return v.Name == "input" })])
			pooled := s.Plan.Arena[slices.IndexFunc(s.Plan.Arena, func(v arenaValue) bool { return v.Name == "max_pooling2d" })]
			assert.Equal(t, "conv2d_fprop_relu_pool", pooled.MadeBy)
			assert.Less(t, pooled.FirstOp, pooled.LastOp)
		}
		if s.Ops != nil {
			first := s.Ops[slices.IndexFunc(s.Ops, func(op scheduledOp) bool { return op.Layer == "conv2d" })]
			assert.Equal(t, "conv2d_fprop_relu_pool", first.Op)
			assert.Equal(t, 3, first.Parts)
			assert.Positive(t, first.FLOPs)
		}
	}
}

func TestSummaryDepth(t *testing.T) {
	w := newTiny(t)
	assert.Equal(t, succeed(t, "summary", "--model", w.model).stdout, succeed(t, "summary", "--model", w.model, "--depth", "1").stdout, "its names have one part")
	for args, want := range map[string]string{
		"--depth=0":           "--depth 0: give at least 1, or leave it out to see each layer",
		"--depth=1 --memory":  "--depth is for the table of the layers: leave out --memory and --passes",
		"--depth=-1 --passes": "--depth -1: give at least 1",
	} {
		r := runCommand(append([]string{"summary", "--model", w.model}, strings.Fields(args)...)...)
		assert.Equal(t, exitUsage, r.code, args)
		assert.Contains(t, r.stderr, want)
	}
}
