package run

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image/png"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/internal/lock"
	"cnn-gpu/model/safetensors"
	"cnn-gpu/train"
)

const tiny = `
name: tiny
input: [28, 28, 1]
layers:
  - Conv2D: {filters: 4, kernel_size: 3, strides: 2, activation: relu}
  - MaxPooling2D:
  - Flatten:
  - Dense: {units: 10, activation: softmax}
`

// config is a run on a few images, of which nothing can be learnt.
func config(t *testing.T) Config {
	t.Helper()
	t.Chdir(t.TempDir())
	require.NoError(t, os.WriteFile("tiny.yaml", []byte(tiny), 0o666))
	require.NoError(t, os.Mkdir("few", 0o777))
	writeImages(t, filepath.Join("few", "train"), 40)
	writeImages(t, filepath.Join("few", "t10k"), 10)
	return Config{Model: "tiny.yaml", Data: "few", Epochs: 2, Batch: 20, Optimizer: "adam", Seed: 1, Device: "cpu"}
}

// writeImages writes an IDX file of random images and one of their labels, 0 to 9 in turn.
func writeImages(t *testing.T, prefix string, count int) {
	t.Helper()
	big := binary.BigEndian
	pixels, labels := big.AppendUint32(nil, 0x803), big.AppendUint32(nil, 0x801)
	for _, extent := range []int{count, 28, 28} {
		pixels = big.AppendUint32(pixels, uint32(extent))
	}
	labels = big.AppendUint32(labels, uint32(count))
	rng := rand.New(rand.NewPCG(1, uint64(count)))
	for i := range count {
		labels = append(labels, byte(i%10))
		for range 28 * 28 {
			pixels = append(pixels, byte(rng.UintN(256)))
		}
	}
	require.NoError(t, os.WriteFile(prefix+"-images-idx3-ubyte", pixels, 0o666))
	require.NoError(t, os.WriteFile(prefix+"-labels-idx1-ubyte", labels, 0o666))
}

func start(t *testing.T, c Config) *Run {
	t.Helper()
	r, err := New(c)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, r.Close()) })
	return r
}

func TestTrainWritesTheFolder(t *testing.T) {
	c := config(t)
	c.Data, c.Batch = "digits", 100
	r := start(t, c)
	assert.Equal(t, filepath.Join("runs", "tiny-digits"), r.Dir())
	epochs := 0
	summary, err := r.Train(context.Background(), Hooks{OnEpoch: func(train.Epoch) { epochs++ }})
	require.NoError(t, err)
	assert.Equal(t, 2, epochs)
	assert.Equal(t, 2, summary.Last.Epoch)
	assert.Greater(t, summary.Test.Accuracy, 0.5)
	assert.Equal(t, *summary.Last.Validation, summary.Test, "the last epoch's")
	assert.Empty(t, summary.Notes)

	lines, err := os.ReadFile(filepath.Join(r.Dir(), metricsFile))
	require.NoError(t, err)
	decoder := json.NewDecoder(bytes.NewReader(lines))
	decoder.DisallowUnknownFields()
	for epoch := 1; epoch <= 2; epoch++ {
		var record Record
		require.NoError(t, decoder.Decode(&record))
		assert.Equal(t, epoch, record.Epoch)
		assert.Equal(t, "cpu", record.Device)
		assert.NotNil(t, record.TestAccuracy, "without validation it is the test images that are looked at")
		assert.Nil(t, record.ValAccuracy)
	}
	assert.False(t, decoder.More())
	for _, name := range []string{curvesFile, confusionFile, misclassifiedFile} {
		file, err := os.Open(filepath.Join(r.Dir(), name))
		require.NoError(t, err)
		_, err = png.Decode(file)
		assert.NoError(t, err, name)
		require.NoError(t, file.Close())
	}

	for _, path := range []string{r.Dir(), filepath.Join(r.Dir(), weightsFile)} {
		saved, err := Load(path)
		require.NoError(t, err)
		want, err := r.Trainer().Weights()
		require.NoError(t, err)
		assert.Equal(t, want.Padded(), saved.Weights.Padded())
		assert.Equal(t, string(r.Trainer().Model().YAML()), string(saved.Model.YAML()))
		assert.Equal(t, r.training.Classes(), saved.Classes)
		assert.Equal(t, "digits", saved.Data)
	}

	assert.Equal(t, filepath.Join("runs", "tiny-digits-2"), start(t, c).Dir(), "the next free name")
	c.Out = r.Dir()
	_, err = New(c)
	assert.ErrorAs(t, err, new(*lock.HeldError), "it is held until it is closed")
	require.NoError(t, r.Close())
	_, err = New(c)
	assert.ErrorContains(t, err, "holds a run already")
	left, err := filepath.Glob(filepath.Join(r.Dir(), ".*"))
	require.NoError(t, err)
	assert.Empty(t, left, "nothing half-written")
}

