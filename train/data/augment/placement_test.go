package augment

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A picture that is placed is the one that is moved and mirrored step by step, in every order, and with moves that reach beyond it.
func TestPlacement(t *testing.T) {
	for _, text := range []string{
		"flip", "flip_vertical", "crop:2", "shift:0.9:0.25", "flip,crop:3:0.5", "crop:3:0.5,flip", "crop:4,shift:0.7,flip,crop:2,flip_vertical,shift:1",
		"flip:1,flip_vertical:1,shift:1:1,crop:2:1,flip",
	} {
		p := parsed(t, text)
		fill, only := p.Places()
		require.True(t, only, text)
		for _, shape := range [][]int{{5, 6, 3}, {6, 4, 1}, {4, 4, 2}} {
			from := pictureOf(shape)
			for i := range 300 {
				at := p.Place(shape, 3, 2, i)
				placed := pictureOf(shape)
				for y := range placed.h {
					for x := range placed.w {
						to := placed.x[(y*placed.w+x)*placed.c:][:placed.c]
						if y < at.Top || y >= at.Bottom || x < at.Left || x >= at.Right {
							set(to, fill)
							continue
						}
						copy(to, from.x[((at.Row+at.RowStep*y)*from.w+at.Column+at.ColumnStep*x)*from.c:])
					}
				}
				require.Equal(t, seen(p, shape, 3, 2, i), placed.x, "%s of %v: %+v", text, shape, at)
			}
		}
	}
}

func TestPlacesAlone(t *testing.T) {
	for text, want := range map[string]bool{
		"flip,crop:4": true, "flip,crop:4:0.5,shift:0.1:0.5": true, "crop:4,shift:0.1:0.5": false, "flip,rotate": false, "flip,mixup": false, "cutout": false,
	} {
		_, only := parsed(t, text).Places()
		assert.Equal(t, want, only, text)
	}
}
