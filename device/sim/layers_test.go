package sim_test

import (
	_ "embed"
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// NVRTC 13.5 made it with --gpu-architecture=compute_90 --std=c++17 -lineinfo.
//
//go:embed testdata/layers.ptx
var layersPTX string

// launchLayer runs a kernel of testdata/layers.cu under all checks.
func launchLayer(t testing.TB, d *sim.Device, kernel string, grid, block [3]uint32, args ...any) *sim.Counters {
	c, err := d.Launch(kernelOf(t, d, layersPTX, kernel), grid, block, 0, pack(args...))
	require.NoError(t, err)
	require.Empty(t, c.Advice)
	return c
}

func TestDirectConvolution(t *testing.T) {
	const images, channels, filters, height, width = 2, 5, 8, 28, 28
	x, w, bias := integers(images*channels*height*width, 7, 19), integers(filters*channels*9, 5, 17), integers(filters, 3, 100)
	at := func(n, c, i, j int) float32 {
		if i < 0 || i >= height || j < 0 || j >= width {
			return 0
		}
		return x[((n*channels+c)*height+i)*width+j]
	}
	wantY, wantPlace := make([]float32, images*filters*height*width/4), make([]uint8, images*filters*height*width/4)
	for o := range wantY {
		j, i, k, n := o%14*2, o/14%14*2, o/196%filters, o/196/filters
		best, place := float32(math.Inf(-1)), uint8(0)
		for q := range 4 {
			var sum float32
			for c := range channels {
				for f := range 9 {
					sum += at(n, c, i+q/2+f/3-1, j+q%2+f%3-1) * w[(k*channels+c)*9+f]
				}
			}
			if sum > best {
				best, place = sum, uint8(q)
			}
		}
		best += bias[k]
		if best <= 0 {
			best, place = 0, 255
		}
		wantY[o], wantPlace[o] = best, place
	}
	d := checked(t)
	y, place := alloc(t, d, uint64(4*len(wantY))), alloc(t, d, uint64(len(wantY)))
	launchLayer(t, d, "convolution_pool", [3]uint32{2, filters / 4, images}, linear(128), upload(t, d, x), upload(t, d, w), upload(t, d, bias), y, place)
	gotY, gotPlace := make([]float32, len(wantY)), make([]uint8, len(wantY))
	download(t, d, y, gotY)
	download(t, d, place, gotPlace)
	assert.Equal(t, wantY, gotY)
	assert.Equal(t, wantPlace, gotPlace)
}

func TestTensorCoreGEMM(t *testing.T) {
	const m, n, k = 100, 64, 48
	a, b, want := integers(m*k, 5, 17), integers(k*n, 3, 13), make([]float32, m*n)
	for i := range want {
		for l := range k {
			want[i] += a[i/n*k+l] * b[l*n+i%n]
		}
	}
	d := checked(t)
	c := alloc(t, d, 4*m*n)
	counters := launchLayer(t, d, "gemm_tf32", [3]uint32{2, n / 32, 1}, linear(128), upload(t, d, a), upload(t, d, b), c, int32(m), int32(n), int32(k))
	got := make([]float32, m*n)
	download(t, d, c, got)
	assert.Equal(t, want, got)
	require.Len(t, counters.Tensor, 1)
	assert.Equal(t, "m16n8k8 tf32", counters.Tensor[0].Name)
	assert.EqualValues(t, 2*2*4*k/8*4, counters.Tensor[0].Warp) // blocks, warps, steps, tiles
	assert.EqualValues(t, 2*128*n*k, counters.Tensor[0].Flops)
	assert.Zero(t, counters.Memory.TF32Inexact)
}

func TestSoftmaxWithLoss(t *testing.T) {
	const rows, n, scale = 5, 300, 0.25
	x, labels := integers(rows*n, 7, 23), []int32{3, 0, 299, 77, 150}
	d := checked(t)
	dx, loss := alloc(t, d, 4*rows*n), alloc(t, d, 4*rows)
	launchLayer(t, d, "softmax_loss", linear(rows), linear(128), upload(t, d, x), upload(t, d, labels), dx, loss, int32(n), float32(scale))
	gotDX, gotLoss := make([]float32, rows*n), make([]float32, rows)
	download(t, d, dx, gotDX)
	download(t, d, loss, gotLoss)
	for r := range rows {
		var sum float64
		for _, v := range x[r*n : (r+1)*n] {
			sum += math.Exp(float64(v))
		}
		for i, v := range x[r*n : (r+1)*n] {
			p := math.Exp(float64(v)) / sum
			if i == int(labels[r]) {
				assert.InDelta(t, -math.Log(p), gotLoss[r], 1e-4)
				p--
			}
			assert.InDelta(t, p*scale, gotDX[r*n+i], 1e-6)
		}
	}
}

func TestAdam(t *testing.T) {
	const n = 1000
	p, g, m, v := integers(n, 3, 100), integers(n, 5, 90), integers(n, 7, 80), integers(n, 11, 70)
	for i := range v {
		v[i] *= v[i]
	}
	d := checked(t)
	dp := upload(t, d, p)
	c := launchLayer(t, d, "adam", linear(4), linear(256), dp, upload(t, d, g), upload(t, d, m), upload(t, d, v), int32(n),
		float32(0.5), float32(0.75), float32(0.5), float32(0.125), float32(2), float32(3))
	got := make([]float32, n)
	download(t, d, dp, got)
	for i := range p {
		mi, vi := 0.75*float64(m[i])+0.25*float64(g[i]), 0.5*float64(v[i])+0.5*float64(g[i])*float64(g[i])
		want := float64(p[i]) - 0.5*mi*2/(math.Sqrt(vi*3)+0.125)
		assert.InDelta(t, want, got[i], 1e-5*math.Max(1, math.Abs(want)))
	}
	assert.EqualValues(t, 4*4*n, c.Memory.BytesRead)
	assert.EqualValues(t, 3*4*n, c.Memory.BytesWritten)
	assert.EqualValues(t, 32, c.Memory.GlobalStores/3)
}

// TestThreadsThatWait holds that threads that wait for each other get their turns, in every order of the warps.
func TestThreadsThatWait(t *testing.T) {
	const rounds = 7
	x := integers(64*rounds, 3, 1000)
	for _, opts := range schedules() {
		d := sim.NewDevice(hopper(t), opts)
		data := upload(t, d, []int32{0})
		c, err := d.Launch(kernelOf(t, d, layersPTX, "lock_in_warp"), linear(1), linear(32), 0, pack(upload(t, d, []int32{0}), data))
		require.NoError(t, err)
		for _, advice := range c.Advice { // nothing orders who takes the lock with who has had it
			assert.Equal(t, sim.WarpRace, advice.Kind)
		}
		count := make([]int32, 1)
		download(t, d, data, count)
		require.EqualValues(t, 32, count[0], "%+v", opts)
		for kernel, threads := range map[string]int{"pipeline": 128, "bulk_pipeline": 96} {
			y := alloc(t, d, uint64(4*len(x)))
			launchLayer(t, d, kernel, linear(1), linear(threads), upload(t, d, x), y, int32(rounds))
			got := make([]float32, len(x))
			download(t, d, y, got)
			for i := range got {
				require.Equal(t, x[i/64*64+63-i%64], got[i], "%s %+v", kernel, opts)
			}
		}
	}
}
