package augment

import (
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// golden is a row of what testdata/golden.py writes.
type golden struct {
	Operation string
	Settings  []float64
	Shape     []int
	Y         []float64
}

// pictureOf is the picture that golden.py computes with.
func pictureOf(shape []int) picture {
	p := picture{make([]float32, shape[0]*shape[1]*shape[2]), shape[0], shape[1], shape[2]}
	for i := range p.x {
		p.x[i] = float32(i*7919%256) / 255
	}
	return p
}

// What transformations make of pictures is what PyTorch and Python's colorsys make of them in float64.
func TestGolden(t *testing.T) {
	operations := map[string]func(t *tool, p picture, s []float64){
		"turn":      func(t *tool, p picture, s []float64) { turn(t, p, s[0], s[1]) },
		"slant":     func(t *tool, p picture, s []float64) { slant(t, p, s[0], s[1], s[2]) },
		"scale":     func(t *tool, p picture, s []float64) { scale(t, p, s[0], s[1]) },
		"move":      func(t *tool, p picture, s []float64) { move(t, p, int(s[0]), int(s[1]), s[2]) },
		"enlarge":   func(t *tool, p picture, s []float64) { enlarge(t, p, int(s[0]), int(s[1]), int(s[2]), int(s[3])) },
		"smear":     func(t *tool, p picture, s []float64) { smear(t, p, s[0]) },
		"brighten":  func(_ *tool, p picture, s []float64) { brighten(p, float32(s[0])) },
		"contrast":  func(_ *tool, p picture, s []float64) { contrast(p, float32(s[0])) },
		"saturate":  func(_ *tool, p picture, s []float64) { saturate(p, float32(s[0])) },
		"hue":       func(_ *tool, p picture, s []float64) { turnHue(p, s[0]) },
		"sharpen":   func(t *tool, p picture, s []float64) { sharpen(t, p, float32(s[0])) },
		"stretch":   func(_ *tool, p picture, _ []float64) { stretch(p) },
		"equalize":  func(_ *tool, p picture, _ []float64) { equalize(p) },
		"posterize": func(_ *tool, p picture, s []float64) { posterize(p, int(s[0])) },
		"solarize":  func(_ *tool, p picture, s []float64) { solarize(p, float32(s[0])) },
	}
	text, err := os.ReadFile("testdata/golden.json")
	require.NoError(t, err)
	var rows []golden
	require.NoError(t, json.Unmarshal(text, &rows))
	held := map[string]bool{}
	for _, row := range rows {
		p := pictureOf(row.Shape)
		require.Contains(t, operations, row.Operation)
		held[row.Operation] = true
		operations[row.Operation](newTool(), p, row.Settings)
		for i, want := range row.Y {
			// A few roundings of values up to 1; a hue is computed in float64.
			if !assert.InDelta(t, want, p.x[i], 2e-6, "%s %v of %v: value %d", row.Operation, row.Settings, row.Shape, i) {
				break
			}
		}
	}
	assert.Len(t, held, len(operations))
}
