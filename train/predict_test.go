package train

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/train/internal/traintest"
)

func TestPredict(t *testing.T) {
	set := digits(70)
	tr := compile(t, traintest.SmallNet(t, 0.5), 2, nil)
	images := make([]float32, 70*28*28)
	for i := range 70 {
		_, err := set.Example(i, images[i*28*28:(i+1)*28*28])
		require.NoError(t, err)
	}
	var want []float32
	_, err := tr.EvaluateEach(context.Background(), set, 1, func(_ int, _ int32, p []float32) { want = append(want, p...) })
	require.NoError(t, err)
	got, err := tr.Predict(context.Background(), tensor.New(tensor.WithShape(70, 28, 28, 1), tensor.WithBacking(images)))
	require.NoError(t, err)
	assert.Equal(t, tensor.Shape{70, 10}, got.Shape())
	assert.InDeltaSlice(t, want, got.Data(), 1e-6)
	one, err := tr.Predict(context.Background(), tensor.New(tensor.WithShape(28, 28, 1), tensor.WithBacking(images[:28*28])))
	require.NoError(t, err)
	assert.InDeltaSlice(t, want[:10], one.Data(), 1e-6)
	var sum float32
	for _, p := range want[:10] {
		sum += p
	}
	assert.InDelta(t, 1, sum, 1e-6)

	_, err = tr.Predict(context.Background(), tensor.New(tensor.WithShape(28, 28), tensor.WithBacking(images[:28*28])))
	assert.ErrorContains(t, err, "images are [28 28]")
	_, err = tr.Predict(context.Background(), tensor.New(tensor.WithShape(28, 28, 1), tensor.Of(tensor.Float64)))
	assert.ErrorContains(t, err, "give float32")
}

// However images lie in memory, they are the images that they are.
func TestPredictOfAnyLayout(t *testing.T) {
	tr := compile(t, traintest.SmallNet(t, 0), 2, nil)
	const n = 3
	images := make([]float32, n*28*28)
	for i := range n {
		_, err := drawn().Example(i, images[i*28*28:(i+1)*28*28])
		require.NoError(t, err)
	}
	predict := func(x *tensor.Dense) any {
		t.Helper()
		y, err := tr.Predict(context.Background(), x)
		require.NoError(t, err)
		return y.Data()
	}
	whole := tensor.New(tensor.WithShape(n, 28, 28, 1), tensor.WithBacking(images))
	want := predict(whole)

	// The same images with the last axis first, then named in the right order by a transposition that moves nothing.
	turned := tensor.New(tensor.WithShape(28, 28, n, 1), tensor.Of(tensor.Float32))
	columns := tensor.New(tensor.WithShape(n, 28, 28, 1), tensor.AsFortran(make([]float32, len(images))))
	wide := tensor.New(tensor.WithShape(n, 28, 30, 1), tensor.Of(tensor.Float32))
	for i := range n {
		for h := range 28 {
			for w := range 28 {
				v := images[(i*28+h)*28+w]
				require.NoError(t, turned.SetAt(v, h, w, i, 0))
				require.NoError(t, columns.SetAt(v, i, h, w, 0))
				require.NoError(t, wide.SetAt(v, i, h, w+1, 0))
			}
		}
	}
	require.NoError(t, turned.T(2, 0, 1, 3))
	part, err := wide.Slice(nil, nil, tensor.S(1, 29))
	require.NoError(t, err)
	first, err := whole.Slice(tensor.S(1))
	require.NoError(t, err)
	assert.Equal(t, want, predict(turned), "transposed")
	assert.Equal(t, want, predict(columns), "column-major")
	assert.Equal(t, want, predict(part.(*tensor.Dense)), "a part")
	assert.InDeltaSlice(t, want.([]float32)[10:20], predict(first.(*tensor.Dense)), 1e-6, "one of them")

	whole.ResetMask(false)
	assert.Equal(t, want, predict(whole), "with a mask that hides nothing")
	require.NoError(t, whole.MaskedEqual(images[0]))
	_, err = tr.Predict(context.Background(), whole)
	assert.EqualError(t, err, "train: predict: the tensor of images has values that its mask hides; give them values and unmask them, such as by ResetMask")
}

// watchedDevice calls back with the number of images in each upload.
type watchedDevice struct {
	device.Device
	input func(images int)
}

func (d watchedDevice) Upload(dst *kernels.Buffer, src any) error {
	if dst.Name == "input" {
		d.input(dst.Shape[0])
	}
	return d.Device.Upload(dst, src)
}

// However many images there are, at most 32 are on the device at a time; a context that ends in between stops the prediction.
func TestPredictInBatches(t *testing.T) {
	cpu, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer cpu.Close()
	ctx, cancel := context.WithCancel(context.Background())
	var uploads []int
	d := watchedDevice{cpu, func(images int) {
		if uploads = append(uploads, images); len(uploads) == 4 {
			cancel()
		}
	}}
	tr, err := Compile(traintest.SmallNet(t, 0), Options{Device: d})
	require.NoError(t, err)
	images := tensor.New(tensor.WithShape(70, 28, 28, 1), tensor.Of(tensor.Float32))
	_, err = tr.Predict(ctx, images)
	require.NoError(t, err)
	assert.Equal(t, []int{32, 32, 32}, uploads)
	_, err = tr.Predict(ctx, images)
	require.ErrorIs(t, err, context.Canceled)
	assert.Len(t, uploads, 4)
}
