package train

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
)

// losses has rows for every loss: its formula for one example whose class is label, and the scores that it gives the classes.
var losses = []struct {
	loss   Loss
	of     func(x []float64, label int) float64
	scores func(x []float64) []float64
}{
	{SparseCategoricalCrossEntropy{}, func(x []float64, label int) float64 { return -math.Log(softmax(x)[label]) }, softmax},
	{SparseCategoricalCrossEntropy{LabelSmoothing: 0.3}, func(x []float64, label int) float64 {
		sum := 0.0
		for k, p := range softmax(x) {
			target := 0.3 / float64(len(x))
			if k == label {
				target += 0.7
			}
			sum -= target * math.Log(p)
		}
		return sum
	}, softmax},
}

func softmax(x []float64) []float64 {
	sum, y := 0.0, make([]float64, len(x))
	for _, v := range x {
		sum += math.Exp(v)
	}
	for i, v := range x {
		y[i] = math.Exp(v) / sum
	}
	return y
}

// Each loss is its formula's, and its gradient that of the mean over the examples, by central differences.
func TestLosses(t *testing.T) {
	held := map[string]bool{}
	for _, row := range losses {
		held[reflect.TypeOf(row.loss).Name()] = true
		t.Run(row.loss.Name(), func(t *testing.T) { testLoss(t, row.loss, row.of, row.scores) })
	}
	for name, file := range typesWith(t, "Attach") {
		assert.True(t, held[name], "%s: no formula holds the loss %s: add a row to losses in loss_test.go", file, name)
	}
}

func testLoss(t *testing.T, loss Loss, of func([]float64, int) float64, scores func([]float64) []float64) {
	const classes = 5
	labels := []int32{4, 0, -1, 2} // the third is no example
	examples := 3.0
	b := LossBinding{
		Batch: len(labels), Classes: classes,
		X: kernels.Kept("x", kernels.Float32, len(labels), classes), DX: kernels.Kept("dx", kernels.Float32, len(labels), classes),
		Labels: kernels.Kept("labels", kernels.Int32, len(labels)), PerItem: kernels.Kept("loss", kernels.Float32, len(labels)),
		Probabilities: kernels.Kept("probabilities", kernels.Float32, len(labels), classes),
	}
	d, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer d.Close()
	program, err := d.Compile(append(loss.Forward(b), loss.Backward(b)...), device.CompileOptions{})
	require.NoError(t, err)
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]float32, len(labels)*classes)
	for i := range x {
		x[i] = float32(rng.NormFloat64())
	}
	require.NoError(t, d.Upload(b.X, x))
	require.NoError(t, d.Upload(b.Labels, labels))
	require.NoError(t, program.Run())
	download := func(b *kernels.Buffer) []float32 {
		values := make([]float32, b.Elements())
		require.NoError(t, d.Download(values, b))
		return values
	}
	perItem, probabilities, dx := download(b.PerItem), download(b.Probabilities), download(b.DX)
	for n, label := range labels {
		row := make([]float64, classes)
		for k := range row {
			row[k] = float64(x[n*classes+k])
		}
		assert.InDeltaSlice(t, scores(row), probabilities[n*classes:(n+1)*classes], 1e-6)
		if label < 0 {
			assert.Zero(t, perItem[n])
			assert.Equal(t, make([]float32, classes), dx[n*classes:(n+1)*classes])
			continue
		}
		assert.InDelta(t, of(row, int(label)), perItem[n], 1e-6)
		for k, v := range row {
			const h = 1e-5
			row[k] = v + h
			above := of(row, int(label))
			row[k] = v - h
			below := of(row, int(label))
			row[k] = v
			assert.InDelta(t, (above-below)/(2*h)/examples, dx[n*classes+k], 1e-6)
		}
	}
}
