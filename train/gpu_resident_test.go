//go:build cuda && cgo

package train

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/tensor"

	"cnn-gpu/device"
	"cnn-gpu/device/sim/driverapi"
	"cnn-gpu/train/data"
	"cnn-gpu/train/data/augment"
	"cnn-gpu/train/internal/traintest"
)

// byteDigits are so many digits as bytes, and as many others.
func byteDigits(t *testing.T, examples int) (set, others data.Set) {
	t.Helper()
	_, few, err := data.Split(drawn(), float64(2*examples)/float64(drawn().Len()), 1)
	require.NoError(t, err)
	set, others, err = data.Split(few, 0.5, 2)
	require.NoError(t, err)
	require.Equal(t, examples, set.Len())
	require.NotNil(t, data.BytesOf(set))
	return set, others
}

// loaded is a set whose batches the host fills.
func loaded(set data.Set) data.Set { return part{Set: set, examples: set.Len()} }

// trained is what a training leaves behind.
type trained struct {
	weights       []float32
	history       []Epoch
	probabilities []float32
	test          Result
}

// A training on images that lie on the device has the bits of one on batches that the host fills, and so has each way to go on with either.
func TestGPUResident(t *testing.T) {
	t.Setenv(device.SimChecksEnv, "off") // the case table looks for mistakes in the kernels
	d := traintest.OpenGPU(t)
	defer d.Close()
	set, validation := byteDigits(t, 29)
	for name, o := range map[string]Options{
		"plain":      {Optimizer: Adam{LearningRate: 0.01}},
		"schedule":   {Optimizer: SGD{LearningRate: 0.1, Momentum: 0.9}, Schedule: CosineDecay{End: 0.1}, WarmUp: 2, Clipping: Clipping{GlobalNorm: 1}},
		"plateau":    {Optimizer: AdamW{LearningRate: 0.01}, Schedule: Plateau{Patience: 1}, EMA: EMA{Momentum: 0.75}},
		"moved":      {Optimizer: Adam{LearningRate: 0.01}, Normalization: data.Normalization{Mean: []float64{0.13}, Std: []float64{0.31}}},
		"normalized": {Optimizer: Adam{LearningRate: 0.01}, Normalization: data.Normalization{Mean: []float64{0.13}, Std: []float64{0.31}}},
	} {
		t.Run(name, func(t *testing.T) {
			o.Device, o.Metrics, o.Seed = d, []Metric{Accuracy}, 7
			begin := func() *Trainer {
				tr, err := Compile(traintest.SmallNet(t, 0.2), o)
				require.NoError(t, err)
				return tr
			}
			path := t.TempDir() + "/checkpoint.safetensors"
			// fit trains, from the checkpoint if there is one; where saveAfter is not 0 it ends at that checkpoint.
			fit := func(resides bool, resume bool, saveAfter int) trained {
				tr := begin()
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				a, b := set, validation
				if !resides {
					a, b = loaded(a), loaded(b)
				}
				var r trained
				var moves *augment.Pipeline
				if name == "moved" {
					moves = pipeline(t, "flip,crop:3:0.5,shift:0.2:0.5,flip_vertical")
				}
				calls := 0
				f := FitOptions{Epochs: 3, Batch: 8, Augment: moves, Validation: b, OnPrediction: func(_ int, label int32, p []float32) {
					r.probabilities = append(append(r.probabilities, float32(label)), p...)
				}, OnEpoch: func(Epoch) error {
					assert.Len(t, tr.residents, map[bool]int{false: 0, true: 2}[resides])
					return nil
				}}
				if saveAfter > 0 {
					f.CheckpointSteps = 3
					f.Checkpoint = func() error {
						if calls++; calls == saveAfter {
							cancel()
							return tr.SaveCheckpoint(path, nil)
						}
						return nil
					}
				}
				if resume {
					require.NoError(t, tr.LoadCheckpoint(path))
				}
				_, err := tr.Fit(ctx, a, f)
				if saveAfter > 0 {
					require.ErrorIs(t, err, context.Canceled)
				} else {
					require.NoError(t, err)
					r.test, err = tr.Evaluate(context.Background(), a, 5)
					require.NoError(t, err)
				}
				assert.Empty(t, tr.residents)
				r.weights, r.history = weights(t, tr), slices.Clone(tr.History())
				for i := range r.history {
					r.history[i].Seconds, r.history[i].ImagesPerSecond = 0, 0
				}
				require.NoError(t, tr.Close())
				return r
			}
			want := fit(false, false, 0)
			assert.Equal(t, want, fit(true, false, 0))
			for _, first := range []bool{false, true} {
				for _, checkpoint := range []int{1, 3} { // within the first epoch, and the second
					fit(first, false, checkpoint)
					got := fit(!first, true, 0)
					assert.Equal(t, want.weights, got.weights)
					assert.Equal(t, want.test, got.test)
				}
			}
		})
	}
}

