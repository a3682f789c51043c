package kernels

import "fmt"

// GroupNorm is the geometry of a normalisation within examples (Wu and He, "Group normalization", ECCV 2018, section 3.1), which parts the C
// channels into G groups of neighbours and gives each group of each example the mean 0 and the variance 1 over its places and channels:
//
//	X̂[n,p,c] = (X[n,p,c] − Mean[n,g]) / √(Variance[n,g] + Epsilon)    g = c / (C/G)
//
// X is [N P C]; G divides C. One group is layer normalisation (Ba, Kiros and Hinton, "Layer normalization", arXiv 1607.06450, 2016, section 3),
// as many as channels is instance normalisation (Ulyanov, Vedaldi and Lempitsky, "Instance normalization", arXiv 1607.08022, 2016, equation 2).
// Where the variance is infinite, because the squares of finite values do not fit into float32, X̂ is no number, as in [BatchNorm].
type GroupNorm struct{ N, P, C, G int }

// Elements is the number of elements of X.
func (g GroupNorm) Elements() int { return g.N * g.P * g.C }

// Channels is the number of channels of a group.
func (g GroupNorm) Channels() int { return g.C / g.G }

func (g GroupNorm) String() string { return fmt.Sprintf("%dx%dx%d_g%d", g.N, g.P, g.C, g.G) }
