package train

import (
	"context"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train/internal/loader"
	"cnn-gpu/train/internal/traintest"
)

func TestMixing(t *testing.T) {
	d, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer d.Close()
	testMixing(t, d)
}

// The loss of a mixed example is that of both labels by their shares, and its gradient that of the mean over the examples, by central differences.
func testMixing(t *testing.T, d device.Device) {
	const classes = 5
	b := &loader.Batch{Labels: []int32{4, 0, -1, 2, 3}, Second: []int32{1, 3, -1, 2, 0}, Shares: []float32{0.25, 0.5, 0, 0.125, 0}}
	rows := len(b.Labels)
	const examples = 4.0
	for _, row := range losses {
		last := model.Softmax
		if slices.Equal(row.scores([]float64{1}), sigmoids([]float64{1})) {
			last = model.Sigmoid
		}
		m, err := model.Sequential(model.Input(classes), model.Dense{Units: classes, Activation: last})
		require.NoError(t, err)
		tr, err := newTrainer(m, Options{Device: d, Loss: row.loss})
		require.NoError(t, err)
		l := &model.Lowered{
			Batch: rows, Output: kernels.Kept("x", kernels.Float32, rows, classes), DOutput: kernels.Kept("dx", kernels.Float32, rows, classes),
		}
		labels, mix := labelsOf(rows), newMixing(rows)
		loss := tr.bindLoss(l, labels, true)
		loss.PerItem.Keep = true
		forward, backward := tr.objective(loss, l, mix)
		program, err := d.Compile(append(forward, backward...), device.CompileOptions{})
		require.NoError(t, err)
		rng := rand.New(rand.NewPCG(1, 2))
		x := make([]float32, rows*classes)
		for i := range x {
			x[i] = float32(rng.NormFloat64())
		}
		require.NoError(t, d.Upload(l.Output, x))
		require.NoError(t, d.Upload(labels, b.Labels))
		require.NoError(t, mix.upload(d, b))
		require.NoError(t, program.Run())
		perItem, dx, scores := make([]float32, rows), make([]float32, rows*classes), make([]float32, rows*classes)
		require.NoError(t, d.Download(perItem, loss.PerItem))
		require.NoError(t, d.Download(dx, l.DOutput))
		require.NoError(t, d.Download(scores, loss.Probabilities))
		for n, label := range b.Labels {
			values := make([]float64, classes)
			for k := range values {
				values[k] = float64(x[n*classes+k])
			}
			of := func() float64 {
				share := float64(b.Shares[n])
				return (1-share)*row.of(values, int(label)) + share*row.of(values, int(b.Second[n]))
			}
			assert.InDeltaSlice(t, row.scores(values), scores[n*classes:(n+1)*classes], 1e-5)
			if label < 0 {
				assert.Zero(t, perItem[n])
				assert.Equal(t, make([]float32, classes), dx[n*classes:(n+1)*classes])
				continue
			}
			assert.InDelta(t, of(), perItem[n], 2e-6)
			for k, v := range values {
				const h = 1e-5
				values[k] = v + h
				above := of()
				values[k] = v - h
				below := of()
				values[k] = v
				assert.InDelta(t, (above-below)/(2*h)/examples, dx[n*classes+k], 1e-6)
			}
		}
		require.NoError(t, program.Close())
	}
}

// A training on mixed examples of which none is mixed has the bits of one on plain examples; the last, smaller batch too.
func TestMixingOfNothing(t *testing.T) {
	var all [][]float32
	for _, text := range []string{"flip", "flip,mixup:1:0", "flip,mixup:1:0.5,cutmix"} {
		tr := compile(t, traintest.SmallNet(t, 0.3), 2, Adam{})
		_, err := tr.Fit(context.Background(), digits(50), FitOptions{Epochs: 2, Batch: 16, Augment: pipeline(t, text)})
		require.NoError(t, err)
		all = append(all, weights(t, tr))
	}
	assert.Equal(t, all[0], all[1])
	assert.NotEqual(t, all[0], all[2])
}

// twoClasses is a picture of each of two classes.
type twoClasses struct{ set }

func (s *twoClasses) Example(i int, x []float32) (int32, error) {
	x[0] = 1
	return int32(i), nil
}

// A loss that is not finite is found, also where it is that of the second label alone.
func TestMixingHalts(t *testing.T) {
	m, err := model.Sequential(model.Input(1, 1, 1), model.Flatten{}, model.Dense{Units: 2, Activation: model.Softmax})
	require.NoError(t, err)
	w := m.NewWeights()
	kernel, err := w.Values("dense/kernel")
	require.NoError(t, err)
	kernel[0], kernel[1] = -3e38, 3e38 // the loss of class 0 is no float32
	first := 0
	for seed := range uint64(20) {
		images := &twoClasses{set{shape: []int{1, 1, 1}, n: 2}}
		tr, err := Compile(m, Options{Optimizer: SGD{}, Weights: w, Seed: seed})
		require.NoError(t, err)
		_, err = tr.Fit(context.Background(), images, FitOptions{Batch: 1, Augment: pipeline(t, "mixup:100:1")})
		var found *NotFiniteError
		require.ErrorAs(t, err, &found)
		assert.Equal(t, NotFiniteError{Layer: "dense", What: "output", Step: found.Step, Epoch: 1}, *found)
		if found.Step == 1 && loader.Shuffled(2, seed, 0)[0] == 1 {
			first++
		}
		require.NoError(t, tr.Close())
	}
	assert.Positive(t, first, "examples of class 1 with which class 0 was mixed")
}
