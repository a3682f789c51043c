// Package check holds the training of whole models on devices against the same training in float64.
package check

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/model"
	"cnn-gpu/train"
)

// Step is one training step on some devices, held against the same step in float64.
type Step struct {
	Step   int       `json:"step"`
	Exact  float64   `json:"exact"`  // the batch's loss in float64
	Bound  float64   `json:"bound"`  // how far float32 arithmetic may be from it
	Losses []float64 `json:"losses"` // of each device; NaN where its training halted
}

// MarshalJSON writes what is not finite, which JSON has no number for, as null.
func (s Step) MarshalJSON() ([]byte, error) {
	losses := make([]*float64, len(s.Losses))
	for i, loss := range s.Losses {
		losses[i] = finite(loss)
	}
	return json.Marshal(struct {
		Step   int        `json:"step"`
		Exact  *float64   `json:"exact"`
		Bound  *float64   `json:"bound"`
		Losses []*float64 `json:"losses"`
	}{s.Step, finite(s.Exact), finite(s.Bound), losses})
}

// finite is a number, or nil if it is none.
func finite(v float64) *float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return nil
	}
	return &v
}

// Holds says whether every device is within the bound.
func (s Step) Holds() bool {
	for _, loss := range s.Losses {
		if !(math.Abs(loss-s.Exact) <= s.Bound) {
			return false
		}
	}
	return true
}

// The bound on a step's loss is a multiple of the furthest that runs with rounding noise in every value of every op get from the
// exact run; the noise grows from step to step as the rounding does.
const (
	noisyRuns  = 3
	noiseScale = 4
)

// Steps trains a model for some steps with Adam on images of random pixels: on each device and in float64.
func Steps(m *model.Model, devices []device.Device, batch, steps int, seed uint64) ([]Step, error) {
	if batch < 1 || steps < 1 {
		return nil, fmt.Errorf("check: %d steps of %d examples; give at least 1 of each", steps, batch)
	}
	examples := randomExamples(m, batch, steps, seed)
	checks := make([]Step, steps)
	for _, d := range devices {
		losses, err := lossesOn(d, m, examples, seed)
		if err != nil {
			return nil, err
		}
		for i := range checks {
			checks[i].Losses = append(checks[i].Losses, losses[i])
		}
	}
	for run := range noisyRuns + 1 {
		var noise *rand.Rand
		if run > 0 {
			noise = rand.New(rand.NewPCG(seed, uint64(run)))
		}
		losses, err := lossesInFloat64(m, examples, seed, noise)
		if err != nil {
			return nil, err
		}
		for i, loss := range losses {
			c := &checks[i]
			if run == 0 {
				c.Step, c.Exact = i+1, loss
			} else {
				c.Bound = max(c.Bound, noiseScale*math.Abs(loss-c.Exact))
			}
		}
	}
	return checks, nil
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

// lossesOn trains on a device and reads the loss of every step.
func lossesOn(d device.Device, m *model.Model, examples []batch, seed uint64) (losses []float64, err error) {
	t, err := train.Compile(m, train.Options{Device: d, Optimizer: train.Adam{}, Seed: seed})
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.Close()) }()
	step, err := t.TrainingStep(len(examples[0].labels))
	if err != nil {
		return nil, err
	}
	for _, b := range examples {
		if err := errors.Join(step.Reset(), step.Run(b.x, b.labels)); err != nil {
			return nil, err
		}
		result, err := step.Result()
		if notFinite := (*train.NotFiniteError)(nil); errors.As(err, &notFinite) {
			result.Loss = math.NaN()
		} else if err != nil {
			return nil, err
		}
		losses = append(losses, result.Loss)
	}
	return losses, nil
}

// lossesInFloat64 trains in float64, with rounding noise or without.
func lossesInFloat64(m *model.Model, examples []batch, seed uint64, noise *rand.Rand) ([]float64, error) {
	optimizer := train.Adam{}
	lists, err := train.Lower(m, train.Options{Optimizer: optimizer, Seed: seed}, len(examples[0].labels))
	if err != nil {
		return nil, err
	}
	list := lists.Training
	o := &kerneltest.Oracle{Noise: noise}
	o.Set(list.Weights, m.InitialWeights(seed).Padded())
	o.Set(list.Rate, []float32{float32(optimizer.Rate())})
	var losses []float64
	for _, b := range examples {
		o.Set(list.Input, b.x)
		for i, label := range b.labels {
			o.Of(list.Labels)[i] = float64(label)
		}
		clear(o.Of(list.Totals))
		if err := o.Run(list.Ops()); err != nil {
			return nil, fmt.Errorf("check: %w", err)
		}
		totals := o.Of(list.Totals)
		losses = append(losses, totals[kernels.TotalLoss]/totals[kernels.TotalExamples])
	}
	return losses, nil
}
