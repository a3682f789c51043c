package cuda

import (
	"fmt"

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
	return []Launch{perElement("copy.cu", "copy", elements, defines...)}
}
