package cuda

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
	"cnn-gpu/kernels/rewrite"
)

// A pool takes the activations before it along, and keeps its places in bytes where nobody else reads them and each fits into one.
func TestJoinPools(t *testing.T) {
	for _, s := range []struct {
		name  string
		size  int
		kept  bool // the places
		want  []string
		bytes bool
	}{
		{"in bytes", 2, false, []string{"relu_pool2d_fprop", "relu_pool2d_dgrad"}, true},
		{"kept", 2, true, []string{"activation_fprop", "pool2d_fprop", "activation_dgrad", "pool2d_dgrad"}, false},
		{"of a large window", 16, false, []string{"activation_fprop", "pool2d_fprop", "activation_dgrad", "pool2d_dgrad"}, false},
	} {
		window, err := kernels.NewWindow([2]int{32, 32}, [2]int{s.size, s.size}, [2]int{2, 2}, [2]int{1, 1}, kernels.Same)
		require.NoError(t, err)
		g := kernels.Pool2D{N: 2, C: 3, Window: window}
		small, large := []int{g.N, g.P, g.Q, g.C}, []int{g.N, g.H, g.W, g.C}
		value := func(name string, shape []int) *kernels.Buffer {
			return kernels.NewBuffer(name, kernels.Float32, shape...)
		}
		relu := kernels.Activation{Function: kernels.ReLU}
		x, y := kernels.Kept("x", kernels.Float32, large...), kernels.Kept("y", kernels.Float32, small...)
		active, dactive, places := value("active", large), value("dactive", large), kernels.NewBuffer("places", kernels.Int32, small...)
		places.Keep = s.kept
		list, _ := rewrite.Apply([]kernels.Op{
			kernels.ActivationFprop{Activation: relu, X: x, Y: active},
			kernels.Pool2DFprop{Pool2D: g, X: active, Y: y, Index: places},
			kernels.Pool2DDgrad{Pool2D: g, DY: kernels.Kept("dy", kernels.Float32, small...), Index: places, DX: dactive},
			kernels.ActivationDgrad{Activation: relu, V: active, DY: dactive, DX: kernels.Kept("dx", kernels.Float32, large...)},
		}, append(rewrite.Common(), Passes(kernels.FP32)...), true)
		var names []string
		for _, op := range rewrite.Plain(list) {
			names = append(names, op.Name())
			for _, o := range op.Operands() {
				if o.Name == "index" {
					assert.Equal(t, s.bytes, o.Buffer.Type == kernels.Uint8, "%s: %s", s.name, op.Name())
				}
			}
			require.NoError(t, kernels.CheckOperands(op))
		}
		assert.Equal(t, s.want, names, s.name)
	}
}
