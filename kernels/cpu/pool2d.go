package cpu

import "cnn-gpu/kernels"

// pool2D is a geometry with what the CPU's code derives from it.
type pool2D struct{ kernels.Pool2D }

// isInside says whether every window lies inside the image.
func (g pool2D) isInside() bool {
	return g.PadTop+g.PadLeft == 0 &&
		(g.P-1)*g.StrideH+(g.R-1)*g.DilationH < g.H && (g.Q-1)*g.StrideW+(g.S-1)*g.DilationW < g.Window.W
}

// inside is the range of window rows (or columns) that lie inside the image when the window begins at start.
func inside(start, size, dilation, extent int) (lo, hi int) {
	if start < 0 {
		lo = kernels.CeilDiv(-start, dilation)
	}
	hi = max(lo, min(size, kernels.CeilDiv(extent-start, dilation)))
	return lo, hi
}

// tapsFrom describes the windows of one image from (p, q) on that are alike: as many as lie between the image's left and right border, or
// else only the first.
func (g pool2D) tapsFrom(p, q int) taps {
	top, left := p*g.StrideH-g.PadTop, q*g.StrideW-g.PadLeft
	rLo, rHi := inside(top, g.R, g.DilationH, g.H)
	sLo, sHi := inside(left, g.S, g.DilationW, g.W)
	windows := 1
	if room := g.W - (g.S-1)*g.DilationW - 1 - left; left >= 0 && room >= 0 {
		windows = min(g.Q-q, room/g.StrideW+1)
	}
	t := taps{
		windows: windows, channels: g.C, rows: rHi - rLo, columns: sHi - sLo,
		windowStep: g.StrideW * g.C, rowStep: g.DilationH * g.W * g.C, columnStep: g.DilationW * g.C,
		first: rLo*g.S + sLo, rowTaps: g.S,
	}
	if t.divisor = 1; g.Kind == kernels.AveragePool {
		t.divisor = float32(t.rows * t.columns)
	}
	if t.rows > 0 && t.columns > 0 {
		t.corner = ((top+rLo*g.DilationH)*g.W + left + sLo*g.DilationW) * g.C
	}
	return t
}
