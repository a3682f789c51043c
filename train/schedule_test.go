package train

import (
	"context"
	"errors"
	"path/filepath"
	"reflect"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/train/data"
	"cnn-gpu/train/internal/traintest"
)

// The learning rate of each step is that of Keras's schedule, or of PyTorch's; Keras computes in float32.
func TestSchedulesAreThoseOfKerasAndPyTorch(t *testing.T) {
	held := map[string]bool{}
	for _, row := range readKeras(t).Schedules {
		s, err := ParseSchedule(row.Schedule)
		require.NoError(t, err)
		held[s.Name()] = true
		require.Len(t, row.Rates, row.Epochs*row.PerEpoch)
		set := digits(row.PerEpoch)
		f := &fitting{
			Trainer: &Trainer{schedule: s, warmUp: row.WarmUp, optimizer: SGD{LearningRate: 1}}, set: set,
			options: FitOptions{Epochs: row.Epochs, Batch: 1}.withDefaults(),
		}
		tolerance := map[string]float64{"keras": 1e-6, "torch": 1e-12}[row.From]
		for step, want := range row.Rates {
			if len(row.Losses) > 0 {
				f.losses = row.Losses[:step]
			}
			assert.InDelta(t, want, f.rateAt(step), tolerance, "%s of %s, warm-up %d, step %d", row.Schedule, row.From, row.WarmUp, step)
		}
	}
	for _, name := range ScheduleNames() {
		assert.True(t, held[name], "no schedule of Keras or PyTorch holds %q: add rows to schedules in testdata/keras_golden.py", name)
	}
}

// A rate given as max is the highest, whatever the optimizer's is.
func TestOneCycleGoesUpToMax(t *testing.T) {
	rates := func(s Schedule, rate float64) (rates []float64) {
		f := &fitting{Trainer: &Trainer{schedule: s, optimizer: SGD{LearningRate: rate}}, set: digits(8), options: FitOptions{Epochs: 3, Batch: 1}.withDefaults()}
		for step := range 24 {
			rates = append(rates, f.rateAt(step))
		}
		return rates
	}
	assert.InDeltaSlice(t, rates(OneCycle{Peak: 0.25}, 0.4), rates(OneCycle{Peak: 0.25, Max: 0.4}, 0.01), 1e-15)
	assert.InDelta(t, 0.4, slices.Max(rates(OneCycle{Peak: 0.25, Max: 0.4}, 0.01)), 1e-15)
}

// Every type of this package that is a schedule can be chosen by name.
func TestEveryScheduleHasAName(t *testing.T) {
	known := map[string]bool{}
	for _, row := range schedules {
		s := row.Value(&reader{})
		assert.Equal(t, row.Word, s.Name())
		known[reflect.TypeOf(s).Name()] = true
	}
	found := typesWith(t, "Factor")
	for name, file := range found {
		assert.True(t, known[name], "%s: the schedule %s cannot be chosen by name: give it a row in schedules in schedule.go", file, name)
	}
	assert.Len(t, found, len(known))
}

func TestParseSchedule(t *testing.T) {
	for text, want := range map[string]Schedule{
		"constant":                          Constant{},
		"step,every=2,gamma=0.5":            StepDecay{Every: 2, Gamma: 0.5},
		"exponential":                       ExponentialDecay{},
		"polynomial,end=0.25,power=2":       PolynomialDecay{Power: 2, End: 0.25},
		"cosine,cycles=3,end=0":             CosineDecay{Cycles: 3},
		"one-cycle,start=.5,peak=.25,end=1": OneCycle{Start: 0.5, Peak: 0.25, End: 1},
		"one_cycle,max=0.4":                 OneCycle{Max: 0.4},
		"plateau,patience=3,gamma=.5,end=1": Plateau{Patience: 3, Gamma: 0.5, End: 1},
	} {
		s, err := ParseSchedule(text)
		require.NoError(t, err)
		assert.Equal(t, want, s)
	}
	for text, want := range map[string]string{
		"cosin":                  `unknown schedule "cosin"; did you mean cosine?`,
		"":                       `unknown schedule ""; `,
		"cosine,gamma=2":         "schedule cosine: there is no gamma; it takes cycles and end",
		"constant,end=1":         "schedule constant: there is no end; it takes no settings",
		"cosine,end":             `schedule cosine: "end"; give each setting once, as a word and a number, such as step,every=2,gamma=0.5`,
		"cosine,end=0.1,end=0.2": `"end=0.2"; give each setting once`,
		"cosine,end=NaN":         "end NaN; give a part of the learning rate, from 0 to 1",
		"cosine,cycles=1.5":      "cycles 1.5; give a whole number, at least 1",
		"step,every=0":           "every 0; give a whole number, at least 1",
		"step,gamma=0":           "gamma 0; give a number above 0",
		"exponential,gamma=2":    "gamma 2; give a number above 0 and up to 1",
		"polynomial,power=Inf":   "power +Inf; give a number above 0",
		"one-cycle,max=1e-50":    "max 1e-50 is 0 in float32",
		"one-cycle,peak=1":       "peak 1; give a part of the steps above 0 and below 1",
		"plateau,patience=1e300": "patience 1e+300; give a whole number, at least 1",
	} {
		_, err := ParseSchedule(text)
		assert.ErrorContains(t, err, want)
	}
	for _, name := range ScheduleNames() {
		assert.Contains(t, ScheduleHelp(), name)
	}
}

