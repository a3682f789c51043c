package train

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/train/internal/traintest"
)

// Two trainers of one model on one device, their steps in turns, learn what each learns alone.
func TestTrainersOfOneModelAreIndependent(t *testing.T) {
	m := traintest.SmallNet(t, 0.1)
	open := func(d device.Device, seed uint64) *Trainer {
		tr, err := Compile(m, Options{Device: d, Optimizer: Adam{}, Seed: seed})
		require.NoError(t, err)
		return tr
	}
	fit := func(tr *Trainer) {
		_, err := tr.Fit(context.Background(), digits(48), FitOptions{Batch: 16, Validation: digits(20)})
		require.NoError(t, err)
	}
	cpu := func() device.Device {
		d, err := device.OpenCPU(device.Options{})
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, d.Close()) })
		return d
	}
	first, second := open(cpu(), 1), open(cpu(), 2)
	shared := cpu()
	a, b := open(shared, 1), open(shared, 2)
	assert.NotEqual(t, weights(t, a), weights(t, b))
	for range 2 {
		for _, tr := range []*Trainer{first, second, a, b} {
			fit(tr)
		}
	}
	assert.Equal(t, weights(t, first), weights(t, a))
	assert.Equal(t, weights(t, second), weights(t, b))
}
