//go:build cuda && cgo

package device

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// Training halts before Adam changes anything where a part of a gradient is not finite, or so large that the sum of 128 might not be; the first step
// that halts is the one that is told.
func TestGPUHaltsAtParts(t *testing.T) {
	d := openForTest(t, Options{})
	defer d.Close()
	const n, c, k = 40, 6, 7
	gradients := kernels.NewBuffer("gradients", kernels.Float32, 64)
	kept := func(name string, shape ...int) *kernels.Buffer { return kernels.Kept(name, kernels.Float32, shape...) }
	x, dy, w, rate := kept("x", n, c), kept("dy", n, k), kept("w", 64), kept("rate", 1)
	step, halt := kernels.Kept("step", kernels.Int32, 1), kernels.Kept("halt", kernels.Int32, 1)
	ops := []kernels.Op{
		kernels.Zero{Y: gradients},
		kernels.DenseWgrad{Dense: kernels.Dense{N: n, C: c, K: k}, X: x, DY: dy, DW: gradients.View("dw", 0, c, k)},
		kernels.BiasWgrad{M: n, K: k, DY: dy, DB: gradients.View("db", 48, k)},
		kernels.FiniteCheck{X: gradients, Step: step, Halt: halt},
		kernels.Adam{Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-7, W: w, M: kept("m", 64), V: kept("v", 64), DW: gradients, Rate: rate, Step: step, Halt: halt},
	}
	for _, precision := range []kernels.Precision{kernels.FP32, kernels.TF32, kernels.BF16} {
		p, err := d.Compile(ops, CompileOptions{Precision: precision})
		require.NoError(t, err)
		for _, c := range []struct {
			dy     float64 // of one example
			halted int32   // before the step
			want   int32
		}{
			{1, 0, 0}, {math.NaN(), 0, 5}, {math.Inf(-1), 0, 5}, {math.Inf(1), 3, 3}, {1, 3, 3}, {0x1p119, 0, 0}, {-0x1p121, 0, 5},
		} {
			if precision == kernels.FP32 && math.Abs(c.dy) == 0x1p121 {
				c.want = 0 // it checks the sum itself
			}
			name := fmt.Sprint(precision, c)
			gradient := slices.Repeat([]float32{0.5}, dy.Elements())
			gradient[17*k+3] = float32(c.dy)
			before := slices.Repeat([]float32{2}, 64)
			for b, v := range map[*kernels.Buffer]any{
				x: slices.Repeat([]float32{1}, x.Elements()), dy: gradient, w: before, rate: []float32{1}, step: []int32{5}, halt: []int32{c.halted},
			} {
				require.NoError(t, d.Upload(b, v))
			}
			require.NoError(t, p.Run())
			var halted [1]int32
			after := make([]float32, 64)
			require.NoError(t, d.Download(halted[:], halt))
			require.NoError(t, d.Download(after, w))
			assert.Equal(t, c.want, halted[0], name)
			if c.want != 0 {
				assert.Equal(t, before, after, name)
			} else {
				assert.Less(t, after[0], float32(2), name)
				assert.Less(t, after[48], float32(2), name)
				assert.Equal(t, float32(2), after[47], name)
			}
		}
		require.NoError(t, p.Close())
	}
}
