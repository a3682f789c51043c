//go:build cuda && cgo

package device

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim/driverapi"
	"cnn-gpu/kernels"
)

// learner is a network of one dense layer whose weights lie among others, and a step of Adam, behind a decay, by gradients that are its outputs.
type learner struct {
	weights, x, y, step, halt *kernels.Buffer
	kept                      []*kernels.Buffer
	forward, training         []kernels.Op
}

const (
	learnerRows, learnerInputs, learnerOutputs = 20, 13, 10 // the rounded weights are padded
	learnerWeights                             = 160
)

func newLearner() *learner {
	l := &learner{}
	value := func(name string, t kernels.Type, shape ...int) *kernels.Buffer {
		l.kept = append(l.kept, kernels.Kept(name, t, shape...))
		return l.kept[len(l.kept)-1]
	}
	l.weights, l.x = value("weights", kernels.Float32, learnerWeights), value("x", kernels.Float32, learnerRows, learnerInputs)
	l.y, l.step, l.halt = value("y", kernels.Float32, learnerRows, learnerOutputs), value("step", kernels.Int32, 1), value("halt", kernels.Int32, 1)
	dense := kernels.Dense{N: learnerRows, C: learnerInputs, K: learnerOutputs}
	w := l.weights.View("w", 8, learnerInputs, learnerOutputs)
	l.forward = []kernels.Op{kernels.DenseFprop{Dense: dense, X: l.x, W: w, Y: l.y}}
	rate := value("rate", kernels.Float32, 1)
	gradients := kernels.NewBuffer("gradients", kernels.Float32, learnerWeights)
	l.training = append(slices.Clone(l.forward),
		kernels.DenseDgrad{Dense: dense, DY: l.y, W: w, DX: value("dx", kernels.Float32, learnerRows, learnerInputs)},
		kernels.Zero{Y: gradients},
		kernels.DenseWgrad{Dense: dense, X: l.x, DY: l.y, DW: gradients.View("dw", 8, learnerInputs, learnerOutputs)},
		kernels.FiniteCheck{X: gradients, Step: l.step, Halt: l.halt},
		kernels.WeightDecay{Decay: 0.25, W: w, Rate: rate, Halt: l.halt},
		kernels.Adam{
			Beta1: 0.9, Beta2: 0.99, Epsilon: 1e-7, W: l.weights, M: value("m", kernels.Float32, learnerWeights), V: value("v", kernels.Float32, learnerWeights),
			DW: gradients, Rate: rate, Step: l.step, Halt: l.halt,
		})
	return l
}

// begin uploads what a training begins with.
func (l *learner) begin(t *testing.T, d Device) {
	for i, b := range l.kept {
		switch {
		case b == l.step:
			require.NoError(t, d.Upload(b, []int32{1}))
		case b.Name == "rate":
			require.NoError(t, d.Upload(b, []float32{0.0625}))
		case b == l.weights || b == l.x:
			require.NoError(t, d.Upload(b, numbers(b.Elements(), i+1)))
		case b.Type == kernels.Float32:
			require.NoError(t, d.Upload(b, make([]float32, b.Elements())))
		}
	}
}

// numbers are such that no precision has all of their bits.
func numbers(n, seed int) []float32 {
	list := make([]float32, n)
	for i := range list {
		list[i] = 1/float32(i*seed%97+3) - 0.1
	}
	return list
}

func downloaded(t *testing.T, d Device, b *kernels.Buffer) []float32 {
	t.Helper()
	values := make([]float32, b.Elements())
	require.NoError(t, d.Download(values, b))
	return values
}

