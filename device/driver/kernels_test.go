//go:build cuda && cgo

package driver_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/driverapi"
)

func openNVRTC(t *testing.T) *nvrtc.Library {
	t.Helper()
	l, err := nvrtc.Open()
	if err != nil {
		if strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "nvrtc") {
			t.Fatal(err)
		}
		t.Skip(err)
	}
	t.Logf("NVRTC %d.%d", l.Major, l.Minor)
	return l
}

// compiler compiles the CUDA sources of testdata for the current device, each once for an architecture.
type compiler struct {
	*nvrtc.Library
	images map[string][]byte
}

func (c *compiler) function(t *testing.T, name string, defines ...string) cu.Function {
	t.Helper()
	major, minor, err := cu.Device(0).ComputeCapability()
	require.NoError(t, err)
	known, err := c.Architectures()
	require.NoError(t, err)
	arch := 0 // the newest that the device runs
	for _, a := range known {
		if a <= 10*major+minor {
			arch = a
		}
	}
	options := append([]string{fmt.Sprintf("-arch=compute_%d", arch), "-std=c++17", "-lineinfo"}, defines...)
	key := fmt.Sprint(name, options)
	if c.images[key] == nil {
		text, err := os.ReadFile("testdata/" + name + ".cu")
		require.NoError(t, err)
		code, err := c.Compile(nvrtc.Source{Name: name + ".cu", Text: string(text)}, options...)
		require.NoError(t, err)
		c.images[key] = code.Image
	}
	m, err := driver.LoadModule(c.images[key])
	require.NoError(t, err)
	return kernel(t, m, name)
}

// integers are small, so that every sum is exact in float32 whatever its order.
func integers(r *rand.Rand, n int) []float32 {
	values := make([]float32, n)
	for i := range values {
		values[i] = float32(r.IntN(9) - 4)
	}
	return values
}

// bf16 gives the bits of small integers as bfloat16: the upper half of a float32.
func bf16(values []float32) []uint16 {
	bits := make([]uint16, len(values))
	for i, v := range values {
		bits[i] = uint16(math.Float32bits(v) >> 16)
	}
	return bits
}

// TestGPUKernels compiles CUDA C++ with the real NVRTC and runs it through cu. On integers every device must give the same bits; the
// simulated ones in every order of warps and with every number of goroutines.
func TestGPUKernels(t *testing.T) {
	c := &compiler{openNVRTC(t), map[string][]byte{}}
	if os.Getenv("CNN_GPU_TEST_DRIVER") == "libcuda" {
		runKernels(t, c)
		return
	}
	t.Cleanup(func() { require.NoError(t, driverapi.Install(driverapi.Config{})) })
	for _, chip := range sim.Chips() {
		for name, o := range map[string]sim.Options{
			"forward": {Order: sim.Forward}, "reverse": {Order: sim.Reverse},
			"random 1": {Order: sim.Random, Seed: 1, Quantum: 7}, "random 2": {Order: sim.Random, Seed: 2, Quantum: 100},
		} {
			for _, o.Workers = range []int{1, 2, 5} {
				t.Run(fmt.Sprintf("%s/%s/%d", chip.Name, name, o.Workers), func(t *testing.T) {
					o.Checks = sim.AllChecks
					require.NoError(t, driverapi.Install(driverapi.Config{Chips: []sim.Chip{chip}, Options: o}))
					runKernels(t, c)
				})
			}
		}
	}
}

func runKernels(t *testing.T, c *compiler) {
	inContext(t)
	testGEMM(t, c)
	testConv(t, c)
	testReduce(t, c)
}

func testGEMM(t *testing.T, c *compiler) {
	const m, n, k = 100, 72, 50
	r := rand.New(rand.NewPCG(1, 1))
	a, b := integers(r, m*k), integers(r, k*n)
	want := make([]float32, m*n)
	for i := range m {
		for j := range n {
			for l := range k {
				want[i*n+j] += a[i*k+l] * b[l*n+j]
			}
		}
	}
	da, db := upload(t, a), upload(t, b)
	dc, err := cu.MemAlloc(4 * m * n)
	require.NoError(t, err)
	f := c.function(t, "gemm", fmt.Sprintf("-DM=%d", m), fmt.Sprintf("-DN=%d", n), fmt.Sprintf("-DK=%d", k))
	require.NoError(t, driver.LaunchKernel(f, driver.Launch{Grid: [3]uint32{(n + 63) / 64, (m + 63) / 64, 1}, Block: [3]uint32{256, 1, 1}, Params: []any{da, db, dc}}, cu.NoStream))
	require.Equal(t, want, download[float32](t, dc, m*n))
}

func testConv(t *testing.T, c *compiler) {
	const batch, height, width, channels, filters = 2, 7, 5, 32, 64
	r := rand.New(rand.NewPCG(2, 2))
	x, w, bias := integers(r, batch*height*width*channels), integers(r, 9*channels*filters), integers(r, filters)
	want := make([]float32, batch*height*width*filters)
	for n := range batch {
		for p := range height {
			for q := range width {
				for k := range filters {
					s := bias[k]
					for tap := range 9 {
						i, j := p+tap/3-1, q+tap%3-1
						if i < 0 || i >= height || j < 0 || j >= width {
							continue
						}
						for ch := range channels {
							s += x[((n*height+i)*width+j)*channels+ch] * w[(tap*channels+ch)*filters+k]
						}
					}
					want[((n*height+p)*width+q)*filters+k] = max(s, 0)
				}
			}
		}
	}
	dx, dw, dbias := upload(t, bf16(x)), upload(t, bf16(w)), upload(t, bias)
	dy, err := cu.MemAlloc(int64(4 * len(want)))
	require.NoError(t, err)
	f := c.function(t, "conv", fmt.Sprintf("-DN=%d", batch), fmt.Sprintf("-DH=%d", height), fmt.Sprintf("-DW=%d", width),
		fmt.Sprintf("-DC=%d", channels), fmt.Sprintf("-DFILTERS=%d", filters))
	require.NoError(t, driver.LaunchKernel(f, driver.Launch{Grid: [3]uint32{(batch*height*width + 63) / 64, filters / 64, 1}, Block: [3]uint32{128, 1, 1},
		Params: []any{dx, dw, dbias, dy}}, cu.NoStream))
	require.Equal(t, want, download[float32](t, dy, len(want)))
}

func testReduce(t *testing.T, c *compiler) {
	const n = 10007
	x := integers(rand.New(rand.NewPCG(3, 3)), n)
	want := float32(0)
	for _, v := range x {
		want += v
	}
	dx, sum := upload(t, x), upload(t, []float32{0})
	require.NoError(t, driver.LaunchKernel(c.function(t, "reduce"), driver.Launch{Grid: [3]uint32{6, 1, 1}, Block: [3]uint32{160, 1, 1},
		Params: []any{dx, sum, int32(n)}}, cu.NoStream))
	require.Equal(t, want, download[float32](t, sum, 1)[0])
}
