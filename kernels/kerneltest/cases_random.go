package kerneltest

import (
	"fmt"
	"math/rand/v2"

	"cnn-gpu/kernels"
)

// randomCases draws small shapes from a fixed seed, so that the table is the same for ever.
func randomCases() []Case {
	r := rand.New(rand.NewPCG(20, 26))
	between := func(lo, hi int) int { return lo + r.IntN(hi-lo+1) }
	pair := func(lo, hi int) [2]int { return [2]int{between(lo, hi), between(lo, hi)} }
	var cases []Case
	seen := map[string]bool{}
	keep := func(name string, list []Case) {
		if !seen[name] {
			seen[name] = true
			cases = append(cases, list...)
		}
	}
	for range 40 {
		s := convShape{
			n: between(1, 4), h: between(1, 12), w: between(1, 12), c: between(1, 9), k: between(1, 20),
			size: pair(1, 4), stride: pair(1, 3), dilation: pair(1, 3), padding: kernels.Padding(r.IntN(2)),
		}
		if s.padding == kernels.Valid {
			s.h += (s.size[0] - 1) * s.dilation[0]
			s.w += (s.size[1] - 1) * s.dilation[1]
		}
		keep(s.String(), s.cases())
	}
	for range 20 {
		s := poolShape{
			n: between(1, 3), h: between(1, 12), w: between(1, 12), c: between(1, 9),
			size: pair(1, 4), stride: pair(1, 4), dilation: [2]int{1, 1}, padding: kernels.Padding(r.IntN(2)),
		}
		if s.padding == kernels.Valid {
			s.h += s.size[0] - 1
			s.w += s.size[1] - 1
		}
		keep(s.String(), s.cases())
	}
	for range 15 {
		g := kernels.Dense{N: between(1, 40), C: between(1, 40), K: between(1, 40)}
		keep(fmt.Sprint(g), denseCasesOf(g))
	}
	return cases
}
