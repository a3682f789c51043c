// Package winograd holds the matrices of Winograd's minimal filtering algorithms.
//
// F(m×m, 3×3) computes a tile Y of m×m outputs of a convolution with a 3×3 filter g from (m+2)×(m+2) inputs d with (m+2)² products
// instead of 9·m²,
//
//	Y = Aᵀ [(G g Gᵀ) ⊙ (Bᵀ d B)] A
//
// (Lavin and Gray, "Fast algorithms for convolutional neural networks", CVPR 2016, section 4.1).
package winograd

import (
	"fmt"
	"slices"
)

// Algorithm is F(Tile×Tile, 3×3).
type Algorithm struct {
	Tile   int
	Input  [][]float64 // Bᵀ
	Filter [][]float64 // G
	Output [][]float64 // Aᵀ
}

// String is the algorithm's name, by which devices say what they computed an op by.
func (a Algorithm) String() string { return fmt.Sprintf("Winograd F(%dx%d, 3x3)", a.Tile, a.Tile) }

// Named returns the algorithm of a name.
func Named(name string) (a Algorithm, isKnown bool) {
	all := Algorithms()
	at := slices.IndexFunc(all, func(a Algorithm) bool { return a.String() == name })
	if at < 0 {
		return a, false
	}
	return all[at], true
}

// Points is the extent of a transformed tile.
func (a Algorithm) Points() int { return a.Tile + 2 }

// Algorithms lists the algorithms: F(2×2, 3×3) with the points 0, 1, −1 and ∞, and F(3×3, 3×3) with 2 besides.
func Algorithms() []Algorithm {
	return []Algorithm{
		{
			Tile:   2,
			Input:  [][]float64{{1, 0, -1, 0}, {0, 1, 1, 0}, {0, -1, 1, 0}, {0, 1, 0, -1}},
			Filter: [][]float64{{1, 0, 0}, {0.5, 0.5, 0.5}, {0.5, -0.5, 0.5}, {0, 0, 1}},
			Output: [][]float64{{1, 1, 1, 0}, {0, 1, -1, -1}},
		},
		{
			Tile:   3,
			Input:  [][]float64{{2, -1, -2, 1, 0}, {0, -2, -1, 1, 0}, {0, 2, -3, 1, 0}, {0, -1, 0, 1, 0}, {0, 2, -1, -2, 1}},
			Filter: [][]float64{{0.5, 0, 0}, {-0.5, -0.5, -0.5}, {-1. / 6, 1. / 6, -1. / 6}, {1. / 6, 1. / 3, 2. / 3}, {0, 0, 1}},
			Output: [][]float64{{1, 1, 1, 1, 0}, {0, 1, -1, 2, 0}, {0, 1, 1, 4, 1}},
		},
	}
}

// Transposed is a matrix the other way round: the transforms of the gradients are those of the convolution, transposed.
func Transposed(m [][]float64) [][]float64 {
	t := make([][]float64, len(m[0]))
	for i := range t {
		for _, row := range m {
			t[i] = append(t[i], row[i])
		}
	}
	return t
}
