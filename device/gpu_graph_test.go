//go:build cuda && cgo

package device

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
	"cnn-gpu/kernels"
)

// branches is a list with ops that need not wait for each other, and with state that each run goes on from.
func branches() (ops []kernels.Op, state []*kernels.Buffer) {
	const n = 1000
	kept := func(name string) *kernels.Buffer {
		b := kernels.Kept(name, kernels.Float32, n)
		state = append(state, b)
		return b
	}
	x, sum, dw := kept("x"), kept("sum"), kept("dw")
	a, b, c := kernels.NewBuffer("a", kernels.Float32, n), kernels.NewBuffer("b", kernels.Float32, n), kernels.NewBuffer("c", kernels.Float32, n)
	tanh := kernels.Activation{Function: kernels.Tanh}
	return []kernels.Op{
		kernels.Zero{Y: dw},
		kernels.ActivationFprop{Activation: tanh, X: x, Y: a},
		kernels.BiasWgrad{M: 1, K: n, DY: a, DB: dw}, // beside the next two
		kernels.Add{A: a, B: a, Y: b},
		kernels.Add{A: b, B: sum, Y: sum},
		kernels.ActivationFprop{Activation: tanh, X: b, Y: c},
		kernels.Add{A: c, B: dw, Y: x},
	}, state
}

// runBranches runs the list so many times from the same state, by a function of the compiled program, and gives the state that comes of it.
func runBranches(t *testing.T, o Options, run func(d *gpu, p *gpuProgram) error) (values [][]float32) {
	t.Helper()
	d := openForTest(t, o)
	defer func() { require.NoError(t, d.Close()) }()
	ops, state := branches()
	p, err := d.Compile(ops, CompileOptions{})
	require.NoError(t, err)
	start := make([]float32, 1000)
	for i := range start {
		start[i] = float32(i%11) / 8
	}
	for _, b := range state {
		require.NoError(t, d.Upload(b, start))
	}
	require.NoError(t, run(d.(*gpu), p.(*gpuProgram)))
	for _, b := range state {
		host := make([]float32, 1000)
		require.NoError(t, d.Download(host, b))
		values = append(values, host)
	}
	return values
}

// A graph computes what launches one by one do, whatever it runs at the same time, and a graph of several runs what so many runs do.
func TestGPUGraphWithBranches(t *testing.T) {
	const runs = 4
	again := func(d *gpu, p *gpuProgram) error {
		for range runs {
			if err := p.Run(); err != nil {
				return err
			}
		}
		return nil
	}
	want := runBranches(t, Options{Sync: true}, again)
	for _, order := range []string{"forward", "reverse", "random:1", "random:2"} {
		t.Setenv(SimOrderEnv, order)
		assert.Equal(t, want, runBranches(t, Options{}, again), order)
		assert.Equal(t, want, runBranches(t, Options{}, func(d *gpu, p *gpuProgram) error {
			return d.do(func() error {
				g, err := p.graphOf(runs)
				if err != nil {
					return err
				}
				return errors.Join(g.Launch(d.stream), d.stream.Synchronize(), g.Close())
			})
		}), "%s: all in one graph", order)
	}
}

// Whichever edge is forgotten, the simulated GPU finds the two launches that then race, in whatever order it runs them.
func TestGPUFindsForgottenEdges(t *testing.T) {
	simulatedOnly(t)
	for _, order := range []string{"forward", "reverse", "random:1"} {
		t.Setenv(SimOrderEnv, order)
		for edge := 0; ; edge++ {
			forgotten, n := "", 0
			err := func() error {
				d := openForTest(t, Options{})
				defer d.Close()
				ops, _ := branches()
				compiled, err := d.Compile(ops, CompileOptions{})
				require.NoError(t, err)
				require.NoError(t, compiled.Run()) // so that nothing is found for not having been written
				p := compiled.(*gpuProgram)
				return d.(*gpu).do(func() error {
					for i, list := range p.edges.Within {
						for at, b := range list {
							if n++; n == edge+1 {
								forgotten = fmt.Sprintf("%s after %s", describe(p.schedule.Ops[i]), describe(p.schedule.Ops[b]))
								p.edges.Within[i] = slices.Delete(slices.Clone(list), at, at+1)
							}
						}
					}
					g, err := p.graphOf(1)
					if err != nil {
						return err
					}
					return errors.Join(g.Launch(p.gpu.stream), driver.Explain(p.gpu.stream.Synchronize()))
				})
			}()
			if forgotten == "" {
				require.NoError(t, err)
				require.Equal(t, 7, edge, "edges")
				break
			}
			assert.ErrorContains(t, err, string(sim.LaunchRace), forgotten)
			assert.ErrorContains(t, err, "nothing orders the two launches", forgotten)
		}
	}
}

func TestStagesOfASchedule(t *testing.T) {
	ops, _ := branches()
	s, err := NewSchedule("sim:h200", Options{}, ops, CompileOptions{})
	require.NoError(t, err)
	stages := map[string]int{}
	for _, op := range s.Ops {
		stages[describe(op)] = op.Stage
	}
	assert.Equal(t, map[string]int{
		`zero to "dw" [1000]`: 1, `activation_fprop to "a" [1000]`: 1, `bias_wgrad to "dw" [1000]`: 2, `add to "b" [1000]`: 2,
		`add to "sum" [1000]`: 3, `activation_fprop to "c" [1000]`: 3, `add to "x" [1000]`: 4,
	}, stages)
	assert.Equal(t, 4, s.Stages)
	assert.Equal(t, 8, s.Launches, "the gradient by the bias takes two")
}
