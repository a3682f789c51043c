package model

import (
	"cmp"
	"math"
	"math/rand/v2"

	"cnn-gpu/internal/wording"
)

// Param is a tensor of a layer that training changes.
type Param struct {
	Name        string // "conv2d/kernel"
	Shape       Shape
	Initializer Initializer
	// NonTrainable says that it is not learnt by gradients: that of a frozen layer, which has no gradient, or one such as a moving average, whose
	// gradient is zero and stays so, so that no optimizer moves it. The layer of the latter is an [Updater].
	NonTrainable bool
	// Undecayed says that weight decay leaves it out whatever its shape, as it does vectors.
	Undecayed bool
	// Regularizer is what large values cost, beside the loss.
	Regularizer Regularizer
	// Constraint limits it after each training step.
	Constraint Constraint

	offset int // of its place among the model's parameters, in elements
}

// Decays says whether weight decay applies to the parameter: to filters and matrices. Vectors, which are biases and what values are scaled by,
// are left out, as is what is Undecayed.
func (p *Param) Decays() bool { return len(p.Shape) > 1 && !p.Undecayed }

// Fans are the number of inputs that an output sums and of outputs that an input feeds, as Keras takes them from a parameter's shape: its last two
// axes, each times all axes before them. Of a vector both are its length.
func (p *Param) Fans() (in, out int) {
	last := len(p.Shape) - 1
	if last == 0 {
		return p.Shape[0], p.Shape[0]
	}
	before := p.Shape[:last-1].Elements()
	return before * p.Shape[last-1], before * p.Shape[last]
}

// params leaves out the parameters that a layer does not have.
func params(all ...*Param) []*Param {
	var list []*Param
	for _, p := range all {
		if p != nil {
			list = append(list, p)
		}
	}
	return list
}

// Bias says whether a layer adds a bias.
type Bias uint8

// A layer has a bias unless it is told otherwise.
const (
	UseBias Bias = iota
	NoBias
)

func (b Bias) used() bool { return b == UseBias }

// param is the bias of a number of outputs; nil for none.
func (b Bias) param(outputs int, initializer Initializer, r Regularizer) *Param {
	if !b.used() {
		return nil
	}
	return &Param{Name: "bias", Shape: Shape{outputs}, Initializer: cmp.Or(initializer, Zeros), Regularizer: r}
}

// Toggle is a part of a layer that is there unless it is turned off.
type Toggle uint8

// The states of a toggle.
const (
	On Toggle = iota
	Off
)

// Initializer is how a parameter's first values are drawn.
type Initializer string

// The initializers, by their names in Keras. Those of Glorot: Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural
// networks", AISTATS 2010, equation 16; those of He: He et al., "Delving deep into rectifiers", ICCV 2015, equation 10.
const (
	GlorotUniform Initializer = "glorot_uniform" // evenly from ±√(6/(fan in + fan out))
	HeUniform     Initializer = "he_uniform"     // evenly from ±√(6/fan in)
	HeNormal      Initializer = "he_normal"      // from a normal distribution of variance 2/fan in, cut off at two standard deviations and widened to keep that variance
	Zeros         Initializer = "zeros"          // 0
	Ones          Initializer = "ones"           // 1
)

// initializers are what draws the values of a parameter with such fans, one after the other.
var initializers = wording.Table[Initializer, func(in, out int, rng *rand.Rand) func() float64]{
	{Word: GlorotUniform, Value: func(in, out int, rng *rand.Rand) func() float64 {
		return uniform(rng, math.Sqrt(6/float64(in+out)))
	}},
	{Word: HeUniform, Value: func(in, _ int, rng *rand.Rand) func() float64 {
		return uniform(rng, math.Sqrt(6/float64(in)))
	}},
	{Word: HeNormal, Value: func(in, _ int, rng *rand.Rand) func() float64 {
		return truncatedNormal(rng, math.Sqrt(2/float64(in)))
	}},
	{Word: Zeros, Value: constant(0)},
	{Word: Ones, Value: constant(1)},
}.Lacking("an initializer of Keras that cnn-gpu does not have", "constant", "glorot_normal", "identity", "lecun_normal", "lecun_uniform", "orthogonal",
	"random_normal", "random_uniform", "stft", "truncated_normal", "variance_scaling")

// Initializers lists the initializers.
func Initializers() []Initializer { return initializers.Words() }

// uniform draws evenly from ±limit.
func uniform(rng *rand.Rand, limit float64) func() float64 {
	return func() float64 { return limit * (2*rng.Float64() - 1) }
}

// truncated is the standard deviation of a normal distribution of variance 1 that is cut off at ±2.
const truncated = 0.8796256610342398

// truncatedNormal draws from a normal distribution that is cut off at two standard deviations and widened, so that what is left has
// the standard deviation that was asked for.
func truncatedNormal(rng *rand.Rand, deviation float64) func() float64 {
	deviation /= truncated
	return func() float64 {
		for {
			if v := rng.NormFloat64(); math.Abs(v) <= 2 {
				return deviation * v
			}
		}
	}
}

func constant(v float64) func(int, int, *rand.Rand) func() float64 {
	return func(int, int, *rand.Rand) func() float64 {
		return func() float64 { return v }
	}
}

// Draw fills dst with the parameter's first values. Each parameter has a stream of its own, so that changing one layer leaves
// the others as they are.
func (p *Param) Draw(dst []float32, seed uint64, stream uint64) {
	values, err := initializers.Find("initializer", p.Initializer)
	if err != nil {
		clear(dst) // no model that was built has such a parameter
		return
	}
	in, out := p.Fans()
	draw := values(in, out, rand.New(rand.NewPCG(seed, stream)))
	for i := range dst {
		dst[i] = float32(draw())
	}
}
