package model

import (
	"cmp"
	"fmt"

	"cnn-gpu/kernels"
)

// GroupNormalization parts the channels of X [H W C], or the values of X [C], into groups of neighbours and gives each group of each example the
// mean 0 and the variance 1 over all its places and channels; then it multiplies by gamma and adds beta (Wu and He, "Group normalization", ECCV
// 2018, section 3.1). See [kernels.GroupNorm] for the formula. It is the same in training and outside of it, and does without the other examples
// of the batch. Parameters: gamma and beta, [C] each.
type GroupNormalization struct {
	Groups           Groups      `yaml:"groups,omitempty" default:"32"`              // how many groups there are, a divisor of the channels; -1 for one of each channel, which is instance normalisation
	Axis             Axis        `yaml:"axis,omitempty" default:"-1"`                // the axis of the channels, which is the last
	Epsilon          float64     `yaml:"epsilon,omitempty" default:"0.001"`          // what is added to the variance, above 0
	Center           Toggle      `yaml:"center,omitempty" default:"true"`            // whether beta is added
	Scale            Toggle      `yaml:"scale,omitempty" default:"true"`             // whether gamma multiplies
	BetaInitializer  Initializer `yaml:"beta_initializer,omitempty" default:"zeros"` // beta's first values
	GammaInitializer Initializer `yaml:"gamma_initializer,omitempty" default:"ones"` // gamma's first values
}

// Groups is a number of groups of channels, -1 for as many as channels. In Go 0 stands for the default.
type Groups int

// Kind implements [Spec].
func (GroupNormalization) Kind() string { return "GroupNormalization" }

// Build implements [Spec].
func (s GroupNormalization) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	if err := s.Axis.ofChannels(x); err != nil {
		return nil, err
	}
	channels := x[len(x)-1]
	groups := int(cmp.Or(s.Groups, 32))
	if groups == -1 {
		groups = channels
	}
	if groups < 1 || channels%groups != 0 {
		return nil, fmt.Errorf("%d groups of the %d channels of %v; give a number of groups that divides them, or -1 for one of each channel", groups, channels, x)
	}
	l := &groupNormalization{shape: x, geometry: kernels.GroupNorm{N: 1, P: x.Elements() / channels, C: channels, G: groups}}
	return l, l.set(Shape{channels}, s.Epsilon, s.Scale, s.Center, s.GammaInitializer, s.BetaInitializer)
}

// groupNormalization is a normalisation within examples.
type groupNormalization struct {
	shape       Shape
	geometry    kernels.GroupNorm // of one example
	epsilon     float64
	gamma, beta *Param
}

// set makes the parameters, of the given shape.
func (l *groupNormalization) set(shape Shape, epsilon float64, scale, center Toggle, gamma, beta Initializer) (err error) {
	if l.epsilon, err = normEpsilon(epsilon); err != nil {
		return err
	}
	l.gamma, l.beta = normParams(shape, scale, center, gamma, beta)
	return nil
}

func (l *groupNormalization) Out() Shape { return l.shape }

func (l *groupNormalization) Params() []*Param { return params(l.gamma, l.beta) }

func (l *groupNormalization) of(b *Binding) kernels.GroupNorm {
	g := l.geometry
	g.N *= b.Batch
	return g
}

// saved is a value for each group that Forward hands to Backward.
func (l *groupNormalization) saved(b *Binding, name string) *kernels.Buffer {
	g := l.of(b)
	return b.Save(name, kernels.Float32, g.N, g.G)
}

func (l *groupNormalization) Forward(b *Binding) []kernels.Op {
	op := kernels.GroupNormFprop{
		GroupNorm: l.of(b), Epsilon: l.epsilon, X: b.X[0], Gamma: b.Param(l.gamma), Beta: b.Param(l.beta), Y: b.Y,
	}
	if b.Differentiated {
		op.Mean, op.Variance = l.saved(b, "mean"), l.saved(b, "variance")
	}
	return []kernels.Op{op}
}

func (l *groupNormalization) Backward(b *Binding) []kernels.Op {
	g, mean, variance := l.of(b), l.saved(b, "mean"), l.saved(b, "variance")
	var ops []kernels.Op
	if l.gamma != nil {
		ops = append(ops, kernels.GroupNormWgrad{
			GroupNorm: g, Epsilon: l.epsilon, X: b.X[0], Mean: mean, Variance: variance, DY: b.DY, DGamma: b.Gradient(l.gamma),
		})
	}
	if l.beta != nil {
		ops = append(ops, kernels.BiasWgrad{M: g.N * g.P, K: g.C, DY: b.DY, DB: b.Gradient(l.beta)})
	}
	if b.DX[0] != nil {
		ops = append(ops, kernels.GroupNormDgrad{
			GroupNorm: g, Epsilon: l.epsilon, X: b.X[0], Mean: mean, Variance: variance, Gamma: b.Param(l.gamma), DY: b.DY, DX: b.DX[0],
		})
	}
	return ops
}
