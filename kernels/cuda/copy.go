package cuda

import (
	"fmt"
	"slices"

	"cnn-gpu/kernels"
)

func copyBox(op kernels.Copy) []Launch {
	xStrides, xStart := op.XStrides()
	yStrides, yStart := op.YStrides()
	walk, first := op.Box, [4]int{}
	if !op.Keeps {
		walk = op.YShape
		for a, at := range op.YAt {
			first[a] = -at
		}
	}
	elements := kernels.Shape(walk[:]).Elements()
	defines := define("ELEMENTS", elements, "WALK1", walk[1], "WALK2", walk[2], "WALK3", walk[3], "X_START", xStart, "Y_START", yStart)
	for a := range 4 {
		name := func(of string) string { return fmt.Sprint(of, a) }
		defines = append(defines, define(name("FIRST"), first[a], name("BOX"), op.Box[a], name("X_STRIDE"), xStrides[a], name("Y_STRIDE"), yStrides[a])...)
	}
	width := copyWidth(op, [3]int{walk[3], first[3], op.Box[3]}, [2]int{xStart, yStart}, xStrides, yStrides)
	return []Launch{perElement("copy.cu", "copy", elements/width, append(defines, define("WIDTH", width)...)...)}
}

// copyWidth is the width of vectors along the last axis that each lie in X and Y as a whole. Places on that axis and starts in memory are
// multiples of it, as are the steps along the other axes.
func copyWidth(op kernels.Copy, places [3]int, starts [2]int, xStrides, yStrides [4]int) int {
	if xStrides[3] != 1 || yStrides[3] != 1 {
		return 1
	}
	width := widthOf(0, op.X, op.Y)
	for _, n := range slices.Concat(places[:], starts[:], xStrides[:3], yStrides[:3]) {
		for n%width != 0 {
			width /= 2
		}
	}
	return width
}
