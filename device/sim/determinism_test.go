package sim_test

import (
	_ "embed"
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
)

// NVRTC 12.9 made it with --gpu-architecture=compute_80 --std=c++17 -lineinfo.
//
//go:embed testdata/kernels.ptx
var kernelsPTX string

// schedules are orders of warps, lengths of turns and numbers of goroutines.
func schedules() []sim.Options {
	var all []sim.Options
	for _, order := range []sim.Order{sim.Forward, sim.Reverse, sim.Random} {
		for _, quantum := range []int{1, 7, 0} {
			for workers := 1; workers <= 3; workers++ {
				all = append(all, sim.Options{Checks: sim.AllChecks, Order: order, Seed: uint64(quantum), Quantum: quantum, Workers: workers})
			}
		}
	}
	return append(all, sim.Options{Workers: 2})
}

// job is a kernel with integer data, whose result is known to the bit.
type job struct {
	kernel      string
	grid, block [3]uint32
	inputs      []any
	scalars     []any
	want        []float32
	first       []float32 // what the result is filled with before the launch, or nil
}

// small integers, which sums of products keep exact.
func integers(n, step, limit int) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32((i*step+i/7)%limit - limit/2)
	}
	return x
}

func gemmJob() job {
	const m, n, k = 100, 72, 50
	a, b, c := integers(m*k, 5, 17), integers(k*n, 3, 13), make([]float32, m*n)
	for i := range m {
		for j := range n {
			for l := range k {
				c[i*n+j] += a[i*k+l] * b[l*n+j]
			}
		}
	}
	return job{kernel: "gemm", grid: [3]uint32{(n + 31) / 32, (m + 31) / 32, 1}, block: linear(256), inputs: []any{a, b}, want: c}
}

func reduceJob() job {
	x := integers(5000, 11, 101)
	sum := float32(3)
	for _, v := range x {
		sum += v
	}
	return job{kernel: "reduce_sum", grid: linear(5), block: linear(256), inputs: []any{x}, scalars: []any{uint32(len(x))}, want: []float32{sum}, first: []float32{3}}
}

func convolutionJob() job {
	const images, channels, filters, height, width = 2, 32, 64, 9, 7
	x, w, bias := integers(images*height*width*channels, 7, 9), integers(9*channels*filters, 5, 7), integers(filters, 3, 50)
	y := make([]float32, images*height*width*filters)
	for p := range images * height * width {
		n, h, v := p/(height*width), p/width%height, p%width
		for f := range filters {
			sum := bias[f]
			for tap := range 9 {
				r, s := h+tap/3-1, v+tap%3-1
				if r < 0 || r >= height || s < 0 || s >= width {
					continue
				}
				for c := range channels {
					sum += x[((n*height+r)*width+s)*channels+c] * w[(tap*channels+c)*filters+f]
				}
			}
			y[p*filters+f] = max(sum, 0)
		}
	}
	brain := func(x []float32) []uint16 {
		b := make([]uint16, len(x))
		for i := range x {
			b[i] = uint16(math.Float32bits(x[i]) >> 16) // small integers lose nothing
		}
		return b
	}
	return job{kernel: "convolution", grid: linear((images*height*width + 63) / 64), block: linear(128), inputs: []any{brain(x), brain(w), bias}, want: y}
}

func launchJob(t *testing.T, ptx string, j job, opts sim.Options) *sim.Counters {
	d := sim.NewDevice(hopper(t), opts)
	var params []any
	for _, in := range j.inputs {
		params = append(params, upload(t, d, in))
	}
	var out uint64
	if j.first != nil {
		out = upload(t, d, j.first)
	} else {
		out = alloc(t, d, uint64(4*len(j.want)))
	}
	c, err := d.Launch(kernelOf(t, d, ptx, j.kernel), j.grid, j.block, 0, pack(append(append(params, out), j.scalars...)...))
	require.NoError(t, err, "%s %+v", j.kernel, opts)
	for _, advice := range c.Advice {
		require.Equal(t, sim.OrderDependent, advice.Kind, "%s %+v", j.kernel, opts)
	}
	got := make([]float32, len(j.want))
	download(t, d, out, got)
	require.Equal(t, j.want, got, "%s %+v", j.kernel, opts)
	return c
}

// TestResultsUnderEverySchedule holds that results and counters do not depend on the order of warps or the number of goroutines.
func TestResultsUnderEverySchedule(t *testing.T) {
	for _, j := range []job{gemmJob(), reduceJob(), convolutionJob()} {
		t.Run(j.kernel, func(t *testing.T) {
			var first *sim.Counters
			for _, opts := range schedules() {
				c := launchJob(t, kernelsPTX, j, opts)
				if opts.Checks == 0 {
					continue // traffic is not counted
				}
				if first == nil {
					first = c
				}
				require.Equal(t, *first, *c, "%+v", opts)
			}
		})
	}
}

// wander is the kernel of that name.
func wander(t, v int32) int32 {
	acc := int32(0)
	for i := int32(0); i < v&63; i++ {
		if (i^v)%7 == 3 {
			continue
		}
		if i > 40 && v&1 != 0 {
			break
		}
		switch {
		case i&1 != 0 && v&2 != 0:
			acc += i * 3
		case i&1 != 0:
			acc ^= i << 2
		default:
			for j := int32(0); j < t&5; j++ {
				acc += j
				if acc%11 == 5 {
					break
				}
			}
		}
	}
	switch v >> 3 & 7 {
	case 0:
		acc++
	case 1:
		acc = acc*3 - 7
	case 2:
		acc -= 7
	case 3:
		for acc > 100 {
			acc = acc/2 - 1
		}
	case 5:
		acc = ^acc
	case 6:
		return acc
	case 7:
		acc *= acc
	default:
		acc ^= 0x55
	}
	k := int32(0)
	for {
		k += acc & 3
		acc = int32(uint32(acc)*1103515245 + 12345)
		if k > 20 {
			return acc + k
		}
		if k >= v&31 {
			break
		}
	}
	return acc + 1000 + k
}

func TestDivergence(t *testing.T) {
	const n = 1000
	in, want := make([]int32, n), make([]int32, n)
	for i := range in {
		in[i] = int32(i*2654435761>>7) % 5000
		want[i] = wander(int32(i), in[i])
	}
	for _, opts := range schedules() {
		d := sim.NewDevice(hopper(t), opts)
		out := alloc(t, d, 4*n)
		_, err := d.Launch(kernelOf(t, d, kernelsPTX, "wander"), linear(8), linear(128), 0, pack(upload(t, d, in), out, uint32(n)))
		require.NoError(t, err)
		got := make([]int32, n)
		download(t, d, out, got)
		require.Equal(t, want, got, fmt.Sprintf("%+v", opts))
	}
}
