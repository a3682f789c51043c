// Package check holds the training of whole models on devices against the same training in float64.
package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/model"
	"cnn-gpu/train"
)

// Step is one training step on some devices, held against the same step in float64.
type Step struct {
	Step   int
	Exact  float64   // the batch's loss in float64
	Losses []float64 // of each device; NaN where its training halted
	Bounds []float64 // how far from it the arithmetic of each device may be
}

// MarshalJSON writes what is not finite, which JSON has no number for, as null.
func (s Step) MarshalJSON() ([]byte, error) {
	type number = *float64
	all := func(values []float64) []number {
		list := make([]number, len(values))
		for i, v := range values {
			list[i] = finite(v)
		}
		return list
	}
	return json.Marshal(struct {
		Step   int      `json:"step"`
		Exact  number   `json:"exact"`
		Losses []number `json:"losses"`
		Bounds []number `json:"bounds"`
	}{s.Step, finite(s.Exact), all(s.Losses), all(s.Bounds)})
}

// finite is a number, or nil if it is none.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// Holds says whether every device is within its bound.
func (s Step) Holds() bool {
	for i, loss := range s.Losses {
		if !(math.Abs(loss-s.Exact) <= s.Bounds[i]) {
			return false
		}
	}
	return true
}

// Trainee is a device that trains, and the precision in which it multiplies.
type Trainee struct {
	Device    device.Device
	Precision kernels.Precision
}

// The bound on a step's loss is a multiple of the furthest that runs with rounding noise in every value of every op get from the
// exact run; the noise grows from step to step as the rounding does.
const (
	noisyRuns  = 3
	noiseScale = 4
)

// Steps trains a model for some steps with Adam on images of random pixels: on each device and in float64.
func Steps(m *model.Model, trainees []Trainee, batch, steps int, seed uint64) ([]Step, error) {
	if batch < 1 || steps < 1 {
		return nil, fmt.Errorf("check: %d steps of %d examples; give at least 1 of each", steps, batch)
	}
	examples := randomExamples(m, batch, steps, seed)
	checks := make([]Step, steps)
	exact, err := lossesInFloat64(m, examples, seed, nil, nil)
	if err != nil {
		return nil, err
	}
	for i, loss := range exact {
		checks[i].Step, checks[i].Exact = i+1, loss
	}
	known := map[string][]float64{} // bounds by algorithms
	for _, t := range trainees {
		losses, algorithms, err := lossesOn(t, m, examples, seed)
		if err != nil {
			return nil, err
		}
		key := strings.Join(algorithms, "\n")
		if known[key] == nil {
			if known[key], err = boundsOf(m, examples, seed, algorithms, exact); err != nil {
				return nil, err
			}
		}
		for i := range checks {
			checks[i].Losses = append(checks[i].Losses, losses[i])
			checks[i].Bounds = append(checks[i].Bounds, known[key][i])
		}
	}
	return checks, nil
}

// boundsOf is how far from the exact losses those of a device may be that computes the ops of a step by some algorithms.
func boundsOf(m *model.Model, examples []batch, seed uint64, algorithms []string, exact []float64) ([]float64, error) {
	bounds := make([]float64, len(exact))
	for run := range noisyRuns {
		losses, err := lossesInFloat64(m, examples, seed, algorithms, rand.New(rand.NewPCG(seed, uint64(run+1))))
		if err != nil {
			return nil, err
		}
		for i, loss := range losses {
			bounds[i] = max(bounds[i], noiseScale*math.Abs(loss-exact[i]))
		}
	}
	return bounds, nil
}

// batch is the examples of a step.
type batch struct {
	x      []float32
	labels []int32
}

func randomExamples(m *model.Model, size, steps int, seed uint64) []batch {
	rng := rand.New(rand.NewPCG(seed, 0))
	classes := m.Output.Shape[len(m.Output.Shape)-1]
	var list []batch
	for range steps {
		b := batch{x: make([]float32, size*m.Input.Shape.Elements()), labels: make([]int32, size)}
		for i := range b.x {
			b.x[i] = rng.Float32()
		}
		for i := range b.labels {
			b.labels[i] = rng.Int32N(int32(classes))
		}
		list = append(list, b)
	}
	return list
}

// lossesOn trains on a device and reads the loss of every step. It names the precision that computes each op of the step, if one does.
func lossesOn(on Trainee, m *model.Model, examples []batch, seed uint64) (losses []float64, algorithms []string, err error) {
	t, err := train.Compile(m, train.Options{Device: on.Device, Optimizer: train.Adam{}, Seed: seed, Precision: on.Precision})
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	step, err := t.TrainingStep(len(examples[0].labels))
	if err != nil {
		return nil, nil, err
	}
	algorithms = step.Program().Schedule().Algorithms(step.List.Ops())
	for i, name := range algorithms {
		if !slices.Contains(kernels.PrecisionNames(), name) { // the noise is that of sums as they stand
			algorithms[i] = ""
		}
	}
	for _, b := range examples {
		if err := errors.Join(step.Reset(), step.Run(b.x, b.labels)); err != nil {
			return nil, nil, err
		}
		result, err := step.Result()
		if notFinite := (*train.NotFiniteError)(nil); errors.As(err, &notFinite) {
			result.Loss = math.NaN()
		} else if err != nil {
			return nil, nil, err
		}
		losses = append(losses, result.Loss)
	}
	return losses, algorithms, nil
}

// lossesInFloat64 trains in float64, without rounding or with the noise of a device that computes each op by an algorithm.
func lossesInFloat64(m *model.Model, examples []batch, seed uint64, algorithms []string, noise *rand.Rand) ([]float64, error) {
	optimizer := train.Adam{}
	lists, err := train.Lower(m, train.Options{Optimizer: optimizer, Seed: seed}, len(examples[0].labels))
	if err != nil {
		return nil, err
	}
	list := lists.Training
	o := &kerneltest.Oracle{Noise: noise}
	o.Set(list.Weights, m.InitialWeights(seed).Padded())
	o.Set(list.Rate, []float32{float32(optimizer.Rate())})
	ops := list.Ops()
	if algorithms == nil {
		algorithms = make([]string, len(ops))
	}
	var losses []float64
	for _, b := range examples {
		o.Set(list.Input, b.x)
		for i, label := range b.labels {
			o.Of(list.Labels)[i] = float64(label)
		}
		clear(o.Of(list.Totals))
		if err := o.RunAs(ops, algorithms); err != nil {
			return nil, fmt.Errorf("check: %w", err)
		}
		totals := o.Of(list.Totals)
		losses = append(losses, totals[kernels.TotalLoss]/totals[kernels.TotalExamples])
	}
	return losses, nil
}
