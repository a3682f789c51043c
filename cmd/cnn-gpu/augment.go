package main

import (
	"fmt"
	"slices"
	"strings"

	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
	"cnn-gpu/train/plot"
)

// augmentedSamples is how often data show draws an image that is transformed.
const augmentedSamples = 8

// augmentedTiles are an image of each class, the first that stands for no other, as it is, and as a number of epochs see it.
func augmentedTiles(set data.Set, pipeline *augment.Pipeline, seed uint64) ([]plot.Tile, error) {
	classes, shape := set.Classes(), set.Shape()
	if err := pipeline.Check(shape); err != nil {
		return nil, err
	}
	found := make([][]plot.Tile, len(classes))
	for i := range set.Len() {
		x := make([]float32, shape[0]*shape[1]*shape[2])
		label, err := set.Example(i, x)
		if err != nil {
			return nil, err
		}
		shown, err := data.LabelsOf(set, i, label)
		if err != nil {
			return nil, err
		}
		at := slices.IndexFunc(shown, func(class int) bool { return found[class] == nil })
		if at < 0 {
			continue
		}
		class := shown[at]
		row := []plot.Tile{{Pixels: x, H: shape[0], W: shape[1], C: shape[2], Heading: classes[class]}}
		for epoch := range augmentedSamples {
			tile := plot.Tile{Pixels: make([]float32, len(x)), H: shape[0], W: shape[1], C: shape[2], Caption: fmt.Sprintf("epoch %d", epoch+1)}
			if _, err := pipeline.Example(set, shape, seed, epoch, i, tile.Pixels); err != nil {
				return nil, err
			}
			row = append(row, tile)
		}
		found[class] = row
	}
	var tiles []plot.Tile
	for _, row := range found {
		tiles = append(tiles, row...)
	}
	return tiles, nil
}

// augmentHelp lists the transformations with their settings, one a line.
func augmentHelp() string {
	var lines []string
	for _, word := range augment.Words() {
		kind, _ := augment.Find(word) // which is one of the words
		var settings []string
		for _, p := range kind.Parameters {
			settings = append(settings, fmt.Sprintf("%s=%.3g", p.Word, p.Default))
		}
		lines = append(lines, fmt.Sprintf("  %-14s  %s (%s)", word, kind.Help, strings.Join(settings, ", ")))
	}
	return strings.Join(lines, "\n")
}
