package plot

import "fmt"

const (
	separateChannels = 4 // up to which Filters makes a tile for each input channel
	colourChannels   = 3 // red, green and blue
)

// Maps makes a tile of each of the k feature maps of one image; x is [H,W,K].
func Maps(x []float32, h, w, k int) ([]Tile, error) {
	if !holds(len(x), h, w, k) {
		return nil, fmt.Errorf("plot: maps: %d values for shape [%d,%d,%d]", len(x), h, w, k)
	}
	tiles := make([]Tile, k)
	for i := range tiles {
		tiles[i] = Tile{Pixels: every(x, i, k), H: h, W: w, C: 1, Caption: fmt.Sprintf("map %d", i)}
	}
	return tiles, nil
}

// Filters makes tiles of the k filters of a convolution, and says the scale that shows them; weights is [R,S,C,K]. Filters over
// colour images, with three input channels, are tiles in colours. Of two or four channels every one has a tile, the channels of a
// filter in sequence; with more, each filter is one tile with C channels, which the signed scales draw as a mosaic.
func Filters(weights []float32, r, s, c, k int) ([]Tile, Scale, error) {
	if !holds(len(weights), r, s, c, k) {
		return nil, Signed, fmt.Errorf("plot: filters: %d values for shape [%d,%d,%d,%d]", len(weights), r, s, c, k)
	}
	scale := Signed
	if c == colourChannels {
		scale = SignedColour
	}
	var tiles []Tile
	for i := range k {
		filter := Tile{Pixels: every(weights, i, k), H: r, W: s, C: c, Caption: fmt.Sprintf("filter %d", i)}
		if c == 1 || c == colourChannels || c > separateChannels {
			tiles = append(tiles, filter)
			continue
		}
		for j := range c {
			channel := Tile{Pixels: every(filter.Pixels, j, c), H: r, W: s, C: 1, Caption: fmt.Sprintf("%s, c %d", filter.Caption, j)}
			tiles = append(tiles, channel)
		}
	}
	return tiles, scale, nil
}

// every takes the elements at, at+step, at+2·step, ...
func every(x []float32, at, step int) []float32 {
	taken := make([]float32, 0, len(x)/step)
	for i := at; i < len(x); i += step {
		taken = append(taken, x[i])
	}
	return taken
}
