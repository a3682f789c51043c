package kernels_test

import (
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
)

// onEachCPU runs f on every variant of the CPU code that this machine has.
func onEachCPU(t *testing.T, f func(t *testing.T)) {
	used := kernels.CPU()
	defer func() { require.NoError(t, kernels.SelectCPU(used)) }()
	for _, v := range kernels.CPUVariants() {
		require.NoError(t, kernels.SelectCPU(v))
		t.Run(v, f)
	}
}

func TestCases(t *testing.T) {
	counts := []int{1, 2, 4}
	if raceDetector { // which has nothing to find in one worker, and takes long
		counts = []int{4}
	}
	onEachCPU(t, func(t *testing.T) {
		for _, workers := range counts {
			t.Run(fmt.Sprintf("%d workers", workers), func(t *testing.T) {
				for _, c := range kerneltest.Cases() {
					_, err := c.Check(kerneltest.Host(workers))
					assert.NoError(t, err)
				}
			})
		}
	})
}

func TestBitsDoNotDependOnWorkers(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector adds nothing to TestCases here")
	}
	onEachCPU(t, func(t *testing.T) {
		for _, c := range kerneltest.Cases() {
			one := bits(t, c, 1)
			for _, workers := range []int{2, 3, 4} {
				assert.True(t, slices.Equal(one, bits(t, c, workers)), "%s with %d workers", c.Name, workers)
			}
		}
	})
}

// bits is what a case leaves in memory.
func bits(t *testing.T, c kerneltest.Case, workers int) []uint32 {
	mem := c.Memory()
	require.NoError(t, kerneltest.Host(workers).Run(c.Op, mem))
	var list []uint32
	for _, m := range mem {
		for _, v := range m.F32 {
			list = append(list, math.Float32bits(v))
		}
		for _, v := range m.I32 {
			list = append(list, uint32(v))
		}
	}
	return list
}

func TestSelectCPU(t *testing.T) {
	used := kernels.CPU()
	err := kernels.SelectCPU("abacus")
	require.ErrorContains(t, err, `"abacus"`)
	assert.ErrorContains(t, err, "portable")
	assert.Equal(t, used, kernels.CPU())
}
