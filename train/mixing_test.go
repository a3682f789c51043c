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
	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
	"cnn-gpu/train/internal/loader"
	"cnn-gpu/train/internal/traintest"
)

func TestMixing(t *testing.T) {
	d, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer d.Close()
	testMixing(t, d)
}

// The loss of a mixed example is that of both labels by their shares and weights, and its gradient that of the mean over the examples, by central differences.
func testMixing(t *testing.T, d device.Device) {
	const classes = 5
	classWeights := []float64{1, 2, 0.5, 0.25, 3}
	b := &loader.Batch{
		Examples: Examples{Labels: []int32{4, 0, -1, 2, 3}, Weights: []float32{1, 0.5, 0, 2, 1}},
		Second:   []int32{1, 3, -1, 2, 0}, SecondWeights: []float32{4, 1, 0, 2, 1}, Shares: []float32{0.25, 0.5, 0, 0.125, 0},
	}
	rows := len(b.Labels)
	const examples = 4.0
	for _, row := range losses {
		last := model.Softmax
		if slices.Equal(row.scores([]float64{1}), sigmoids([]float64{1})) {
			last = model.Sigmoid
		}
		m, err := model.Sequential(model.Input(classes), model.Dense{Units: classes, Activation: last})
		require.NoError(t, err)
		tr, err := newTrainer(m, Options{Device: d, Loss: row.loss, ClassWeights: classWeights, SampleWeights: true})
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
		require.NoError(t, mix.upload(&Step{List: &OpList{Rate: tr.rate}, trainer: tr}, b))
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
				share, second := float64(b.Shares[n]), b.Second[n]
				first := (1 - share) * float64(b.Weights[n]) * classWeights[label] * row.of(values, int(label))
				return first + share*float64(b.SecondWeights[n])*classWeights[second]*row.of(values, int(second))
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

// A training on mixed examples of which none is mixed has the bits of one on plain examples, and the same loss with what is penalized; the last,
// smaller batch too.
func TestMixingOfNothing(t *testing.T) {
	penalized, err := model.Parse("net.yaml", []byte(`{input: [28, 28, 1], layers: [Conv2D: {filters: 2, kernel_size: 3, strides: 3, kernel_regularizer: l2, activity_regularizer: l1},
		Flatten, Dense: {units: 10, activation: softmax}]}`))
	require.NoError(t, err)
	for _, m := range []*model.Model{traintest.SmallNet(t, 0.3), penalized} {
		var all [][]float32
		var losses []float64
		for _, text := range []string{"flip", "flip,mixup:1:0", "flip,mixup:1:0.5,cutmix"} {
			tr := compile(t, m, 2, Adam{})
			history, err := tr.Fit(context.Background(), digits(50), FitOptions{Epochs: 2, Batch: 16, Augment: pipeline(t, text)})
			require.NoError(t, err)
			all, losses = append(all, weights(t, tr)), append(losses, history[1].Training.Loss)
		}
		assert.Equal(t, all[0], all[1])
		assert.Equal(t, losses[0], losses[1])
		assert.NotEqual(t, all[0], all[2])
	}
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

// weighed are pictures of classes, each of which weighs as much as its class's number and 1.
type weighed struct{ twoClasses }

func (s *weighed) IsWeighted() bool     { return true }
func (s *weighed) Weight(i int) float32 { return float32(i + 1) }

// The weights of a mixed example go with its labels, and it is normalized.
func TestMixedBatches(t *testing.T) {
	images := &weighed{twoClasses{set{shape: []int{1, 1, 1}, n: 2}}}
	n := data.Normalization{Mean: []float64{0.5}, Std: []float64{0.25}}
	batch := func(n data.Normalization) *loader.Batch {
		b := loader.NewBatch(images, 1)
		assert.Nil(t, b.SecondWeights)
		seen := loader.Augment(images, pipeline(t, "mixup:1:0.5"), n, 1, 0)
		b = loader.NewBatch(seen, 101)
		var order []int
		for range 50 {
			order = append(order, 0, 1)
		}
		b.Fill(seen, order)
		require.NoError(t, b.Err)
		return b
	}
	plain, normalized := batch(data.Normalization{}), batch(n)
	mixed := 0
	for i, first := range plain.Labels[:100] {
		assert.InDelta(t, first+1, plain.Weights[i], 0)
		assert.InDelta(t, plain.Second[i]+1, plain.SecondWeights[i], 0)
		if first != plain.Second[i] {
			mixed++
		}
	}
	assert.Greater(t, mixed, 10)
	assert.Equal(t, []float32{0, 0, 0}, []float32{plain.Weights[100], plain.SecondWeights[100], plain.X[100]})
	n.Apply(plain.X[:100], 1)
	assert.Equal(t, plain, normalized)

	m, err := model.Sequential(model.Input(1, 1, 1), model.Flatten{}, model.Dense{Units: 2, Activation: model.Softmax})
	require.NoError(t, err)
	tr, err := Compile(m, Options{Optimizer: SGD{}, Normalization: n, SampleWeights: true})
	require.NoError(t, err)
	defer tr.Close()
	_, err = tr.Fit(context.Background(), images, FitOptions{Epochs: 2, Batch: 2, Augment: pipeline(t, "mixup:1:1")})
	require.NoError(t, err)
}

// Examples that have no one class cannot be mixed; what else transforms them leaves them their targets and weights.
func TestMixingOfTargets(t *testing.T) {
	set := plane(data.MultiLabel)
	set.weights = slices.Repeat([]float32{2}, 50)
	images := inPictures{set}
	m, err := model.Sequential(model.Input(1, 2, 1), model.Flatten{}, model.Dense{Units: 2, Activation: model.Sigmoid})
	require.NoError(t, err)
	train := func(p *augment.Pipeline, n data.Normalization) (Result, error) {
		tr, err := Compile(m, Options{Optimizer: SGD{LearningRate: 0.3}, Loss: BinaryCrossEntropy{}, Targets: data.MultiLabel, SampleWeights: true, Normalization: n})
		require.NoError(t, err)
		defer tr.Close()
		history, err := tr.Fit(context.Background(), images, FitOptions{Batch: 16, Augment: p})
		if err != nil {
			return Result{}, err
		}
		return history[0].Training, nil
	}
	_, err = train(pipeline(t, "flip,mixup"), data.Normalization{})
	assert.EqualError(t, err, "train: the augmentation mixes two examples, which takes one class of each, and the examples have several labels (Options.Targets); leave mixup and cutmix out")
	plain, err := train(nil, data.Normalization{})
	require.NoError(t, err)
	unmoved, err := train(pipeline(t, "flip:0"), data.Normalization{})
	require.NoError(t, err)
	assert.Equal(t, plain, unmoved)
	_, err = train(nil, data.Normalization{Std: []float64{2}})
	require.NoError(t, err)
}

// inPictures are rows in pictures of one line.
type inPictures struct{ answers }

func (s inPictures) Shape() []int { return []int{1, len(s.x[0]), 1} }