func TestResume(t *testing.T) {
	c := config(t)
	c.Out = "whole"
	whole := start(t, c)
	_, err := whole.Train(context.Background(), Hooks{})
	require.NoError(t, err)

	c.Out = "parts"
	ctx, cancel := context.WithCancel(context.Background())
	first := start(t, c)
	_, err = first.Train(ctx, Hooks{OnEpoch: func(train.Epoch) { cancel() }})
	require.ErrorIs(t, err, context.Canceled)
	require.NoError(t, first.Close())
	require.NoError(t, os.Remove("tiny.yaml"), "the checkpoint knows the model")
	second, err := Resume("parts", ResumeOptions{})
	require.NoError(t, err)
	defer second.Close()
	assert.Equal(t, 1, second.Trainer().Position().Epoch)
	_, err = second.Train(context.Background(), Hooks{})
	require.NoError(t, err)
	assert.Equal(t, weightsIn(t, "whole"), weightsIn(t, "parts"))

	_, err = Resume("parts", ResumeOptions{})
	assert.ErrorAs(t, err, new(*lock.HeldError))
	require.NoError(t, second.Close())
	_, err = Resume("nowhere", ResumeOptions{})
	assert.ErrorContains(t, err, "no checkpoint.safetensors to go on from")
}

// weightsIn are the weights in a run's folder or a weights file.
func weightsIn(t *testing.T, path string) []float32 {
	t.Helper()
	saved, err := Load(path)
	require.NoError(t, err)
	return saved.Weights.Padded()
}

// A finished run has nothing left to train; resuming it draws its pictures again and changes no weight.
func TestResumeFinished(t *testing.T) {
	c := config(t)
	r := start(t, c)
	_, err := r.Train(context.Background(), Hooks{})
	require.NoError(t, err)
	before, err := r.Trainer().Weights()
	require.NoError(t, err)
	require.NoError(t, r.Close())
	again, err := Resume(r.Dir(), ResumeOptions{})
	require.NoError(t, err)
	defer again.Close()
	summary, err := again.Train(context.Background(), Hooks{})
	require.NoError(t, err)
	assert.Equal(t, 2, summary.Last.Epoch)
	after, err := again.Trainer().Weights()
	require.NoError(t, err)
	assert.Equal(t, before.Padded(), after.Padded())
}

// A training that diverges leaves the files of the last epoch that was complete, and none where there was no such epoch.
func TestDivergingKeepsTheLastEpoch(t *testing.T) {
	c := config(t)
	require.NoError(t, os.WriteFile("tiny.yaml", []byte(`
name: unstable
input: [28, 28, 1]
layers:
  - Flatten:
  - Dense: {units: 8}
  - Dense: {units: 8}
  - Dense: {units: 10, activation: softmax}
`), 0o666))
	c.Batch, c.Optimizer, c.LearningRate = 4, "sgd", 1e9
	r := start(t, c)
	_, err := r.Train(context.Background(), Hooks{})
	var notFinite *train.NotFiniteError
	require.ErrorAs(t, err, &notFinite)
	assert.ErrorContains(t, err, "no epoch was complete, so no weights were saved")
	assert.NoFileExists(t, filepath.Join(r.Dir(), weightsFile))

	c.Batch, c.LearningRate, c.Epochs, c.Out = 20, 1, 40, "late" // the weights grow for some steps
	r = start(t, c)
	var good []float32
	epochs := 0
	_, err = r.Train(context.Background(), Hooks{OnEpoch: func(e train.Epoch) {
		w, err := r.Trainer().Weights()
		require.NoError(t, err)
		good, epochs = w.Padded(), e.Epoch
	}})
	require.ErrorAs(t, err, &notFinite)
	require.Positive(t, epochs)
	assert.ErrorContains(t, err, fmt.Sprintf("late/weights.safetensors holds the weights of epoch %d, the last that was complete", epochs))
	assert.Equal(t, good, weightsIn(t, "late"))
	assert.NotEmpty(t, weightsIn(t, filepath.Join("late", bestWeightsFile)))
}

func TestNewRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"model":     {func(c *Config) { c.Model = "mnist-cmn" }, "mnist-cnn"},
		"data":      {func(c *Config) { c.Data = "nowhere" }, "nowhere"},
		"share":     {func(c *Config) { c.Validation = 1 }, "expected more than 0 and less than 1"},
		"optimizer": {func(c *Config) { c.Optimizer = "adan" }, "did you mean adam?"},
		"device":    {func(c *Config) { c.Device = "tpu" }, `unknown device "tpu"`},
		"out": {func(c *Config) {
			require.NoError(t, os.WriteFile("file", nil, 0o666))
			c.Out = filepath.Join("file", "run")
		}, "cannot make the run's folder"},
	} {
		t.Run(name, func(t *testing.T) {
			good := config(t)
			c.change(&good)
			_, err := New(good)
			require.ErrorContains(t, err, c.want)
			_, err = os.Stat("runs")
			assert.ErrorIs(t, err, os.ErrNotExist, "no folder for a run that cannot begin")
		})
	}
}

// A loss that cannot be is known before a device is opened or a folder made.
func TestTrainOptionsAreChecked(t *testing.T) {
	_, err := Config{Optimizer: "adam", LabelSmoothing: 1}.TrainOptions()
	assert.ErrorContains(t, err, "LabelSmoothing is 1; give a number from 0 to below 1")
}

// The best is the first with the lowest loss so far, whose weights are kept.
func TestCurvesKnowTheBest(t *testing.T) {
	var r Run
	var best []bool
	for _, e := range r.epochs([]train.Epoch{
		{Validation: &train.Result{Loss: 3}}, {Validation: &train.Result{Loss: 1}}, {Validation: &train.Result{Loss: 1}}, {Validation: &train.Result{Loss: 2}},
	}) {
		best = append(best, e.Best)
	}
	assert.Equal(t, []bool{true, true, false, false}, best)
}

// A run that begins with weights says where its images are prepared otherwise than those that the weights know.
func TestFromWeightsOfOtherPreparation(t *testing.T) {
	dir, c := trained(t)
	file, err := safetensors.Read(filepath.Join(dir, bestWeightsFile))
	require.NoError(t, err)
	file.Metadata[preparationKey] = `{"framing":"mnist","ground":"dark"}`
	require.NoError(t, safetensors.Write("dark.safetensors", file))
	c.Model, c.Out = "", "on"
	const note = "The images that the weights were trained on were prepared otherwise than these are: framing mnist, ground dark then, framing whole, ground any now."
	c.From = "dark.safetensors"
	r := start(t, c)
	assert.Contains(t, r.Notes(), note)
	require.NoError(t, r.Close())
	c.From = dir
	assert.Equal(t, []string{"Weights: those of run/weights-best.safetensors, after epoch 2: taken conv2d and dense."}, start(t, c).Notes())

	require.NoError(t, os.Remove(filepath.Join(dir, weightsFile)))
	require.NoError(t, os.Remove(filepath.Join(dir, bestWeightsFile)))
	_, err = New(c)
	assert.EqualError(t, err, "run: run has no weights of a complete epoch yet; go on with it by --resume")
}