// Weights that are rounded once and then by the optimizer are what they are if they are rounded in each step, whoever else changes the weights.
func TestGPURoundedWeightsFollow(t *testing.T) {
	for _, precision := range []kernels.Precision{kernels.FP32, kernels.TF32, kernels.BF16} {
		d := openForTest(t, Options{Sync: precision == kernels.BF16})
		l := newLearner()
		compile := func(ops []kernels.Op) Program {
			p, err := d.Compile(ops, CompileOptions{Precision: precision})
			require.NoError(t, err)
			return p
		}
		fresh := func() { // rounds anew
			weights := downloaded(t, d, l.weights)
			require.NoError(t, d.Upload(l.weights, weights))
		}
		// trained is a training in which each step is by the program that it names, with what comes before it.
		trained := func(before func(step int), programs ...Program) (values [][]float32) {
			l.begin(t, d)
			for step := range 6 {
				before(step)
				require.NoError(t, programs[step%len(programs)].Run())
				values = append(values, downloaded(t, d, l.y))
			}
			return append(values, downloaded(t, d, l.weights))
		}
		nothing := func(int) {}
		a, b, forward := compile(l.training), compile(l.training), compile(l.forward)
		want := trained(func(int) { fresh() }, a)
		assert.NotEqual(t, want[0], want[1])
		assert.Equal(t, want, trained(nothing, a), "%v", precision)
		assert.Equal(t, want, trained(nothing, a, b), "%v: two programs in turn", precision)
		assert.Equal(t, want[len(want)-2:], func() [][]float32 {
			l.begin(t, d)
			require.NoError(t, Repeat(b, 6))
			return [][]float32{downloaded(t, d, l.y), downloaded(t, d, l.weights)}
		}(), "%v: in one go", precision)

		// A program that changes the weights in another way, and one that sees the weights in between.
		twice := compile([]kernels.Op{kernels.Add{A: l.weights, B: l.weights, Y: l.weights}})
		seen := map[bool][][]float32{}
		for _, rounds := range []bool{true, false} {
			seen[rounds] = trained(func(step int) {
				if step == 2 {
					require.NoError(t, twice.Run())
				}
				if rounds {
					fresh()
				}
				require.NoError(t, forward.Run())
			}, a)
		}
		assert.Equal(t, seen[true], seen[false], "%v: changed by another program", precision)
		assert.NotEqual(t, want, seen[false])

		// Weights that come with a call, and a part of them that is uploaded.
		others := numbers(learnerWeights, 55)
		l.begin(t, d)
		require.NoError(t, d.Upload(l.weights, others))
		require.NoError(t, forward.Run())
		called := make([]float32, l.y.Elements())
		expected := downloaded(t, d, l.y)
		l.begin(t, d)
		require.NoError(t, forward.Run())
		require.NoError(t, Call(d, forward, []Transfer{{l.weights, others}}, []Transfer{{l.y, called}}))
		assert.Equal(t, expected, called, "%v: by a call", precision)
		l.begin(t, d)
		require.NoError(t, forward.Run())
		require.NoError(t, d.Upload(l.weights.View("some", 4, 150), others[4:154]))
		require.NoError(t, forward.Run())
		assert.Equal(t, expected, downloaded(t, d, l.y), "%v: a part", precision)
		require.NoError(t, d.Close())
	}
}

// Weights are rounded by a launch of their own only where something else than the program has changed them.
func TestGPURoundsWeightsOnce(t *testing.T) {
	simulatedOnly(t)
	d := openForTest(t, Options{Sync: true}) // which launches each kernel by itself
	defer d.Close()
	l := newLearner()
	p, err := d.Compile(l.training, CompileOptions{Precision: kernels.TF32})
	require.NoError(t, err)
	calls := func() int {
		before := driverapi.Called().All
		require.NoError(t, p.Run())
		return driverapi.Called().All - before
	}
	l.begin(t, d)
	require.NoError(t, p.Run()) // loads the kernels
	without := calls()
	for i := range 2 {
		require.NoError(t, d.Upload(l.weights, numbers(learnerWeights, 3+i)))
		assert.Greater(t, calls(), without)
		assert.Equal(t, without, calls())
	}
	_, err = p.Profile()
	require.NoError(t, err)
	assert.Equal(t, without, calls())
}
