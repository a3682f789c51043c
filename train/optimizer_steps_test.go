package train

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
)

// reference is an optimizer's step for one weight in float64, as Keras's documentation has it: it returns the new weight and keeps what it
// must in state, which begins as zeros.
type reference func(state *[3]float64, step int, w, gradient float64) float64

func sgdReference(rate, momentum float64, nesterov bool) reference {
	return func(state *[3]float64, _ int, w, g float64) float64 {
		velocity := &state[0]
		*velocity = momentum**velocity - rate*g
		if nesterov {
			return w + momentum**velocity - rate*g
		}
		return w + *velocity
	}
}

func adamReference(rate, beta1, beta2, epsilon float64) reference {
	return func(state *[3]float64, step int, w, g float64) float64 {
		m, v := &state[0], &state[1]
		*m = beta1**m + (1-beta1)*g
		*v = beta2**v + (1-beta2)*g*g
		t := float64(step)
		return w - rate*math.Sqrt(1-math.Pow(beta2, t))/(1-math.Pow(beta1, t))**m/(math.Sqrt(*v)+epsilon)
	}
}

func rmspropReference(rate, rho, momentum, epsilon float64, centered bool) reference {
	return func(state *[3]float64, _ int, w, g float64) float64 {
		square, mean, velocity := &state[0], &state[1], &state[2]
		*square = rho**square + (1-rho)*g*g
		*mean = rho**mean + (1-rho)*g
		spread := *square
		if centered {
			spread -= *mean * *mean
		}
		*velocity = momentum**velocity + rate*g/math.Sqrt(spread+epsilon)
		return w - *velocity
	}
}

func adagradReference(rate, initial, epsilon float64) reference {
	return func(state *[3]float64, step int, w, g float64) float64 {
		if step == 1 {
			state[0] = initial
		}
		state[0] += g * g
		return w - rate*g/math.Sqrt(state[0]+epsilon)
	}
}

func lionReference(rate, beta1, beta2 float64) reference {
	return func(state *[3]float64, _ int, w, g float64) float64 {
		m := &state[0]
		w -= math.Copysign(rate, beta1**m+(1-beta1)*g)
		*m = beta2**m + (1-beta2)*g
		return w
	}
}

// lambReference is a step for the weights of a parameter.
func lambReference(rate, beta1, beta2, epsilon float64) vectorReference {
	return func(states [][3]float64, step int, w, gradients []float64) {
		directions, w2, r2 := make([]float64, len(w)), 0.0, 0.0
		for i, g := range gradients {
			m, v := &states[i][0], &states[i][1]
			*m = beta1**m + (1-beta1)*g
			*v = beta2**v + (1-beta2)*g*g
			t := float64(step)
			r := *m / (1 - math.Pow(beta1, t)) / (math.Sqrt(*v/(1-math.Pow(beta2, t))) + epsilon)
			directions[i], w2, r2 = r, w2+w[i]*w[i], r2+r*r
		}
		for i, r := range directions {
			w[i] -= rate * math.Sqrt(w2/r2) * r
		}
	}
}

// vectorReference is reference for all weights of a parameter.
type vectorReference func(states [][3]float64, step int, w, gradients []float64)

func (r reference) ofEach() vectorReference {
	return func(states [][3]float64, step int, w, gradients []float64) {
		for i := range w {
			w[i] = r(&states[i], step, w[i], gradients[i])
		}
	}
}

