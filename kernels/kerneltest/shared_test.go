package kerneltest_test

import (
	"math"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
)

// careless joins an op with those that read what it makes, the first of each kind, and leaves nothing of the value: it never asks who else
// reads it, or whether it outlives the run.
type careless struct{}

func (careless) Run(ops []kernels.Op, mem map[*kernels.Buffer]kernels.Mem) ([]string, error) {
	o := upload(mem)
	isDone := make([]bool, len(ops))
	var run func(at int) error
	run = func(at int) error {
		isDone[at] = true
		if err := o.Run(ops[at : at+1]); err != nil {
			return err
		}
		joined := map[string]bool{}
		made := output(ops[at])
		for next := at + 1; next < len(ops) && made != nil; next++ {
			if name := ops[next].Name(); !isDone[next] && joins(ops[at], ops[next]) && reads(ops[next], made) && !joined[name] {
				joined[name] = true
				if err := run(next); err != nil {
					return err
				}
			}
		}
		if len(joined) > 0 {
			for i := range o.Of(made) {
				o.Of(made)[i] = math.NaN()
			}
		}
		return nil
	}
	for at := range ops {
		if !isDone[at] {
			if err := run(at); err != nil {
				return nil, err
			}
		}
	}
	download(o, mem)
	return make([]string, len(ops)), nil
}

// joins says whether a device would like to compute the two in one.
func joins(a, b kernels.Op) bool {
	switch a.(type) {
	case kernels.Conv2DFprop:
		_, isAdd := b.(kernels.Add)
		return !isAdd
	case kernels.ActivationFprop:
		_, isPool := b.(kernels.Pool2DFprop)
		return isPool
	case kernels.Pool2DFprop:
		_, isConv := b.(kernels.Conv2DFprop)
		return isConv
	case kernels.ActivationDgrad:
		_, isPool := b.(kernels.Pool2DDgrad)
		return isPool
	case kernels.Pool2DDgrad:
		_, isAdd := b.(kernels.Add)
		return !isAdd
	}
	return false
}

// output is the first value that an op writes.
func output(op kernels.Op) *kernels.Buffer {
	for _, o := range op.Operands() {
		if o.Access == kernels.Write {
			return o.Buffer
		}
	}
	return nil
}

func reads(op kernels.Op, b *kernels.Buffer) bool {
	for _, o := range op.Operands() {
		if o.Buffer == b && o.Access == kernels.Read {
			return true
		}
	}
	return false
}

// The rows for values that somebody else sees catch a device that never asks; those for values that nobody else sees let it pass.
func TestSharedValuesCatchACarelessDevice(t *testing.T) {
	isShared := regexp.MustCompile(`_(read|read_after|read_before|kept|two_\w+|residual)$|training`)
	shared := 0
	for _, c := range kerneltest.Cases() {
		if len(c.Ops) < 2 || c.Cost().FLOPs > 500_000 {
			continue
		}
		_, err := c.Check(careless{})
		if isShared.MatchString(c.Name) {
			shared++
			assert.Error(t, err, c.Name)
		} else {
			assert.NoError(t, err)
		}
	}
	assert.Greater(t, shared, 30)
}
