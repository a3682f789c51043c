package kerneltest

import (
	"fmt"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"sync"

	"cnn-gpu/kernels"
)

// Case is an op with the contents of its operands.
type Case struct {
	Name string
	Op   kernels.Op

	before func() [][]float64        // what the operands hold, nil for what is only written
	after  func() ([][]Value, error) // what they must hold after the run, nil for what is not written
}

// Result is the worst element of a case: the one whose error is the largest part of its bound.
type Result struct {
	Ratio            float64 // |Got − Want| / Bound: at most 1 if the device is right; infinite where a bound of 0 is missed
	Operand          string
	Index            int
	Got, Want, Bound float64
}

// contents gives the elements of an operand.
type contents func(r *rand.Rand, i int) float64

// newCase returns a case whose operands hold what fill says, by operand name, and small random numbers otherwise.
func newCase(name string, op kernels.Op, fill map[string]contents) Case {
	return makeCase(name, op, fill, func(v Value) Value { return v })
}

// newIntegerCase returns a case whose operands are small integers, so that every sum and product is exact in float32 in any
// order and the results must be the very same numbers.
func newIntegerCase(name string, op kernels.Op, fill map[string]contents) Case {
	all := map[string]contents{}
	for _, o := range op.Operands() {
		all[o.Name] = integers
	}
	for name, f := range fill {
		all[name] = f
	}
	return makeCase(name, op, all, func(v Value) Value { return exact(v.Want) })
}

func makeCase(name string, op kernels.Op, fill map[string]contents, bound func(Value) Value) Case {
	before := sync.OnceValue(func() [][]float64 { return fillOperands(op, name, fill) })
	after := sync.OnceValues(func() ([][]Value, error) {
		after, err := Compute(op, before())
		for _, values := range after {
			for i, v := range values {
				values[i] = bound(v)
			}
		}
		return after, err
	})
	return Case{op.Name() + "/" + name, op, before, after}
}

// fillOperands gives the operands' contents, rounded to their type. Operands that share a buffer share its contents, and what
// is only written is nil.
func fillOperands(op kernels.Op, name string, fill map[string]contents) [][]float64 {
	var before [][]float64
	filled := map[*kernels.Buffer][]float64{}
	for _, o := range op.Operands() {
		if o.Buffer == nil || o.Access == kernels.Write {
			before = append(before, nil)
			continue
		}
		values, isFilled := filled[o.Buffer]
		if !isFilled {
			f := fill[o.Name]
			if f == nil {
				f = reals
			}
			seed := fnv.New64a()
			fmt.Fprint(seed, op.Name(), name, o.Name)
			r := rand.New(rand.NewPCG(seed.Sum64(), 0))
			values = make([]float64, o.Buffer.Elements())
			for i := range values {
				values[i] = float64(float32(f(r, i)))
			}
			filled[o.Buffer] = values
		}
		before = append(before, values)
	}
	return before
}

// Memory returns new memory for each operand, filled as before a run.
func (c Case) Memory() []kernels.Mem { return inner(guardOperands(c.Op.Operands(), c.before())) }

// Check runs the case and compares every element of every operand with the oracle. The error names the worst element if the
// device is wrong.
func (c Case) Check(r Runner) (Result, error) {
	fail := func(format string, a ...any) error {
		return fmt.Errorf("kerneltest: %s: %w", c.Name, fmt.Errorf(format, a...))
	}
	before := c.before()
	after, err := c.after()
	if err != nil {
		return Result{}, err
	}
	operands := c.Op.Operands()
	memory := guardOperands(operands, before)
	mem := inner(memory)
	if err := r.Run(c.Op, mem); err != nil {
		return Result{}, fail("%w", err)
	}

	written := map[*kernels.Buffer]bool{}
	for i, o := range operands {
		written[o.Buffer] = written[o.Buffer] || after[i] != nil
	}
	worst := Result{Ratio: -1}
	for i, o := range operands {
		if memory[i] == nil {
			continue
		}
		if at, isIntact := memory[i].isIntact(); !isIntact {
			return Result{}, fail("%s%v: element %d, beyond its end, was written", o.Name, o.Buffer.Shape, at)
		}
		want := after[i]
		if want == nil && written[o.Buffer] {
			continue
		}
		if want == nil {
			want = exacts(before[i])
		}
		if len(want) != o.Buffer.Elements() {
			return Result{}, fail("the oracle gives %d elements of %s%v", len(want), o.Name, o.Buffer.Shape)
		}
		for at, v := range want {
			got := memory[i].at(at)
			if ratio := v.ratio(got); ratio > worst.Ratio {
				worst = Result{ratio, o.Name, at, got, v.Want, v.Bound}
			}
		}
	}
	if worst.Ratio > 1 {
		return worst, fail("%s[%d] is %v, want %v ± %.3g", worst.Operand, worst.Index, worst.Got, worst.Want, worst.Bound)
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
