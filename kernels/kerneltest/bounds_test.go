package kerneltest

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/internal/winograd"
)

// A device may err by the whole bound of each op, up or down, and the next op begins from there: the bounds at the end of a list must hold
// all the same.
func TestBoundsHoldForErrorsOnTheWay(t *testing.T) {
	algorithms := []string{"", "tf32", "bf16"}
	for _, a := range winograd.Algorithms() {
		algorithms = append(algorithms, a.String())
	}
	lists := 0
	for _, c := range Cases() {
		if len(c.Ops) < 2 || c.Cost().FLOPs > 300_000 {
			continue
		}
		for _, a := range algorithms {
			names, areAny := namesFor(c.Ops, a)
			_, isWinograd := winograd.Named(a)
			if a != "" && !areAny || isWinograd && strings.HasSuffix(c.Name, "_nan") {
				continue
			}
			lists++
			want, err := c.wants(names)
			require.NoError(t, err, "%s, %v", c.Name, names)
			for seed := range uint64(2) {
				got := c.inaccurate(t, names, rand.New(rand.NewPCG(seed, 0)))
				for _, b := range keptBuffers(c.Ops) {
					for i, v := range got[b] {
						w := want[b][i]
						w.Bound += 1e-12*w.Bound + 1e-13*math.Abs(w.Want) // what float64 itself rounds
						if w.ratio(v) > 1 {
							require.Fail(t, fmt.Sprintf("%s, %v: %s[%d] is %v, want %v ± %v", c.Name, names, b.Name, i, v, w.Want, w.Bound))
						}
					}
				}
			}
		}
	}
	assert.Greater(t, lists, 400)
}

// namesFor gives the algorithm to each op that it can compute.
func namesFor(ops []kernels.Op, algorithm string) (names []string, areAny bool) {
	_, isPrecision := precisionNamed(algorithm)
	_, isWinograd := winograd.Named(algorithm)
	for _, op := range ops {
		g, isConvolution := convolution(op)
		can := isWinograd && isConvolution && fits(g) || isPrecision && (factorsOf(op) != nil || slices.ContainsFunc(op.Operands(), mayBeStoredNarrow))
		name := ""
		if can {
			name, areAny = algorithm, true
		}
		names = append(names, name)
	}
	return names, areAny
}

func convolution(op kernels.Op) (g kernels.Conv2D, ok bool) {
	switch op := op.(type) {
	case kernels.Conv2DFprop:
		return op.Conv2D, true
	case kernels.Conv2DDgrad:
		return op.Conv2D, true
	case kernels.Conv2DWgrad:
		return op.Conv2D, true
	}
	return g, false
}

// inaccurate runs the case on a device that errs as much as each op may.
func (c Case) inaccurate(t *testing.T, algorithms []string, r *rand.Rand) memory[float64] {
	m := memory[float64]{}
	for b, values := range c.before() {
		copy(m.valuesOf(b), values)
	}
	for at, op := range c.Ops {
		in := m.operands(op)
		values := make([][]Value, len(in))
		for i, v := range in {
			values[i] = exacts(v)
		}
		out, err := compute(op, algorithms[at], values)
		require.NoError(t, err)
		isExact := c.isInteger
		for _, v := range in {
			for _, x := range v {
				isExact = isExact && (4*x == math.Trunc(4*x) || math.IsNaN(x)) // an average of four integers is as exact as they are
			}
		}
		if isExact {
			out = asIntegers(op, algorithms[at], values, out)
		}
		for i, list := range out {
			if list == nil {
				continue
			}
			dst := m.valuesOf(op.Operands()[i].Buffer)
			for j, v := range list {
				dst[j] = v.Want + v.Bound*float64(2*r.IntN(2)-1)
			}
		}
	}
	return m
}

