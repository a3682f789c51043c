package cuda

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// Averages move together up to what a launch takes, if none is moved by another and all keep as much.
func TestJoinMovingAverages(t *testing.T) {
	halt := kernels.Kept("halt", kernels.Int32, 1)
	average := func(momentum float64) kernels.MovingAverage {
		return kernels.MovingAverage{Momentum: momentum, X: kernels.Kept("x", kernels.Float32, 3), Average: kernels.Kept("average", kernels.Float32, 3), Halt: halt}
	}
	var many []kernels.Op
	for range averages + 3 {
		many = append(many, average(0.9))
	}
	one, other := average(0.9), average(0.9)
	other.X = one.Average
	for _, s := range []struct {
		ops  []kernels.Op
		want []string
	}{
		{many, []string{"moving_averages", "moving_averages"}},
		{[]kernels.Op{average(0.9), average(0.8)}, []string{"moving_average", "moving_average"}},
		{[]kernels.Op{one, other}, []string{"moving_average", "moving_average"}},
		{[]kernels.Op{average(0.9), kernels.Tick{Step: halt}, average(0.9)}, []string{"moving_average", "tick", "moving_average"}},
	} {
		list, _ := rewrite.Apply(s.ops, Passes(kernels.FP32), true)
		var names []string
		for _, op := range rewrite.Plain(list) {
			names = append(names, op.Name())
			assert.NoError(t, kernels.CheckOperands(op))
		}
		assert.Equal(t, s.want, names)
	}
}
