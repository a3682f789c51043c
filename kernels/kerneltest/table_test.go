package kerneltest_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/kernels/kerneltest"
)

func TestNamesAreUnique(t *testing.T) {
	seen := map[string]bool{}
	for _, c := range kerneltest.Cases() {
		assert.False(t, seen[c.Name], c.Name)
		seen[c.Name] = true
	}
	t.Log(len(seen), "cases,", len(kerneltest.Short()), "of them short")
}