// TestErrorsGrowByHand counts out how errors of an op's operands go on.
func TestErrorsGrowByHand(t *testing.T) {
	there := kernels.NewBuffer("there", kernels.Float32, 1)
	window := must(kernels.NewWindow([2]int{1, 4}, [2]int{1, 4}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid))
	pool := func(k kernels.PoolKind) kernels.Op {
		return kernels.Pool2DFprop{Pool2D: kernels.Pool2D{Kind: k, N: 1, C: 1, Window: window}, X: there, Y: there, Index: there}
	}
	relu := kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.ReLU}, X: there, Y: there}
	reluDgrad := kernels.ActivationDgrad{Activation: kernels.Activation{Function: kernels.ReLU}, V: there, DY: there, DX: there}
	largest := kernels.Binary{Function: kernels.Maximum, N: 3, M: 1, K: 1}
	maximum := kernels.BinaryFprop{Binary: largest, A: there, B: there, Y: there}
	maximumDgrad := kernels.BinaryDgrad{Binary: largest, A: there, B: there, DY: there, DA: there, DB: there}
	type list = []Value
	poolDgrad := kernels.Pool2DDgrad{Pool2D: pool(kernels.MaxPool).(kernels.Pool2DFprop).Pool2D, DY: there, Index: there, DX: there}
	for _, c := range []struct {
		name string
		op   kernels.Op
		in   [][]Value
		want map[int]list // by operand, within what float32 rounds
	}{
		{"a maximum that others may be", pool(kernels.MaxPool), [][]Value{{{5, 0.5}, {7, 1}, {4, 2.5}, {2, 8}}, nil, nil},
			map[int]list{1: {{7, 8}}, 2: {{1, 2}}}},
		{"a maximum that no other is", pool(kernels.MaxPool), [][]Value{{{5, 0.5}, {7, 1}, {3, 2}, {-9, 8}}, nil, nil},
			map[int]list{1: {{7, 1}}, 2: {{1, 0}}}},
		{"a minimum that another may be", pool(kernels.MinPool), [][]Value{{{5, 0.5}, {9, 6}, {7, 1}, {3, 0}}, nil, nil},
			map[int]list{1: {{3, 6}}, 2: {{3, 2}}}},
		{"the first of equal zeros", pool(kernels.MaxPool), [][]Value{{{0, 0}, {0, 0}, {0, 0}, {-1, 0.5}}, nil, nil},
			map[int]list{1: {{0, 0}}, 2: {{0, 0}}}},
		{"the gradient of a place that others may be", poolDgrad, [][]Value{{{5, 0.5}}, {{2, 1}}, nil}, map[int]list{2: {{0, 0}, {0, 5.5}, {5, 6}, {0, 5.5}}}},
		{"an average", pool(kernels.AveragePool), [][]Value{{{1, 1}, {2, 2}, {3, 0}, {6, 1}}, nil, nil}, map[int]list{1: {{3, 1}}}},
		{"relu", relu, [][]Value{{{3, 1}, {-3, 1}, {-1, 2}, {1, 2}}, nil}, map[int]list{1: {{3, 1}, {0, 0}, {0, 2}, {1, 2}}}},
		{"tanh", kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.Tanh}, X: there, Y: there}, [][]Value{{{0, 0.25}}, nil}, map[int]list{1: {{0, 0.25}}}},
		{"sigmoid", kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.Sigmoid}, X: there, Y: there}, [][]Value{{{0, math.Ln2}}, nil},
			map[int]list{1: {{0.5, 0.5}}}}, // 1/(1 + e^0), where e^0 may be up to 2
		{"relu's gradient", reluDgrad, [][]Value{{{3, 1}, {-3, 1}, {-1, 2}, {1, 2}, {0, 0}}, {{5, 0}, {6, 0}, {7, 0}, {-8, 1}, {9, 0}}, nil},
			map[int]list{2: {{5, 0}, {0, 0}, {0, 7}, {-8, 9}, {0, 0}}}},
		{"a product of two", kernels.BinaryFprop{Binary: kernels.Binary{Function: kernels.Multiply, N: 1, M: 2, K: 1}, A: there, B: there, Y: there},
			[][]Value{{{3, 1}, {-2, 0}}, {{5, 0.5}}, nil}, map[int]list{2: {{15, 5 + 1.5 + 0.5}, {-10, 1}}}},
		{"a maximum of two", maximum, [][]Value{{{3, 1}, {3, 1}, {3, 0}}, {{4, 2}, {9, 2}, {3, 0}}, nil}, map[int]list{2: {{4, 2}, {9, 2}, {3, 0}}}},
		{"its gradients", maximumDgrad, [][]Value{{{3, 1}, {3, 1}, {3, 0}}, {{4, 2}, {9, 2}, {3, 0}}, {{7, 1}, {7, 1}, {7, 1}}, nil, nil},
			map[int]list{3: {{0, 8}, {0, 0}, {7, 1}}, 4: {{7, 8}, {7, 1}, {0, 0}}}},
		{"rescaled", kernels.Rescale{Scale: -3, Offset: 1, X: there, Y: there}, [][]Value{{{2, 1}, {0, 0.5}}, nil}, map[int]list{1: {{-5, 3}, {1, 1.5}}}},
		{"a product", kernels.DenseFprop{Dense: kernels.Dense{N: 1, C: 2, K: 1}, X: there, W: there, B: there, Y: there},
			[][]Value{{{3, 1}, {-2, 0.5}}, {{-4, 0}, {10, 2}}, {{1, 0.25}}, nil}, map[int]list{3: {{-31, 4 + 4 + 5 + 1 + 0.25}}}},
	} {
		out, err := compute(c.op, "", c.in)
		require.NoError(t, err, c.name)
		for i, want := range c.want {
			require.Len(t, out[i], len(want), c.name)
			for j, w := range want {
				assert.Equal(t, w.Want, out[i][j].Want, "%s [%d]", c.name, j)
				assert.InDelta(t, w.Bound, out[i][j].Bound, 1e-5, "%s [%d]", c.name, j)
			}
		}
	}
}

