package kernels_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/kernels"
)

// TensorFlow's documentation of tf.nn.convolution gives, for an effective size e = (size−1)·dilation + 1,
//
//	valid: out = ceil((in − e + 1) / stride)
//	same:  out = ceil(in / stride), padding = max((out−1)·stride + e − in, 0), of which half, rounded down, goes before.
func TestWindowIsTensorFlows(t *testing.T) {
	ceil := func(a, b int) int { return int(math.Ceil(float64(a) / float64(b))) }
	for in := 1; in <= 12; in++ {
		for size := 1; size <= 5; size++ {
			for stride := 1; stride <= 4; stride++ {
				for dilation := 1; dilation <= 3; dilation++ {
					effective := (size-1)*dilation + 1
					window := func(p kernels.Padding) (kernels.Window, error) {
						return kernels.NewWindow([2]int{in, 12}, [2]int{size, 1}, [2]int{stride, 1}, [2]int{dilation, 1}, p)
					}
					same, err := window(kernels.Same)
					require.NoError(t, err)
					out := ceil(in, stride)
					padding := int(math.Max(float64((out-1)*stride+effective-in), 0))
					assert.Equal(t, kernels.Window{
						H: in, W: 12, R: size, S: 1, StrideH: stride, StrideW: 1, DilationH: dilation, DilationW: 1,
						PadTop: padding / 2, P: out, Q: 12,
					}, same)

					valid, err := window(kernels.Valid)
					if effective > in {
						assert.ErrorContains(t, err, "padding same")
						continue
					}
					require.NoError(t, err)
					assert.Equal(t, ceil(in-effective+1, stride), valid.P)
					assert.Zero(t, valid.PadTop)
				}
			}
		}
	}
}

// What a transposed convolution makes is an image of which a convolution with the same window makes what it was made of.
func TestTransposedWindowIsAWindow(t *testing.T) {
	two := func(n int) [2]int { return [2]int{n, 1} }
	for in := 1; in <= 5; in++ {
		for size := 1; size <= 5; size++ {
			for stride := 1; stride <= 4; stride++ {
				for dilation := 1; dilation <= 3; dilation++ {
					for _, padding := range []kernels.Padding{kernels.Valid, kernels.Same} {
						w, err := kernels.NewTransposedWindow(two(in), two(size), two(stride), two(dilation), padding, nil)
						require.NoError(t, err)
						back, err := kernels.NewWindow([2]int{w.H, w.W}, two(size), two(stride), two(dilation), padding)
						require.NoError(t, err)
						assert.Equal(t, back, w)
						for extra := range stride {
							w, err := kernels.NewTransposedWindow(two(in), two(size), two(stride), two(dilation), padding, &[2]int{extra, 0})
							if reach := (size-1)*dilation + 1; padding == kernels.Same && reach%2 == 0 && extra == 0 {
								continue // Keras cuts off half of the window on both sides, and with it the last step
							}
							require.NoError(t, err)
							back, err := kernels.NewWindow([2]int{w.H, w.W}, two(size), two(stride), two(dilation), padding)
							require.NoError(t, err)
							assert.Equal(t, back, w)
						}
					}
				}
			}
		}
	}
}

func TestWindowTransposes(t *testing.T) {
	w, err := kernels.NewWindow([2]int{28, 9}, [2]int{3, 4}, [2]int{1, 2}, [2]int{2, 1}, kernels.Same)
	require.NoError(t, err)
	assert.Equal(t, kernels.Window{
		H: 28, W: 9, R: 3, S: 4, StrideH: 1, StrideW: 2, DilationH: 2, DilationW: 1, PadTop: 2, PadLeft: 1, P: 28, Q: 5,
	}, w)
}

func TestWindowRefuses(t *testing.T) {
	one := [2]int{1, 1}
	for _, bad := range [][4][2]int{
		{{0, 1}, one, one, one}, {{1, -3}, one, one, one}, {one, {0, 1}, one, one}, {one, one, {1, 0}, one}, {one, one, one, {-1, 1}},
	} {
		for _, p := range []kernels.Padding{kernels.Valid, kernels.Same} {
			_, err := kernels.NewWindow(bad[0], bad[1], bad[2], bad[3], p)
			assert.ErrorContains(t, err, "at least 1")
		}
	}
	_, err := kernels.NewWindow([2]int{8, 2}, [2]int{3, 3}, one, one, kernels.Valid)
	assert.EqualError(t, err, "the image 8x2 is smaller than the 3x3 window (dilation 1x1) in width; use padding same or fewer pools before it")
}
