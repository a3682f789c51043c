package cpu

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestPeakRunCountsEveryWorker(t *testing.T) {
	one, three := NewWorkers(1), NewWorkers(3)
	defer one.Close()
	defer three.Close()
	flops := PeakRun(one, 1)
	assert.Positive(t, flops)
	assert.Equal(t, 3*5*flops, PeakRun(three, 5))
}
