package run

import (
	"context"
	"errors"
	"fmt"
	"math"

	"cnn-gpu/device"
)

// Verification is how weights that were trained anew compare with a run's.
type Verification struct {
	Epoch     int      // of the weights that were compared
	Values    int      // of all parameters
	Differing int      // whose bits differ
	Largest   float64  // difference of two values
	Parameter string   // the first that differs
	Notes     []string // on what differs between what computed the run and what computes here
}

// Verify trains the weights anew, from the settings and the model that their file holds, and compares the bits. It writes nothing.
// The data must be that of the run. An empty device is the one that the run had; on another the bits may differ.
func (s *Saved) Verify(ctx context.Context, deviceName string, o device.Options, h Hooks) (v *Verification, err error) {
	then := s.Provenance
	if then == nil || s.Epoch == 0 {
		return nil, errors.New("run: the weights do not say how they came about: only those of a run can be verified")
	}
	c := then.Settings
	ResumeOptions{Device: deviceName, DeviceOptions: o, Epochs: s.Epoch}.apply(&c, then.last())
	r := &Run{config: c}
	if err := r.openData(); err != nil {
		return nil, err
	}
	e := &DifferenceError{}
	if e.compareData(then.Data, r.data); len(e.Differences) > 0 {
		return nil, fmt.Errorf("run: the data is not that of the run: %v", e.Differences[0])
	}
	if err := r.openDevice(s.Model); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	v = &Verification{Epoch: s.Epoch}
	now := newPart(r.device)
	for _, part := range then.Parts {
		if part.Epoch >= s.Epoch {
			break
		}
		v.Notes = append(v.Notes, e.comparePart(part, now, true)...)
	}
	for _, d := range e.Differences {
		v.Notes = append(v.Notes, d.String()+".")
	}
	fit, err := r.fitOptions()
	if err != nil {
		return nil, err
	}
	fit.Checkpoint, fit.Patience = nil, 0
	if !c.hasSchedule() { // which may look at it
		fit.Validation = nil
	}
	fit.OnProgress = h.OnProgress
	if _, err := r.trainer.Fit(ctx, r.training, fit); err != nil {
		return nil, err
	}
	again, err := r.trainer.Weights()
	if err != nil {
		return nil, err
	}
	for p, values := range s.Weights.All() {
		anew, err := again.Values(p.Name)
		if err != nil {
			return nil, err
		}
		v.compare(p.Name, values, anew)
	}
	return v, nil
}

func (v *Verification) compare(name string, saved, anew []float32) {
	v.Values += len(saved)
	for i := range saved {
		if math.Float32bits(saved[i]) == math.Float32bits(anew[i]) {
			continue
		}
		if v.Differing == 0 {
			v.Parameter = name
		}
		v.Differing++
		v.Largest = max(v.Largest, math.Abs(float64(saved[i])-float64(anew[i])))
	}
}
