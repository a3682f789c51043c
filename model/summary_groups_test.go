package model_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/model"
)

func TestGroupedSummary(t *testing.T) {
	layer := func(name, kind string, params int, inputs ...string) model.LayerSummary {
		return model.LayerSummary{Name: name, Kind: kind, Inputs: inputs, Output: model.Shape{params}, Params: params, FLOPs: int64(10 * params), Memory: 100 * params}
	}
	group := func(name string, layers, last, params int, inputs ...string) model.LayerSummary {
		l := layer(name, "group", params, inputs...)
		l.Output, l.Layers = model.Shape{last}, layers
		return l
	}
	s := model.Summary{Input: model.Shape{1}, Params: 127, Layers: []model.LayerSummary{
		layer("stem", "Conv2D", 1, "input"),
		layer("stage1/block1/conv", "Conv2D", 2, "stem"),
		layer("stage1/block1/add", "Add", 4, "stage1/block1/conv", "stem"),
		layer("stage1/block2/conv", "Conv2D", 8, "stage1/block1/add"),
		layer("stage1/block2/add", "Add", 16, "stage1/block2/conv", "stage1/block1/add"),
		layer("stage2/conv", "Conv2D", 32, "stage1/block2/add"),
		layer("sum", "Add", 64, "stage2/conv", "stage1/block2/add", "stage1/block2/add"),
	}}
	assert.Equal(t, []model.LayerSummary{
		layer("stem", "Conv2D", 1, "input"),
		group("stage1", 4, 16, 30, "stem"),
		layer("stage2/conv", "Conv2D", 32, "stage1"),
		layer("sum", "Add", 64, "stage2/conv", "stage1", "stage1"),
	}, s.Grouped(1).Layers)
	assert.Equal(t, []model.LayerSummary{
		layer("stem", "Conv2D", 1, "input"),
		group("stage1/block1", 2, 4, 6, "stem"),
		group("stage1/block2", 2, 16, 24, "stage1/block1"),
		layer("stage2/conv", "Conv2D", 32, "stage1/block2"),
		layer("sum", "Add", 64, "stage2/conv", "stage1/block2", "stage1/block2"),
	}, s.Grouped(2).Layers)
	assert.Equal(t, s, s.Grouped(3))
	assert.Equal(t, 127, s.Grouped(1).Params)
	text := s.Grouped(1).Text(0)
	assert.Contains(t, text, "\nstage1 (4 layers)    │ (None, 16)   │      30 │   300 │ 2.93 KiB\n")
	assert.Contains(t, text, "  sum: stage2/conv, stage1 and stage1\n")

	m, err := model.Open("resnet-mini")
	require.NoError(t, err)
	assert.Equal(t, m.Summarize(4), m.Summarize(4).Grouped(1), "it has no slashes")
}
