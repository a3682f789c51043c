package train

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"

	"cnn-gpu/device"
	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/model"
)

// StepCheck is one training step on some devices, held against the same step in float64.
type StepCheck struct {
	Step   int       `json:"step"`
	Exact  float64   `json:"exact"`  // the batch's loss in float64
	Bound  float64   `json:"bound"`  // how far float32 arithmetic may be from it
	Losses []float64 `json:"losses"` // of each device
}

// MarshalJSON writes a loss that is not finite, which JSON has no number for, as null.
func (c StepCheck) MarshalJSON() ([]byte, error) {
	type plain StepCheck
	losses := make([]*float64, len(c.Losses))
	for i, loss := range c.Losses {
		if !math.IsNaN(loss) && !math.IsInf(loss, 0) {
			losses[i] = &loss
		}
	}
	return json.Marshal(struct {
		plain
		Losses []*float64 `json:"losses"`
	}{plain(c), losses})
}

// Holds says whether every device is within the bound.
func (c StepCheck) Holds() bool {
	for _, loss := range c.Losses {
		if !(math.Abs(loss-c.Exact) <= c.Bound) {
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

// CheckSteps trains a model for some steps with Adam on images of random pixels: on each device and in float64.
func CheckSteps(m *model.Model, devices []device.Device, batch, steps int, seed uint64) ([]StepCheck, error) {
	if batch < 1 || steps < 1 {
		return nil, fmt.Errorf("train: check: %d steps of %d examples; give at least 1 of each", steps, batch)
	}
	batches := randomBatches(m, batch, steps, seed)
	checks := make([]StepCheck, steps)
	for _, d := range devices {
		losses, err := checkedLosses(m, d, batches, seed)
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
		losses, err := oracleLosses(m, batches, seed, noise)
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

func randomBatches(m *model.Model, size, steps int, seed uint64) []*batch {
	rng := rand.New(rand.NewPCG(seed, 0))
	classes := m.Output.Shape[len(m.Output.Shape)-1]
	var list []*batch
	for range steps {
		b := &batch{x: make([]float32, size*m.Input.Shape.Elements()), labels: make([]int32, size)}
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

// checkedLosses trains on a device and reads the loss of every step.
func checkedLosses(m *model.Model, d device.Device, batches []*batch, seed uint64) ([]float64, error) {
	t, err := Compile(m, Options{Device: d, Optimizer: Adam{}, Seed: seed})
	if err != nil {
		return nil, err
	}
	p, err := t.fit(len(batches[0].labels))
	if err != nil {
		return nil, err
	}
	f := &fitting{Trainer: t, program: p}
	var losses []float64
	for _, b := range batches {
		if err := errors.Join(t.clear(t.totals), f.trainOn(b)); err != nil {
			return nil, err
		}
		result, err := t.read(t.totals)
		if err != nil {
			return nil, err
		}
		losses = append(losses, result.Loss)
	}
	return losses, nil
}

// oracleLosses trains in float64, with rounding noise or without.
func oracleLosses(m *model.Model, batches []*batch, seed uint64, noise *rand.Rand) ([]float64, error) {
	t, err := Compile(m, Options{Optimizer: Adam{}, Seed: seed})
	if err != nil {
		return nil, err
	}
	defer t.Close()
	p := t.fitProgram(len(batches[0].labels))
	o := &kerneltest.Oracle{Noise: noise}
	o.Set(t.weights, m.InitialWeights(seed).Padded())
	o.Set(t.rate, []float32{float32(t.optimizer.Rate())})
	var losses []float64
	for _, b := range batches {
		o.Set(p.lowered.Input, b.x)
		for i, label := range b.labels {
			o.Of(p.loss.Labels)[i] = float64(label)
		}
		clear(o.Of(t.totals))
		if err := o.Run(model.Ops(p.steps)); err != nil {
			return nil, fmt.Errorf("train: check: %w", err)
		}
		totals := o.Of(t.totals)
		losses = append(losses, totals[0]/totals[3])
	}
	return losses, nil
}
