package sim_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// BenchmarkLaunch measures the speed in warp instructions, with no checks and with all.
func BenchmarkLaunch(b *testing.B) {
	const m, n, k = 512, 64, 288
	kernels := []struct {
		name, ptx   string
		grid, block [3]uint32
		args        func(d *sim.Device) []any
	}{
		{"convolution_pool", layersPTX, [3]uint32{2, 2, 32}, linear(128), func(d *sim.Device) []any {
			return []any{upload(b, d, integers(32*5*28*28, 7, 19)), upload(b, d, integers(8*5*9, 5, 17)), upload(b, d, integers(8, 3, 100)), alloc(b, d, 4*32*8*14*14), alloc(b, d, 32*8*14*14)}
		}},
		{"gemm_tf32", layersPTX, [3]uint32{m / 64, n / 32, 1}, linear(128), func(d *sim.Device) []any {
			return []any{upload(b, d, integers(m*k, 5, 17)), upload(b, d, integers(k*n, 3, 13)), alloc(b, d, 4*m*n), int32(m), int32(n), int32(k)}
		}},
		{"gemm_naive", kernelsPTX, [3]uint32{n / 16, m / 16, 1}, linear(256), func(d *sim.Device) []any {
			return []any{upload(b, d, integers(m*k, 5, 17)), upload(b, d, integers(k*n, 3, 13)), alloc(b, d, 4*m*n), int32(m), int32(n), int32(k)}
		}},
		{"gemm_tiled", kernelsPTX, [3]uint32{n / 64, m / 64, 1}, linear(256), func(d *sim.Device) []any {
			return []any{upload(b, d, integers(m*k, 5, 17)), upload(b, d, integers(k*n, 3, 13)), alloc(b, d, 4*m*n), int32(n), int32(k)}
		}},
	}
	for _, x := range kernels {
		for name, checks := range map[string]sim.Checks{"unchecked": 0, "checked": sim.AllChecks} {
			b.Run(x.name+"/"+name, func(b *testing.B) {
				d := sim.NewDevice(hopper(b), sim.Options{Checks: checks})
				kernel, params := kernelOf(b, d, x.ptx, x.name), pack(x.args(d)...)
				var instructions int64
				for b.Loop() {
					c, err := d.Launch(kernel, x.grid, x.block, 0, params)
					require.NoError(b, err)
					instructions += c.Warp
				}
				b.ReportMetric(float64(instructions)/b.Elapsed().Seconds()/1e6, "Minstr/s")
			})
		}
	}
}
