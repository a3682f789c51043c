package sim_test

import (
	_ "embed"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim"
	timed "cnn-gpu/device/sim/compile"
)

//go:embed testdata/hgemm.cu
var hgemmSource string

// TestEstimateOfHGEMM: a product on tensor cores comes out within a quarter of what kernels of the same structure reach, for matrices of
// 4096 x 4096: 172 TFLOP/s on an A100 (github.com/xudoong/GEMM, hgemm-tensorcore: tiles of which three are under way, with registers loaded
// ahead), and 105 to 113 of 119.5 TFLOP/s on an L20 (github.com/DefTruth/CUDA-Learn-Notes, hgemm), of whose die the RTX 4090 has a
// larger part.
func TestEstimateOfHGEMM(t *testing.T) {
	if testing.Short() {
		t.Skip("a minute")
	}
	l := compiler(t)
	for chip, published := range map[string]float64{"a100": 172, "rtx4090": 165.2 * 109 / 119.5} {
		d := estimator(t, chip)
		arch := fmt.Sprintf("-arch=compute_%d%d", d.Chip().Major, d.Chip().Minor)
		code, err := timed.Source(l, nvrtc.Source{Name: "hgemm.cu", Text: hgemmSource}, arch, "-lineinfo", "--std=c++17")
		require.NoError(t, err)
		launch := func(d *sim.Device, n uint32) (c *sim.Counters, out uint64) {
			m, err := d.Load(code.Image)
			require.NoError(t, err)
			k, err := m.Kernel("hgemm")
			require.NoError(t, err)
			elements := uint64(n) * uint64(n)
			a, b, out := alloc(t, d, 2*elements), alloc(t, d, 2*elements), alloc(t, d, 4*elements)
			require.NoError(t, d.Fill(a, []byte{0, 0x3c}, 2*elements)) // 1
			require.NoError(t, d.Fill(b, []byte{0, 0x40}, 2*elements)) // 2
			c, err = d.Launch(k, [3]uint32{n / 128, n / 128, 1}, [3]uint32{128, 1, 1}, 0, pack(n, a, b, out))
			require.NoError(t, err)
			return c, out
		}
		checked := sim.NewDevice(d.Chip(), sim.Options{Checks: sim.AllChecks})
		_, out := launch(checked, 128)
		product := make([]byte, 4*128*128)
		require.NoError(t, checked.Read(out, product))
		for i := 0; i < len(product); i += 4 {
			require.Equal(t, []byte{0, 0, 0x80, 0x43}, product[i:i+4], "element %d is 256", i/4)
		}
		const n = 4096
		c, _ := launch(d, n)
		got := 2 * n * n * n / c.Estimate.Seconds / 1e12
		t.Logf("%s: %.0f TFLOP/s, published %.0f", chip, got, published)
		assert.InEpsilon(t, published, got, 0.25, chip)
	}
}