// optimizerSteps has rows for every optimizer that is chosen by name, with their defaults and without.
var optimizerSteps = []struct {
	name      string
	optimizer Optimizer
	reference vectorReference
	decay     float64 // of the weights that decay, in each step
}{
	{"adam", Adam{}, adamReference(0.001, 0.9, 0.999, 1e-7).ofEach(), 0},
	{"adam, all set", Adam{LearningRate: 0.25, Beta1: 0.5, Beta2: 0.75, Epsilon: 0.125}, adamReference(0.25, 0.5, 0.75, 0.125).ofEach(), 0},
	{"rmsprop", RMSprop{}, rmspropReference(0.001, 0.9, 0, 1e-7, false).ofEach(), 0},
	{"rmsprop, all set", RMSprop{LearningRate: 0.25, Rho: 0.75, Momentum: 0.5, Epsilon: 0.125, Centered: true}, rmspropReference(0.25, 0.75, 0.5, 0.125, true).ofEach(), 0},
	{"sgd", SGD{}, sgdReference(0.01, 0, false).ofEach(), 0},
	{"sgd, momentum", SGD{LearningRate: 0.25, Momentum: 0.9}, sgdReference(0.25, 0.9, false).ofEach(), 0},
	{"sgd, Nesterov's momentum", SGD{LearningRate: 0.25, Momentum: 0.9, Nesterov: true}, sgdReference(0.25, 0.9, true).ofEach(), 0},
	{"adagrad", Adagrad{}, adagradReference(0.001, 0.1, 1e-7).ofEach(), 0},
	{"adagrad, all set", Adagrad{LearningRate: 0.25, Initial: 0.5, Epsilon: 0.125, WeightDecay: 0.25}, adagradReference(0.25, 0.5, 0.125).ofEach(), 0.0625},
	{"adamw", AdamW{}, adamReference(0.001, 0.9, 0.999, 1e-7).ofEach(), 0.000004},
	{"adamw, all set", AdamW{LearningRate: 0.25, WeightDecay: 0.5, Beta1: 0.5, Beta2: 0.75, Epsilon: 0.125}, adamReference(0.25, 0.5, 0.75, 0.125).ofEach(), 0.125},
	{"adam, weight decay", Adam{LearningRate: 0.25, WeightDecay: 0.5}, adamReference(0.25, 0.9, 0.999, 1e-7).ofEach(), 0.125},
	{"rmsprop, weight decay", RMSprop{LearningRate: 0.25, WeightDecay: 0.5}, rmspropReference(0.25, 0.9, 0, 1e-7, false).ofEach(), 0.125},
	{"sgd, weight decay", SGD{LearningRate: 0.25, WeightDecay: 0.5}, sgdReference(0.25, 0, false).ofEach(), 0.125},
	{"lamb", Lamb{}, lambReference(0.001, 0.9, 0.999, 1e-7), 0},
	{"lamb, all set", Lamb{LearningRate: 0.25, Beta1: 0.5, Beta2: 0.75, Epsilon: 0.125, WeightDecay: 0.25}, lambReference(0.25, 0.5, 0.75, 0.125), 0.0625},
	{"lion", Lion{}, lionReference(0.001, 0.9, 0.99).ofEach(), 0},
	{"lion, all set", Lion{LearningRate: 0.25, Beta1: 0.5, Beta2: 0.75, WeightDecay: 0.25}, lionReference(0.25, 0.5, 0.75).ofEach(), 0.0625},
}

// Ten steps of each optimizer are those of its formula.
func TestOptimizersStepAsTheirFormulas(t *testing.T) {
	d, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer d.Close()
	testOptimizerSteps(t, d)
}

func testOptimizerSteps(t *testing.T, d device.Device) {
	stepped := map[string]bool{}
	for _, row := range optimizerSteps {
		stepped[row.optimizer.Name()] = true
		t.Run(row.name, func(t *testing.T) { testTenSteps(t, d, row.optimizer, row.reference, row.decay) })
	}
	for _, name := range OptimizerNames() {
		assert.True(t, stepped[name], "no formula holds the optimizer %q: write its step for one weight and add rows to optimizerSteps in optimizer_steps_test.go", name)
	}
}

func testTenSteps(t *testing.T, d device.Device, o Optimizer, step vectorReference, decay float64) {
	const n, decayed, halted = 33, 20, 11
	params := [][2]int{{0, 7}, {7, decayed}, {decayed, n}}
	require.NoError(t, o.Check())
	float := func(name string, n int) *kernels.Buffer { return kernels.Kept(name, kernels.Float32, n) }
	u := Update{
		W: float("weights", n), DW: float("gradients", n), State: o.State(n), Rate: float("rate", 1),
		Step: kernels.Kept("step", kernels.Int32, 1), Halt: kernels.Kept("halt", kernels.Int32, 1),
	}
	for _, p := range params {
		u.Params = append(u.Params, u.W.View(fmt.Sprint(p), p[0], p[1]-p[0]))
	}
	u.Decayed = u.Params[:2]
	program, err := d.Compile(append([]kernels.Op{kernels.Tick{Step: u.Step}}, o.Update(u)...), device.CompileOptions{})
	require.NoError(t, err)
	defer func() { assert.NoError(t, program.Close()) }()

	rng := rand.New(rand.NewPCG(1, 2))
	want, states, got, gradients := make([]float64, n), make([][3]float64, n), make([]float32, n), make([]float32, n)
	for i := range got {
		got[i] = float32(rng.NormFloat64())
		want[i] = float64(got[i])
	}
	require.NoError(t, d.Upload(u.W, got))
	require.NoError(t, d.Upload(u.Rate, []float32{float32(o.Rate())}))
	for at := 1; at <= halted; at++ {
		exact := make([]float64, n)
		for i := range gradients {
			gradients[i] = float32(rng.NormFloat64())
			exact[i] = float64(gradients[i])
		}
		if at < halted {
			for i := range decayed {
				want[i] -= decay * want[i]
			}
			for _, p := range params {
				step(states[p[0]:p[1]], at, want[p[0]:p[1]], exact[p[0]:p[1]])
			}
		}
		if at == halted { // from here on nothing may change
			require.NoError(t, d.Upload(u.Halt, []int32{halted}))
		}
		require.NoError(t, d.Upload(u.DW, gradients))
		require.NoError(t, program.Run())
		require.NoError(t, d.Download(got, u.W))
		for i := range got {
			require.InDelta(t, want[i], got[i], 2e-6*(1+math.Abs(want[i])), "weight %d after step %d", i, at)
		}
	}
}
