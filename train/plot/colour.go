package plot

import (
	"image/color"
	"math"
)

// unitColour is the grey or RGB colour of one pixel with values in [0,1].
func unitColour(channels []float32) color.RGBA {
	var rgb [3]uint8
	for i := range rgb {
		v := channels[i%len(channels)]
		if !isFinite(v) {
			return warning
		}
		rgb[i] = uint8(math.Round(255 * float64(min(max(v, 0), 1))))
	}
	return color.RGBA{rgb[0], rgb[1], rgb[2], 255}
}

// signedColour goes from blue at -limit over white at 0 to red at limit.
func signedColour(v float32, limit float64) color.RGBA {
	switch {
	case !isFinite(v):
		return warning
	case v < 0:
		return blend(white, blue, -float64(v)/limit)
	case v > 0:
		return blend(white, red, float64(v)/limit)
	}
	return white
}

// signedRGB is the colour of three values: from dark at -limit over mid-grey at 0 to bright at limit, each in its channel.
func signedRGB(channels []float32, limit float64) color.RGBA {
	shares := make([]float32, len(channels))
	for i, v := range channels {
		shares[i] = float32(0.5 + 0.5*float64(v)/max(limit, math.SmallestNonzeroFloat64))
	}
	return unitColour(shares)
}
