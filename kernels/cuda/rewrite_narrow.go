package cuda

import (
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// narrowFactors rounds the factors of products, each value once in each form that it is taken in.
func narrowFactors(p kernels.Precision) rewrite.Pass {
	return rewrite.Pass{
		Name:   "narrow-factors",
		Does:   "round what tensor cores multiply to " + p.String() + ", once for all products that take it",
		Rounds: true,
		Run: func(l *rewrite.List) (times int) {
			type key struct {
				value *kernels.Buffer
				form  form
			}
			type made struct {
				value *kernels.Buffer
				at    int
			}
			known := map[key]made{}
			for i := 0; i < len(l.Ops); i++ {
				op, ok := l.Ops[i].(product)
				if !ok {
					continue
				}
				var values []*kernels.Buffer
				for _, f := range op.factors() {
					if f.value.Type == kernels.BFloat16 {
						values = append(values, f.value)
						continue
					}
					k := key{f.value, f.form}
					m, ok := known[k]
					if !ok || l.IsWritten(f.value, m.at, i) {
						m = made{kernels.NewBuffer(f.value.Name+" in "+p.String(), typeOf(p), f.form.shape()...), i}
						l.Insert(i, narrow{form: f.form, Precision: p, X: f.value, Y: m.value})
						known[k] = m
						times++
						i++
					}
					values = append(values, m.value)
				}
				l.Ops[i] = op.withFactors(values)
			}
			return times
		},
	}
}