// Where no product adds to a bias or to what a gradient is added to, it is not rounded; where one does, it is.
func TestWinogradRoundsWhatItAddsTo(t *testing.T) {
	s := convShape{1, 3, 3, 1, 1, [2]int{3, 3}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid}
	fprop, dgrad, wgrad := s.ops()
	nine, one := make([]Value, 9), []Value{{1, 0}}
	ofOne := exacts([]float64{1, 0, 0, 0, 0, 0, 0, 0, 0})
	for _, a := range winograd.Algorithms() {
		out, err := compute(fprop, a.String(), [][]Value{nine, ofOne, one, nil})
		require.NoError(t, err)
		assert.Equal(t, Value{1, 0}, out[3][0])
		out, err = compute(fprop, a.String(), [][]Value{ofOne, nine, one, nil})
		require.NoError(t, err)
		assert.GreaterOrEqual(t, out[3][0].Bound, unit)
		out, err = compute(dgrad, a.String(), [][]Value{{{0, 0}}, ofOne, nil})
		require.NoError(t, err)
		assert.Equal(t, nine, out[2])

		dw := exacts([]float64{1, 1, 1, 1, 1, 1, 1, 1, 1})
		out, err = compute(wgrad, a.String(), [][]Value{ofOne, {{3, 0}}, dw})
		require.NoError(t, err)
		assert.GreaterOrEqual(t, out[2][0].Bound, unit)
		assert.Equal(t, dw[1:], out[2][1:])
		out, err = compute(wgrad, a.String(), [][]Value{{{0, 1}, {}, {}, {}, {}, {}, {}, {}, {}}, {{3, 0}}, dw})
		require.NoError(t, err)
		assert.GreaterOrEqual(t, out[2][0].Bound, 3.0, "a zero that may be none")
	}
}

// Where nobody has written down how an error grows, there is no bound, rather than a wrong one.
func TestNoBoundIsMadeUp(t *testing.T) {
	there := kernels.NewBuffer("there", kernels.Float32, 1)
	_, err := compute(kernels.SoftmaxFprop{N: 1, K: 2, X: there, Y: there}, "", [][]Value{{{1, 0}, {2, 1e-9}}, nil})
	require.ErrorContains(t, err, "softmax_fprop: the oracle has no bound for an error of x")
	assert.ErrorContains(t, err, "oracle_*.go")
	window := must(kernels.NewWindow([2]int{1, 2}, [2]int{1, 2}, [2]int{1, 1}, [2]int{1, 1}, kernels.Valid))
	pool := kernels.Pool2DDgrad{Pool2D: kernels.Pool2D{N: 1, C: 1, Window: window}, DY: there, Index: there, DX: there}
	_, err = compute(kernels.ActivationFprop{Activation: kernels.Activation{Function: 200}, X: there, Y: there}, "", [][]Value{{{1, 0}}, nil})
	assert.ErrorContains(t, err, "kernels.Function 200")
	_, err = compute(kernels.BinaryFprop{Binary: kernels.Binary{Function: 200, N: 1, M: 1, K: 1}, A: there, B: there, Y: there}, "", [][]Value{{{1, 0}}, {{1, 0}}, nil})
	assert.ErrorContains(t, err, "kernels.BinaryFunction 200")
	pool.Kind = 99
	_, err = compute(pool, "", [][]Value{{{1, 0}}, {{0, 0}}, nil})
	assert.ErrorContains(t, err, "kernels.PoolKind 99")
}