// scheduled is a trainer of a small network under a schedule.
func scheduled(t *testing.T, s Schedule, warmUp int) *Trainer {
	t.Helper()
	tr, err := Compile(traintest.SmallNet(t, 0.3), Options{Optimizer: AdamW{LearningRate: 0.01}, Schedule: s, WarmUp: warmUp, Seed: 7})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, tr.Close()) })
	return tr
}

// A step has the learning rate that the schedule says, and reports tell it.
func TestFitFollowsTheSchedule(t *testing.T) {
	bySteps := func(s Schedule, warmUp int) []Epoch {
		history, err := scheduled(t, s, warmUp).Fit(context.Background(), digits(40), FitOptions{Epochs: 2, Batch: 16})
		require.NoError(t, err)
		return history
	}
	constant := bySteps(nil, 0)
	assert.Zero(t, constant[0].LearningRate)
	same := bySteps(Constant{}, 0)
	for i := range constant {
		assert.Equal(t, constant[i].Training, same[i].Training, "the same bits")
		assert.Equal(t, 0.01, same[i].LearningRate)
	}
	halved := bySteps(StepDecay{Every: 1, Gamma: 0.5}, 0)
	assert.Equal(t, constant[0].Training, halved[0].Training)
	assert.NotEqual(t, constant[1].Training, halved[1].Training)
	assert.Equal(t, 0.005, halved[1].LearningRate)
	warm := bySteps(nil, 4)
	assert.InDelta(t, 0.01*3/5, warm[0].LearningRate, 1e-15)
	assert.Equal(t, 0.01, warm[1].LearningRate)

	// One step by hand with half the rate is one of a schedule's.
	direct := compile(t, traintest.SmallNet(t, 0.3), 1, AdamW{LearningRate: 0.005})
	_, err := direct.Fit(context.Background(), digits(16), FitOptions{Batch: 16})
	require.NoError(t, err)
	half := scheduled(t, nil, 1)
	_, err = half.Fit(context.Background(), digits(16), FitOptions{Batch: 16, Epochs: 2, OnEpoch: func(Epoch) error {
		assert.Equal(t, weights(t, direct), weights(t, half))
		return errors.New("enough")
	}})
	assert.ErrorContains(t, err, "enough")
}

// A run that is interrupted anywhere ends with the bits of one that was not, whatever its schedule looks at.
func TestResumeUnderASchedule(t *testing.T) {
	options := FitOptions{Epochs: 4, Batch: 16, Validation: digits(20)}
	for _, s := range []Schedule{CosineDecay{}, Plateau{Patience: 1, Gamma: 0.5}, OneCycle{}} {
		whole := scheduled(t, s, 5)
		_, err := whole.Fit(context.Background(), digits(100), options)
		require.NoError(t, err)
		for _, reads := range []int{1, 60, 110, 250, 350} {
			ctx, cancel := context.WithCancel(context.Background())
			set, count := digits(100), 0
			set.spoil = func(int, []float32, *int32) error {
				if count++; count == reads {
					cancel()
				}
				return nil
			}
			path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
			first := scheduled(t, s, 5)
			interrupted := options
			interrupted.Checkpoint = func() error { return first.SaveCheckpoint(path, nil) }
			_, err := first.Fit(ctx, set, interrupted)
			require.ErrorIs(t, err, context.Canceled)
			second := scheduled(t, s, 5)
			require.NoError(t, second.LoadCheckpoint(path))
			_, err = second.Fit(context.Background(), digits(100), options)
			require.NoError(t, err)
			require.Equal(t, weights(t, whole), weights(t, second), "%s, interrupted after %d reads", s.Name(), reads)
			for i, e := range whole.History() {
				assert.Equal(t, e.LearningRate, second.History()[i].LearningRate)
			}
		}
	}
}

