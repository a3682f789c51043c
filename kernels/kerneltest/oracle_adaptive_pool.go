package kerneltest

import "cnn-gpu/kernels"

// adaptiveWindows lists what each output of an adaptive pool sees; S, by which places are numbered, is the width of the widest window.
func adaptiveWindows(g kernels.AdaptivePool2D) windows {
	ends := func(i, parts, extent int) (from, to int) {
		for from = 0; (from+1)*parts <= i*extent; from++ { // the first place that reaches beyond i·extent/parts
		}
		for to = from; to*parts < (i+1)*extent; to++ {
		}
		return from, to
	}
	widest := 0
	for q := range g.Q {
		from, to := ends(q, g.Q, g.W)
		widest = max(widest, to-from)
	}
	return func(visit func(y int, window []place)) {
		for y := range g.N * g.P * g.Q * g.C {
			c, q, p, n := y%g.C, y/g.C%g.Q, y/g.C/g.Q%g.P, y/g.C/g.Q/g.P
			top, bottom := ends(p, g.P, g.H)
			left, right := ends(q, g.Q, g.W)
			var window []place
			for h := top; h < bottom; h++ {
				for w := left; w < right; w++ {
					window = append(window, place{(h-top)*widest + w - left, ((n*g.H+h)*g.W+w)*g.C + c})
				}
			}
			visit(y, window)
		}
	}
}
