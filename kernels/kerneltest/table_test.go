package kerneltest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/kernels/plan"
)

func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range kerneltest.Cases() {
		assert.False(t, seen[c.Name], c.Name)
		seen[c.Name] = true
	}
	t.Log(len(seen), "cases,", len(kerneltest.Short()), "of them short")
}

// The contents go by the buffers' names, and so do the errors.
func TestBuffersOfACaseHaveNamesOfTheirOwn(t *testing.T) {
	for _, c := range append(kerneltest.Cases(), kerneltest.Benchmarks()...) {
		named := map[string]*kernels.Buffer{}
		for _, op := range c.Ops {
			for _, o := range op.Operands() {
				if o.Buffer == nil {
					continue
				}
				known, isKnown := named[o.Buffer.Name]
				assert.True(t, !isKnown || known == o.Buffer, "%s: %s", c.Name, o.Buffer.Name)
				named[o.Buffer.Name] = o.Buffer
			}
		}
	}
}

func TestListsCanRun(t *testing.T) {
	for _, c := range append(kerneltest.Cases(), kerneltest.Benchmarks()...) {
		assert.NoError(t, plan.Check(c.Ops), c.Name)
	}
}

// What a list does in vain, no device has to do right.
func TestPrivateValuesAreRead(t *testing.T) {
	for _, c := range kerneltest.Cases() {
		isRead, written := map[*kernels.Buffer]bool{}, map[*kernels.Buffer]bool{}
		for _, op := range c.Ops {
			for _, o := range op.Operands() {
				if o.Buffer != nil && !o.Buffer.Keep {
					root, _ := o.Buffer.Root()
					isRead[root] = isRead[root] || o.Access != kernels.Write
					written[root] = true
				}
			}
		}
		for b := range written {
			assert.True(t, isRead[b], "%s: nobody reads %s", c.Name, b.Name)
		}
	}
}
