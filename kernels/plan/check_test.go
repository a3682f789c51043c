package plan

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

func TestCheck(t *testing.T) {
	value := func(name string) *kernels.Buffer { return kernels.NewBuffer(name, kernels.Float32, 8) }
	input, output := kernels.Kept("input", kernels.Float32, 8), kernels.Kept("output", kernels.Float32, 8)
	a, b := value("a"), value("b")
	toA := kernels.Add{A: input, B: input, Y: a}
	for _, c := range []struct {
		name, err string
		ops       []kernels.Op
	}{
		{"in order", "", []kernels.Op{toA, kernels.Add{A: a, B: input, Y: output}}},
		{"in place", "", []kernels.Op{toA, kernels.Add{A: a, B: a, Y: a}}},
		{"a kept value may be read first", "", []kernels.Op{kernels.Add{A: output, B: input, Y: output}}},
		{"added to after zero", "", []kernels.Op{
			toA, kernels.Zero{Y: b}, kernels.BiasWgrad{M: 1, K: 8, DY: a, DB: b}, kernels.Add{A: b, B: b, Y: output}}},
		{"half by half", "", []kernels.Op{
			kernels.Zero{Y: a.View("left", 0, 4)}, kernels.Zero{Y: a.View("right", 4, 4)}, kernels.Add{A: a, B: a, Y: output}}},

		{"never written", `add: it reads b, "b" [8], which no op before it wrote`, []kernels.Op{toA, kernels.Add{A: a, B: b, Y: output}}},
		{"written later", `add: it reads a, "a" [8], which no op before it wrote`, []kernels.Op{kernels.Add{A: a, B: input, Y: output}, toA}},
		{"by itself alone", `add: it reads a, "a" [8], which no op before it wrote`, []kernels.Op{kernels.Add{A: a, B: input, Y: a}}},
		{"added to what is not there", `bias_wgrad: it reads db, "b" [8], which no op before it wrote`, []kernels.Op{
			toA, kernels.BiasWgrad{M: 1, K: 8, DY: a, DB: b}}},
		{"half", `add: it reads a, "a" [8], which no op before it wrote`, []kernels.Op{
			kernels.Zero{Y: a.View("left", 0, 4)}, kernels.Add{A: a, B: a, Y: output}}},
		{"other shape", `add: a is "input", float32[8]; it takes float32[4]`, []kernels.Op{
			kernels.Add{A: input, B: input, Y: kernels.NewBuffer("y", kernels.Float32, 4)}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.err == "" {
				assert.NoError(t, Check(c.ops))
				return
			}
			assert.EqualError(t, Check(c.ops), c.err)
		})
	}
}

func TestExtents(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var e extents
		var isWritten [20]bool
		for range r.IntN(8) {
			from := r.IntN(20)
			to := from + r.IntN(21-from)
			e = e.with(from, to)
			for i := from; i < to; i++ {
				isWritten[i] = true
			}
		}
		for from := range 20 {
			all := true
			for to := from; to <= 20; to++ {
				if to > from {
					all = all && isWritten[to-1]
				}
				require.Equal(t, all, e.cover(from, to), "%d to %d in %v", from, to, e)
			}
		}
	}
}
