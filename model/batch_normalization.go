package model

import (
	"cmp"
	"fmt"

	"cnn-gpu/kernels"
)

// BatchNormalization gives each channel of X [H W C], or each value of X [C], the mean 0 and the variance 1: over the examples of the batch and
// all places while training, by moving averages of these otherwise; then it multiplies by gamma and adds beta (Ioffe and Szegedy, "Batch
// normalization", ICML 2015, algorithms 1 and 2). See [kernels.BatchNorm] for the formula. A convolution or dense layer in front of it needs no
// bias. Parameters: gamma, beta, moving_mean and moving_variance, [C] each; the last two are not trained but move towards a batch's mean and
// variance m by momentum·moving + (1−momentum)·m in each step. A frozen layer normalises by its moving averages in training, too, and leaves them
// as they are.
type BatchNormalization struct {
	Axis                      Axis        `yaml:"axis,omitempty" default:"-1"`                          // the axis of the channels, which is the last
	Momentum                  float64     `yaml:"momentum,omitempty" default:"0.99"`                    // what the moving averages keep in a step, above 0 and below 1; 0.9 suits trainings of a few hundred steps
	Epsilon                   float64     `yaml:"epsilon,omitempty" default:"0.001"`                    // what is added to the variance, above 0
	Center                    Toggle      `yaml:"center,omitempty" default:"true"`                      // whether beta is added
	Scale                     Toggle      `yaml:"scale,omitempty" default:"true"`                       // whether gamma multiplies
	BetaInitializer           Initializer `yaml:"beta_initializer,omitempty" default:"zeros"`           // beta's first values
	GammaInitializer          Initializer `yaml:"gamma_initializer,omitempty" default:"ones"`           // gamma's first values
	MovingMeanInitializer     Initializer `yaml:"moving_mean_initializer,omitempty" default:"zeros"`    // the moving mean's first values
	MovingVarianceInitializer Initializer `yaml:"moving_variance_initializer,omitempty" default:"ones"` // the moving variance's first values
}

// Kind implements [Spec].
func (BatchNormalization) Kind() string { return "BatchNormalization" }

// Build implements [Spec].
func (s BatchNormalization) Build(in []Shape) (Layer, error) {
	x, err := only(in)
	if err != nil {
		return nil, err
	}
	if err := s.Axis.ofChannels(x); err != nil {
		return nil, err
	}
	l := &batchNormalization{shape: x, momentum: cmp.Or(s.Momentum, 0.99)}
	if !(l.momentum > 0 && float32(l.momentum) < 1) {
		return nil, fmt.Errorf("momentum %v; give a number above 0 and below 1, such as 0.99", l.momentum)
	}
	if l.epsilon, err = normEpsilon(s.Epsilon); err != nil {
		return nil, err
	}
	shape := Shape{x[len(x)-1]}
	l.gamma, l.beta = normParams(shape, s.Scale, s.Center, s.GammaInitializer, s.BetaInitializer)
	l.movingMean = &Param{Name: "moving_mean", Shape: shape, Initializer: cmp.Or(s.MovingMeanInitializer, Zeros), NonTrainable: true}
	l.movingVariance = &Param{Name: "moving_variance", Shape: shape, Initializer: cmp.Or(s.MovingVarianceInitializer, Ones), NonTrainable: true}
	return l, nil
}

// normParams are what a normalisation scales and shifts by, parameters of the given shape which weight decay leaves out; nil if turned off.
func normParams(shape Shape, scale, center Toggle, gammas, betas Initializer) (gamma, beta *Param) {
	if scale == On {
		gamma = &Param{Name: "gamma", Shape: shape, Initializer: cmp.Or(gammas, Ones), Undecayed: true}
	}
	if center == On {
		beta = &Param{Name: "beta", Shape: shape, Initializer: cmp.Or(betas, Zeros), Undecayed: true}
	}
	return gamma, beta
}

// normEpsilon is what a normalisation adds to the variance; 0 stands for the default.
func normEpsilon(given float64) (float64, error) {
	epsilon := cmp.Or(given, 0.001)
	if e := float32(epsilon); !(e > 0 && e <= 1e10) {
		return 0, fmt.Errorf("epsilon %v; give a number above 0 and up to 1e10, such as 0.001", epsilon)
	}
	return epsilon, nil
}

