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
