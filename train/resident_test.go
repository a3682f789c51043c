package train

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
	"cnn-gpu/train/internal/traintest"
)

// accelerator is the CPU as a device with memory and a clock of its own. By that it works for a quarter of the time.
type accelerator struct {
	device.Device
	opened time.Time
}

func (a accelerator) Worked() (time.Duration, bool, error) {
	return time.Since(a.opened) / 4, false, nil
}

// A training on images that lie on the device as bytes has the bits of one on batches that the host fills, and tells how long the device waited.
func TestResident(t *testing.T) {
	whole, _, err := data.Split(drawn(), 0.99, 1)
	require.NoError(t, err)
	set, validation, err := data.Split(whole, 0.4, 1)
	require.NoError(t, err)
	train := func(isAccelerator bool, moves *augment.Pipeline) (weights []float32, history []Epoch) {
		cpu, err := device.OpenCPU(device.Options{Workers: 2})
		require.NoError(t, err)
		defer cpu.Close()
		d := cpu
		if isAccelerator {
			d = accelerator{cpu, time.Now()}
		}
		tr, err := Compile(traintest.SmallNet(t, 0.2), Options{Device: d, Optimizer: Adam{}, Schedule: CosineDecay{}, Metrics: []Metric{Accuracy}, Seed: 3})
		require.NoError(t, err)
		starts := 0
		_, err = tr.Fit(context.Background(), set, FitOptions{Epochs: 3, Batch: 20, Augment: moves, Validation: validation, OnStart: func(s Start) {
			starts++
			assert.EqualValues(t, set.Len()*28*28, s.Resident)
		}, OnProgress: func(p Progress) { assert.Equal(t, isAccelerator, p.Waited != nil) }})
		require.NoError(t, err)
		assert.Equal(t, isAccelerator, starts == 1)
		w, err := tr.Weights()
		require.NoError(t, err)
		history = tr.History()
		for i := range history {
			if isAccelerator {
				assert.InDelta(t, 0.75, *history[i].Waited, 0.01)
			}
			history[i].Seconds, history[i].ImagesPerSecond, history[i].Waited = 0, 0, nil
		}
		require.NoError(t, tr.Close())
		return w.Padded(), history
	}
	for _, moves := range []*augment.Pipeline{nil, pipeline(t, "flip,crop:3:0.5")} {
		wantWeights, wantHistory := train(false, moves)
		weights, history := train(true, moves)
		assert.Equal(t, wantWeights, weights)
		assert.Equal(t, wantHistory, history)
	}
}

// The first looks come soon, and later ones as seldom as the interval has it.
func TestPacing(t *testing.T) {
	const each = 100 * time.Microsecond
	var p pacing
	var all []int
	for range 5 {
		steps := p.next(1000)
		all = append(all, steps)
		p.took(steps, time.Duration(steps)*each)
	}
	assert.Equal(t, []int{1, 8, 64, 500, 500}, all)
	assert.Equal(t, 3, p.next(3), "the end of an epoch")
	p.took(3, time.Second)
	assert.Equal(t, 1, p.next(1000), "a device that became slow")
	p.took(1, 0)
	assert.Equal(t, 8, p.next(1000))
}

func TestStartSaysWhereTheImagesAre(t *testing.T) {
	assert.Equal(t, "The images, 2.00 MiB, lie on the GPU.", Start{Resident: 2 << 20}.String())
	assert.Equal(t, "The images are copied to the GPU batch by batch: they are transformed.", Start{Loads: "they are transformed"}.String())
}