type batchNormalization struct {
	shape                      Shape
	momentum, epsilon          float64
	gamma, beta                *Param
	movingMean, movingVariance *Param
}

func (l *batchNormalization) Out() Shape { return l.shape }

func (l *batchNormalization) Params() []*Param {
	return params(l.gamma, l.beta, l.movingMean, l.movingVariance)
}

func (l *batchNormalization) geometry(b *Binding) kernels.BatchNorm {
	channels := l.shape[len(l.shape)-1]
	return kernels.BatchNorm{N: b.Batch, P: l.shape.Elements() / channels, C: channels}
}

// saved is a value for each channel that Forward or Backward hands on.
func (l *batchNormalization) saved(b *Binding, name string) *kernels.Buffer {
	return b.Save(name, kernels.Float32, l.movingMean.Shape...)
}

func (l *batchNormalization) Forward(b *Binding) []kernels.Op {
	apply := kernels.BatchNormFprop{
		BatchNorm: l.geometry(b), Epsilon: l.epsilon, X: b.X[0], Mean: b.Param(l.movingMean), Variance: b.Param(l.movingVariance),
		Gamma: b.Param(l.gamma), Beta: b.Param(l.beta), Y: b.Y,
	}
	if !b.Training || b.Frozen {
		return []kernels.Op{apply}
	}
	apply.Mean, apply.Variance = l.saved(b, "mean"), l.saved(b, "variance")
	stats := kernels.BatchNormStats{BatchNorm: apply.BatchNorm, Examples: b.Examples, X: b.X[0], Mean: apply.Mean, Variance: apply.Variance}
	return []kernels.Op{stats, apply}
}

func (l *batchNormalization) Backward(b *Binding) []kernels.Op {
	if b.Frozen {
		return l.backwardFrozen(b)
	}
	sums := kernels.BatchNormSums{
		BatchNorm: l.geometry(b), Examples: b.Examples, Epsilon: l.epsilon, X: b.X[0], Mean: l.saved(b, "mean"), Variance: l.saved(b, "variance"),
		DY: b.DY, DYSum: l.saved(b, "dy_sum"), DYXSum: l.saved(b, "dyx_sum"),
	}
	ops := []kernels.Op{sums}
	if l.gamma != nil {
		ops = append(ops, kernels.BiasWgrad{M: 1, K: sums.C, DY: sums.DYXSum, DB: b.Gradient(l.gamma)})
	}
	if l.beta != nil {
		ops = append(ops, kernels.BiasWgrad{M: 1, K: sums.C, DY: sums.DYSum, DB: b.Gradient(l.beta)})
	}
	if b.DX[0] != nil {
		ops = append(ops, kernels.BatchNormDgrad{
			BatchNorm: sums.BatchNorm, Examples: b.Examples, Epsilon: l.epsilon, X: b.X[0], Mean: sums.Mean, Variance: sums.Variance,
			Gamma: b.Param(l.gamma), DY: b.DY, DYSum: sums.DYSum, DYXSum: sums.DYXSum, DX: b.DX[0],
		})
	}
	return ops
}

// backwardFrozen is the gradient by the input where mean and variance are no function of it: the sums, through which it would act on them, are 0.
func (l *batchNormalization) backwardFrozen(b *Binding) []kernels.Op {
	none := l.saved(b, "no_sum")
	return []kernels.Op{kernels.Zero{Y: none}, kernels.BatchNormDgrad{
		BatchNorm: l.geometry(b), Examples: b.Examples, Epsilon: l.epsilon, X: b.X[0], Mean: b.Param(l.movingMean), Variance: b.Param(l.movingVariance),
		Gamma: b.Param(l.gamma), DY: b.DY, DYSum: none, DYXSum: none, DX: b.DX[0],
	}}
}

// Update implements [Updater].
func (l *batchNormalization) Update(b *Binding) []kernels.Op {
	return []kernels.Op{
		kernels.MovingAverage{Momentum: l.momentum, X: l.saved(b, "mean"), Average: b.Param(l.movingMean), Halt: b.Halt},
		kernels.MovingAverage{Momentum: l.momentum, X: l.saved(b, "variance"), Average: b.Param(l.movingVariance), Halt: b.Halt},
	}
}
