package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/kernels"
)

// In float32 a plain sum of a million tenths is off by a percent.
func TestTallyKeepsDigits(t *testing.T) {
	const n, batches = 100, 10_000
	op := kernels.Tally{N: n, K: 1}
	mem := []kernels.Mem{
		kernels.NewMem(kernels.Float32, n), kernels.NewMem(kernels.Float32, n), kernels.NewMem(kernels.Int32, n),
		kernels.NewMem(kernels.Float32, kernels.TallySize),
	}
	const loss = float32(0.1)
	for i := range mem[0].F32 {
		mem[0].F32[i] = loss
	}
	for range batches {
		runTally(op, mem, nil)
	}
	totals := mem[3].F32
	assert.Equal(t, float32(n*batches*float64(loss)), totals[kernels.TotalLoss])
	assert.EqualValues(t, n*batches, totals[kernels.TotalCorrect])
	assert.EqualValues(t, n*batches, totals[kernels.TotalExamples])
}
