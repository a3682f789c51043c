package kerneltest

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"

	"cnn-gpu/kernels"
)

// Case is a short list of ops with the contents of the buffers that outlive its run.
type Case struct {
	Name string // the group and, behind a slash, what is special
	Ops  []kernels.Op

	isInteger bool                         // every sum and product is exact in float32, in any order
	before    func() memory[float64]       // what the kept buffers hold, but for those that are only written
	after     *memo[string, memory[Value]] // what they must hold after the run, by the algorithms of the ops
}

// Result is the worst element of a case: the one whose error is the largest part of its bound.
type Result struct {
	Ratio            float64 // |Got − Want| / Bound: at most 1 if the device is right; infinite where a bound of 0 is missed
	Buffer           string
	Index            int
	Got, Want, Bound float64
}

// newCase returns a case of one op, whose kept buffers hold what fill says, by the buffer's or else the operand's name, and small random
// numbers otherwise.
func newCase(name string, op kernels.Op, fill map[string]contents) Case {
	return newListCase(name, []kernels.Op{op}, fill)
}

// newIntegerCase is newCase for small integers: every sum and product is exact in float32 in any order, and the results must be the very
// same numbers.
func newIntegerCase(name string, op kernels.Op, fill map[string]contents) Case {
	return newIntegerListCase(name, []kernels.Op{op}, fill)
}

// newListCase is newCase for several ops.
func newListCase(name string, ops []kernels.Op, fill map[string]contents) Case {
	return makeCase(name, ops, fill, reals)
}

// newIntegerListCase is newIntegerCase for several ops.
func newIntegerListCase(name string, ops []kernels.Op, fill map[string]contents) Case {
	c := makeCase(name, ops, fill, integers)
	c.isInteger = true
	return c
}

func makeCase(name string, ops []kernels.Op, fill map[string]contents, otherwise contents) Case {
	c := Case{Ops: ops, after: &memo[string, memory[Value]]{}}
	c.Name = c.Group() + "/" + name
	c.before = sync.OnceValue(func() memory[float64] { return fillBuffers(ops, c.Name, fill, otherwise) })
	return c
}

// Group is the name of the op, or those of the list's ops.
func (c Case) Group() string {
	var names []string
	for _, op := range c.Ops {
		names = append(names, op.Name())
	}
	return strings.Join(names, "+")
}

// Cost is what one run takes if each op runs by itself.
func (c Case) Cost() kernels.Cost {
	var total kernels.Cost
	for _, op := range c.Ops {
		total = total.Add(op.Cost())
	}
	return total
}

// Memory returns new memory for each kept buffer, filled as before a run.
func (c Case) Memory() map[*kernels.Buffer]kernels.Mem { return inner(c.guarded()) }

// wants is what the kept buffers must hold after a run in which the ops were computed by the given algorithms.
func (c Case) wants(algorithms []string) (memory[Value], error) {
	if len(algorithms) != len(c.Ops) {
		return nil, fmt.Errorf("the runner names %d algorithms for %d ops", len(algorithms), len(c.Ops))
	}
	return c.after.get(strings.Join(algorithms, "\n"), func() (memory[Value], error) {
		m := memory[Value]{}
		for b, values := range c.before() {
			m[b] = exacts(values)
		}
		for i, op := range c.Ops {
			if at := c.foldedInto(i, algorithms); at > i {
				if err := c.computeFolded(m, i, at, algorithms); err != nil {
					return nil, err
				}
			}
			if algorithms[i] == folded {
				continue
			}
			if err := c.compute(m, op, algorithms[i]); err != nil {
				return nil, err
			}
		}
		kept := memory[Value]{}
		for _, b := range keptBuffers(c.Ops) {
			kept[b] = m.valuesOf(b)
		}
		return kept, nil
	})
}

// compute runs an op on what is in m. Integers stay exact unless the algorithm's coefficients round.
func (c Case) compute(m memory[Value], op kernels.Op, algorithm string) error {
	in := m.operands(op)
	out, err := compute(op, algorithm, in)
	if err != nil {
		return err
	}
	if c.isInteger && !slices.ContainsFunc(in, func(values []Value) bool { return !areExact(values) }) {
		out = asIntegers(op, algorithm, in, out)
	}
	operands := op.Operands()
	for i, values := range out {
		if values == nil {
			continue
		}
		dst := m.valuesOf(operands[i].Buffer)
		if len(values) != len(dst) {
			return fmt.Errorf("the oracle gives %d elements of %s%v", len(values), operands[i].Name, operands[i].Buffer.Shape)
		}
		copy(dst, values)
	}
	return nil
}

// Check runs the case and compares every element of every kept buffer with the oracle. The error names the worst element if the device is
// wrong.
func (c Case) Check(r Runner) (Result, error) {
	fail := func(format string, a ...any) error {
		return fmt.Errorf("kerneltest: %s: %w", c.Name, fmt.Errorf(format, a...))
	}
	guards := c.guarded()
	algorithms, err := r.Run(c.Ops, inner(guards))
	if err != nil {
		return Result{}, fail("%w", err)
	}
	wants, err := c.wants(algorithms)
	if err != nil {
		return Result{}, fail("%w", err)
	}
	worst := Result{Ratio: -1}
	for _, b := range keptBuffers(c.Ops) {
		guard := guards[b]
		if at, isIntact := guard.isIntact(); !isIntact {
			return Result{}, fail("%s%v: element %d, beyond its end, was written", b.Name, b.Shape, at)
		}
		for at, v := range wants[b] {
			got := guard.at(at)
			if ratio := v.ratio(got); ratio > worst.Ratio {
				worst = Result{ratio, b.Name, at, got, v.Want, v.Bound}
			}
		}
	}
	if worst.Ratio > 1 {
		return worst, fail("%s[%d] is %v, want %v ± %.3g", worst.Buffer, worst.Index, worst.Got, worst.Want, worst.Bound)
	}
	return worst, nil
}

// ratio is the error of got as a part of the bound. Zeros of either sign are equal, and so are NaNs.
func (v Value) ratio(got float64) float64 {
	distance := math.Abs(got - v.Want)
	switch {
	case got == v.Want, math.IsNaN(got) && math.IsNaN(v.Want):
		return 0
	case math.IsNaN(distance), math.IsInf(distance, 0), v.Bound == 0, math.IsNaN(v.Bound), math.IsInf(v.Bound, 0):
		return math.Inf(1) // without a bound nothing is proven
	}
	return distance / v.Bound
}

// memo keeps what was computed once for each key.
type memo[K comparable, V any] struct {
	mutex sync.Mutex
	known map[K]V
}

func (m *memo[K, V]) get(key K, compute func() (V, error)) (V, error) {
	m.mutex.Lock()
	defer m.mutex.Unlock()
	if v, isKnown := m.known[key]; isKnown {
		return v, nil
	}
	v, err := compute()
	if err != nil {
		return v, err
	}
	if m.known == nil {
		m.known = map[K]V{}
	}
	m.known[key] = v
	return v, nil
}
