package kernels

import "fmt"

// BatchNorm is the geometry of batch normalisation (Ioffe and Szegedy, "Batch normalization: accelerating deep network training by reducing
// internal covariate shift", ICML 2015, algorithm 1), which gives each channel the mean 0 and the variance 1 over a batch:
//
//	X̂[n,p,c] = (X[n,p,c] − Mean[c]) / √(Variance[c] + Epsilon)
//
// X is [N P C]: N images of P places, 1 of a vector, with C channels. Where the variance is infinite, because the squares of finite values do not
// fit into float32, X̂ is no number rather than 0: training must not go on as if nothing had happened.
type BatchNorm struct{ N, P, C int }

// Elements is the number of elements of X.
func (g BatchNorm) Elements() int { return g.N * g.P * g.C }

func (g BatchNorm) String() string { return fmt.Sprintf("%dx%dx%d", g.N, g.P, g.C) }

// Examples says which images of a batch count: those whose label is a class, as in [CrossEntropyFprop]. Without labels all do. What stands in
// the other images, such as those that fill up a last, smaller batch, changes no result.
type Examples struct {
	Labels  *Buffer // [N]; may be absent
	Classes int     // a label outside [0, Classes) is no class
}

// operand is the labels of n images.
func (e Examples) operand(n int) Operand { return Ints("labels", e.Labels, Read, n).OptionalIf(true) }
