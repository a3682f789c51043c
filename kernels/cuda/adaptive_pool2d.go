package cuda

import (
	"strings"

	"cnn-gpu/kernels"
)

func adaptivePool2D(g kernels.AdaptivePool2D, function string, elements int) []Launch {
	_, columns := g.Size()
	return []Launch{perElement("adaptive_pool2d.cu", function, elements, define("KIND", strings.ToUpper(g.Kind.String()),
		"N", g.N, "C", g.C, "H", g.H, "W", g.W, "P", g.P, "Q", g.Q, "S", columns)...)}
}
