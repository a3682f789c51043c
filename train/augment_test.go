package train

import (
	"context"
	"path/filepath"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
	"cnn-gpu/train/internal/loader"
	"cnn-gpu/train/internal/traintest"
)

func pipeline(t *testing.T, text string) *augment.Pipeline {
	t.Helper()
	p, err := augment.Parse(text)
	require.NoError(t, err)
	return p
}

// A training on transformed pictures ends with the same bits on any number of threads, and if it is interrupted anywhere and resumed; an
// epoch sees other pictures than the one before; what is evaluated is not transformed.
func TestAugment(t *testing.T) {
	const text = "flip,crop,rotate,color_jitter,trivialaugment,mixup:probability=0.5,cutmix"
	options := FitOptions{Epochs: 3, Batch: 16, Validation: digits(20), Augment: pipeline(t, text)}
	whole := compile(t, traintest.SmallNet(t, 0.3), 2, Adam{})
	want, err := whole.Fit(context.Background(), digits(100), options)
	require.NoError(t, err)
	validation, err := whole.Evaluate(context.Background(), digits(20), 16)
	require.NoError(t, err)
	assert.Equal(t, validation, *want[2].Validation)

	plain := options
	plain.Augment = nil
	other := compile(t, traintest.SmallNet(t, 0.3), 2, Adam{})
	_, err = other.Fit(context.Background(), digits(100), plain)
	require.NoError(t, err)
	assert.NotEqual(t, weights(t, whole), weights(t, other))

	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	for _, interruptedAfter := range []int{1, 8, 9} {
		path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
		ctx, cancel := context.WithCancel(context.Background())
		first := compile(t, traintest.SmallNet(t, 0.3), 1, Adam{})
		interrupted := options
		interrupted.CheckpointSteps = 1
		calls := 0
		interrupted.Checkpoint = func() error {
			if calls++; calls == interruptedAfter {
				cancel()
			}
			return first.SaveCheckpoint(path, nil)
		}
		_, err = first.Fit(ctx, digits(100), interrupted)
		require.ErrorIs(t, err, context.Canceled)

		runtime.GOMAXPROCS(3)
		second := compile(t, traintest.SmallNet(t, 0.3), 3, Adam{})
		require.NoError(t, second.LoadCheckpoint(path))
		for augmentation, then := range map[string]string{"": "nothing", "flip": "flip"} {
			o := options
			if o.Augment = nil; augmentation != "" {
				o.Augment = pipeline(t, augmentation)
			}
			_, err = second.Fit(context.Background(), digits(100), o)
			assert.ErrorContains(t, err, "augmentation: "+text+" then, "+then+" now")
		}
		_, err = second.Fit(context.Background(), digits(100), options)
		require.NoError(t, err)
		assert.Equal(t, weights(t, whole), weights(t, second), "interrupted after %d checkpoints", interruptedAfter)
	}
}

// Pictures are normalized after they are transformed, so that what comes in at their borders is as black as in the pictures.
func TestAugmentedAndNormalized(t *testing.T) {
	set, n := digits(4), data.Normalization{Mean: []float64{0.5}, Std: []float64{0.25}}
	batchOf := func(n data.Normalization) []float32 {
		seen := loader.Augment(set, pipeline(t, "shift:0.9:0.9"), n, 7, 0)
		b := loader.NewBatch(seen, 4)
		b.Fill(seen, loader.InOrder(4))
		require.NoError(t, b.Err)
		return b.X
	}
	want := batchOf(data.Normalization{})
	n.Apply(want, 1)
	assert.Equal(t, want, batchOf(n))
	assert.Contains(t, want, float32(-2))

	tr, err := Compile(traintest.SmallNet(t, 0), Options{Optimizer: SGD{}, Normalization: n, Seed: 1})
	require.NoError(t, err)
	f := &fitting{Trainer: tr, set: set, options: FitOptions{Augment: pipeline(t, "shift:0.9:0.9,mixup")}}
	seen, ok := f.examples().(*loader.Augmented)
	require.True(t, ok, "a wrapper would hide which examples are mixed")
	x := make([]float32, 28*28)
	_, err = seen.Example(0, x)
	require.NoError(t, err)
	assert.Less(t, slices.Min(x), float32(-1.9))
}

// Every epoch and every picture is transformed by numbers of its own, and a batch filled by several goroutines is in order.
func TestAugmentedBatches(t *testing.T) {
	set, p := digits(40), pipeline(t, "crop:9:0.5")
	batchOf := func(epoch int) []float32 {
		seen := loader.Augment(set, p, data.Normalization{}, 7, epoch)
		b := loader.NewBatch(seen, 50)
		b.Fill(seen, loader.InOrder(40))
		require.NoError(t, b.Err)
		for i, label := range b.Labels {
			want := int32(loader.Absent)
			if i < 40 {
				var err error
				want, err = set.Example(i, make([]float32, 28*28))
				require.NoError(t, err)
			}
			assert.Equal(t, want, label)
		}
		return b.X
	}
	first, second := batchOf(0), batchOf(1)
	assert.Equal(t, first, batchOf(0))
	same := 0
	const n = 28 * 28
	for i := range 40 {
		x := make([]float32, n)
		_, err := p.Example(set, set.Shape(), 7, 0, i, x)
		require.NoError(t, err)
		assert.Equal(t, x, first[i*n:(i+1)*n])
		if assert.ObjectsAreEqual(x, second[i*n:(i+1)*n]) {
			same++
		}
	}
	assert.Less(t, same, 5)
	assert.Equal(t, make([]float32, 10*n), first[40*n:])

	spoiled := digits(40)
	spoiled.spoil = func(i int, _ []float32, label *int32) error {
		if i == 11 || i == 30 {
			*label = 99
		}
		return nil
	}
	b := loader.NewBatch(spoiled, 50)
	b.Fill(loader.Augment(spoiled, p, data.Normalization{}, 7, 0), loader.InOrder(40))
	assert.EqualError(t, b.Err, "train: digits: example 11: label 99 is none of the 10 classes", "the first of two")
}

func TestAugmentIsChecked(t *testing.T) {
	tr := compile(t, traintest.SmallNet(t, 0), 1, Adam{})
	_, err := tr.Fit(context.Background(), digits(20), FitOptions{Augment: pipeline(t, "grey")})
	assert.EqualError(t, err, "train: augment: grey needs three colours, the pictures are [28 28 1]; leave it out")
}