// Where a set cannot be on the device, or should not, its batches are filled by the host.
func TestGPUResidentOrNot(t *testing.T) {
	t.Setenv(device.SimChecksEnv, "off")
	d := traintest.OpenGPU(t)
	defer d.Close()
	set, validation := byteDigits(t, 9)
	for name, c := range map[string]struct {
		o       Options
		f       FitOptions
		set     data.Set
		resides int
	}{
		"bytes":                    {set: set, resides: 2},
		"pictures are moved":       {set: set, f: FitOptions{Augment: pipeline(t, "crop")}, resides: 2},
		"pictures are transformed": {set: set, f: FitOptions{Augment: pipeline(t, "crop,rotate")}, resides: 1},
		"class weights":            {set: set, o: Options{ClassWeights: slices.Repeat([]float64{1}, 10)}, resides: 1},
		"sample weights":           {set: set, o: Options{SampleWeights: true}},
		"numbers":                  {set: loaded(set), resides: 1},
	} {
		o := c.o
		o.Device, o.Optimizer = d, SGD{}
		tr, err := Compile(traintest.SmallNet(t, 0), o)
		require.NoError(t, err)
		c.f.Batch, c.f.Validation = 4, validation
		c.f.OnEpoch = func(Epoch) error {
			assert.Len(t, tr.residents, c.resides, name)
			return nil
		}
		_, err = tr.Fit(context.Background(), c.set, c.f)
		require.NoError(t, err, name)
		require.NoError(t, tr.Close())
	}
}

// Where the device has no room for a set beside the training, the host fills the batches, and the training ends with the same bits.
func TestGPUResidentWithoutRoom(t *testing.T) {
	traintest.SimulatedOnly(t)
	t.Setenv(device.SimChecksEnv, "off")
	set, _ := byteDigits(t, 9)
	resided := map[int]int{}
	var want []float32
	for allocation := range 60 {
		if allocation > 0 {
			t.Setenv("CNN_GPU_SIM_FAULT", fmt.Sprintf("oom@%d", allocation))
		}
		d := traintest.OpenGPU(t)
		tr, err := Compile(traintest.SmallNet(t, 0), Options{Device: d, Optimizer: SGD{}})
		if err == nil {
			_, err = tr.Fit(context.Background(), set, FitOptions{Batch: 4, OnEpoch: func(Epoch) error {
				resided[len(tr.residents)]++
				return nil
			}})
		}
		if err == nil {
			if want == nil {
				want = weights(t, tr)
			}
			assert.Equal(t, want, weights(t, tr))
		} else {
			assert.Regexp(t, "out of memory|OUT_OF_MEMORY", err.Error())
		}
		if tr != nil {
			require.NoError(t, tr.Close())
		}
		require.NoError(t, d.Close())
		require.Zero(t, driverapi.Holds())
	}
	assert.Greater(t, resided[0], 2, "the arena and some of the set's buffers do not fit")
	assert.Greater(t, resided[1], 2, "all fits")
}

// The host's work is at most a graph launch for 50 steps; what it does besides, it does once an epoch.
func TestGPUCallsOfAnEpoch(t *testing.T) {
	traintest.SimulatedOnly(t)
	t.Setenv(device.SimChecksEnv, "off")
	d := traintest.OpenGPU(t)
	defer d.Close()
	set, _ := byteDigits(t, 256)
	calls := func(o Options, set data.Set) driverapi.Calls {
		o.Device = d
		tr, err := Compile(traintest.SmallNet(t, 0), o)
		require.NoError(t, err)
		tr.clock = func() time.Time { return time.Time{} } // a GPU takes a thousandth of the time that the simulated one does
		var before, epoch driverapi.Calls
		_, err = tr.Fit(context.Background(), set, FitOptions{Epochs: 2, Batch: 2, OnEpoch: func(e Epoch) error {
			now := driverapi.Called()
			epoch = driverapi.Calls{All: now.All - before.All, GraphLaunches: now.GraphLaunches - before.GraphLaunches}
			before = now
			return nil
		}})
		require.NoError(t, err)
		require.NoError(t, tr.Close())
		return epoch
	}
	const steps = 256 / 2
	for _, o := range []Options{{Optimizer: Adam{}}, {Optimizer: Adam{}, Schedule: CosineDecay{}, WarmUp: 3}} {
		epoch := calls(o, set)
		assert.LessOrEqual(t, epoch.GraphLaunches, steps/50)
		assert.Less(t, epoch.All, 50)
		t.Logf("%d steps: %+v", steps, epoch)
	}
	byHost := calls(Options{Optimizer: Adam{}}, loaded(set))
	assert.Equal(t, steps, byHost.GraphLaunches)
	t.Logf("%d steps on batches that the host fills: %+v", steps, byHost)
}

// A prediction is one launch, with the copies in it.
func TestGPUCallsOfAPrediction(t *testing.T) {
	traintest.SimulatedOnly(t)
	d := traintest.OpenGPU(t)
	defer d.Close()
	tr, err := Compile(traintest.SmallNet(t, 0), Options{Device: d})
	require.NoError(t, err)
	image := tensor.New(tensor.WithShape(28, 28, 1), tensor.WithBacking(make([]float32, 28*28)))
	for i := range 3 {
		before := driverapi.Called()
		_, err := tr.Predict(context.Background(), image)
		require.NoError(t, err)
		if i > 0 {
			before.All, before.GraphLaunches = before.All+4, before.GraphLaunches+1 // the context taken, a launch, the wait, the context given back
			assert.Equal(t, before, driverapi.Called())
		}
	}
	require.NoError(t, tr.Close())
}
