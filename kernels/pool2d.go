package kernels

import "fmt"

// PoolKind says how a pool reduces its window.
type PoolKind uint8

// The kinds of pool. Padding never counts: it is neither a candidate for the maximum or minimum nor part of an average or a sum.
const (
	MaxPool PoolKind = iota
	MinPool
	AveragePool
	SumPool
)

func (k PoolKind) String() string { return [...]string{"max", "min", "average", "sum"}[k] }

// Picks says whether the pool takes its value from one place of the window, which an index can name.
func (k PoolKind) Picks() bool { return k == MaxPool || k == MinPool }

// Pool2D is the geometry of a pool over X [N H W C]; Y is [N P Q C].
type Pool2D struct {
	Kind PoolKind
	N, C int
	Window
}

// Inputs is the number of elements of X.
func (g Pool2D) Inputs() int { return g.N * g.H * g.W * g.C }

// Outputs is the number of elements of Y.
func (g Pool2D) Outputs() int { return g.N * g.P * g.Q * g.C }

func (g Pool2D) String() string {
	return fmt.Sprintf("%v %dx%d of %dx%dx%dx%d, strides %dx%d, padding %d,%d", g.Kind, g.R, g.S, g.N, g.H, g.W, g.C,
		g.StrideH, g.StrideW, g.PadTop, g.PadLeft)
}
