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

// VerifyOptions say where weights are trained anew; the zero value as the run was.
type VerifyOptions struct {
	Device        string // another one than the run had; the bits may then differ
	DeviceOptions device.Options
	Data, DataDir string // where the same data is now, if it is elsewhere
}

// Verify trains the weights anew, from the settings and the model that their file holds, and compares the bits. It writes nothing.
// The data must be that of the run.
func (s *Saved) Verify(ctx context.Context, o VerifyOptions, h Hooks) (v *Verification, err error) {
	then := s.Provenance
	switch {
	case s.Unfinished:
		return nil, errors.New("run: the weights are of no complete epoch: --resume goes on with the run, whose weights can be verified then")
	case then == nil || s.Epoch == 0:
		return nil, errors.New("run: the weights do not say how they came about: only those of a run can be verified")
	}
	c := then.Settings
	ResumeOptions{Device: o.Device, DeviceOptions: o.DeviceOptions, Epochs: s.Epoch, Data: o.Data, DataDir: o.DataDir}.apply(&c, then.last())
	r := &Run{config: c}
	if err := r.reopenData(s.Model, then.Settings); err != nil {
		return nil, err
	}
	e := &DifferenceError{}
	if e.compareData(then.Data, r.data); len(e.Differences) > 0 {
		return nil, fmt.Errorf("run: the data is not that of the run: %v", e.Differences[0])
	}
	weights, err := r.beginAgain(s.Model, then.From)
	if err != nil {
		return nil, err
	}
	if err := r.openDevice(s.Model, weights); err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	v = &Verification{Epoch: s.Epoch}
	now := newPart(r.trainer)
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