func TestScheduleRefusals(t *testing.T) {
	ctx := context.Background()
	for want, o := range map[string]Options{
		"train: a warm-up of -1 steps; give at least 1, or 0 for none": {WarmUp: -1},
		"train: schedule cosine: -1 cycles; give at least 1":           {Schedule: CosineDecay{Cycles: -1}},
		"train: schedule step: every -1 epochs; give at least 1":       {Schedule: StepDecay{Every: -1}},
		"train: schedule plateau: patience -1 epochs":                  {Schedule: Plateau{Patience: -1}},
	} {
		_, err := Compile(traintest.SmallNet(t, 0), o)
		assert.ErrorContains(t, err, want)
	}
	_, err := scheduled(t, CosineDecay{}, 9).Fit(ctx, digits(40), FitOptions{Epochs: 3, Batch: 16})
	assert.EqualError(t, err, "train: a warm-up of 9 steps; 3 epochs have 9: give fewer, or more epochs")
	_, err = scheduled(t, CosineDecay{}, 0).Fit(ctx, digits(40), FitOptions{Epochs: 3, ScheduleEpochs: -1})
	assert.ErrorContains(t, err, "a schedule for -1 epochs; give at least 1")
	long := FitOptions{Epochs: 3, ScheduleEpochs: 2, Batch: 16}
	_, err = scheduled(t, CosineDecay{}, 0).Fit(ctx, digits(40), long)
	assert.ErrorContains(t, err, "the schedule cosine ends after 2 epochs with a learning rate of 0: nothing is learnt after them; begin anew with 3 epochs")
	history, err := scheduled(t, CosineDecay{End: 0.125}, 0).Fit(ctx, digits(40), long)
	require.NoError(t, err)
	assert.InDelta(t, 0.00125, history[2].LearningRate, 1e-15, "as the schedule ends")

	path := filepath.Join(t.TempDir(), "checkpoint.safetensors")
	saved := scheduled(t, CosineDecay{End: 0.125}, 2)
	_, err = saved.Fit(ctx, digits(40), FitOptions{Epochs: 2, Batch: 16, Checkpoint: func() error { return saved.SaveCheckpoint(path, nil) }})
	require.NoError(t, err)
	assert.ErrorContains(t, scheduled(t, CosineDecay{}, 2).LoadCheckpoint(path), "\n  schedule: cosine {End:0.125} then, cosine now")
	assert.ErrorContains(t, scheduled(t, CosineDecay{End: 0.125}, 0).LoadCheckpoint(path), "\n  warm-up: 2 then, nothing now")
	same := scheduled(t, CosineDecay{End: 0.125}, 2)
	require.NoError(t, same.LoadCheckpoint(path))
	_, err = same.Fit(ctx, digits(40), FitOptions{Epochs: 3, Batch: 16})
	assert.ErrorContains(t, err, "epochs of the schedule: 2 then, 3 now")
	_, err = same.Fit(ctx, digits(40), long)
	assert.NoError(t, err)
}

// Plateau looks at the validation's loss where there is one.
func TestPlateauLooksAtTheValidation(t *testing.T) {
	rates := func(validation data.Set) (rates []float64) {
		history, err := scheduled(t, Plateau{Patience: 1, Gamma: 0.5}, 0).Fit(context.Background(), digits(64), FitOptions{Epochs: 6, Batch: 16, Validation: validation})
		require.NoError(t, err)
		for _, e := range history {
			rates = append(rates, e.LearningRate)
		}
		return rates
	}
	assert.Equal(t, slices.Repeat([]float64{0.01}, 6), rates(nil), "what is trained on is learnt")
	wrong := digits(64) // whose labels nothing can have learnt
	wrong.spoil = func(_ int, _ []float32, label *int32) error { *label = (*label + 1) % 10; return nil }
	assert.Less(t, rates(wrong)[5], 0.01)
}
