package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strings"
	"sync"
	"time"

	"cnn-gpu/device"
	"cnn-gpu/device/driver"
	"cnn-gpu/internal/wording"
	"cnn-gpu/model"
	"cnn-gpu/train/check"
)

// trial is what came of training a tiny network for a step on a GPU: the proof that it can be used.
type trial struct {
	Works      bool     `json:"works"`
	Untried    bool     `json:"untried,omitempty"` // since its kernels are not among those that were compiled elsewhere
	Seconds    float64  `json:"seconds"`           // with all that a start takes
	Free       int64    `json:"free_bytes,omitempty"`
	Total      int64    `json:"total_bytes,omitempty"`
	Precisions []string `json:"precisions,omitempty"` // of the factors of products
	Kernels    string   `json:"kernels,omitempty"`
	Problem    string   `json:"problem,omitempty"` // why it does not work, and behind "; " the way out
}

// trialLimit is the time for a card's trial. A driver that starts and kernels that are compiled for the first time take some seconds.
const trialLimit = time.Minute

// probeLimit is that for the driver's list of cards.
const probeLimit = 30 * time.Second

// probe asks the driver what there is.
func probe(ctx context.Context) *driver.Report {
	if !driver.Built {
		return driver.Probe()
	}
	r, err := apart[driver.Report](ctx, probeLimit, ownProgram, "devices", "--"+probeFlag)
	if err != nil {
		what, mend, _ := strings.Cut(err.Error(), "; ")
		return &driver.Report{Missing: []driver.Missing{{Part: "CUDA driver", What: what, Mend: mend}}}
	}
	return &r
}

// trialModel has what the networks of people have.
const trialModel = `name: trial
input: [8, 8, 1]
layers:
  - Conv2D: {filters: 4, kernel_size: 3, activation: relu}
  - MaxPooling2D
  - Flatten
  - Dense: {units: 3, activation: softmax}
`

// tryAll tries each card in a process of its own, all at once.
func tryAll(ctx context.Context, gpus []driver.GPU) []trial {
	trials := make([]trial, len(gpus))
	var wg sync.WaitGroup
	for i, g := range gpus {
		wg.Go(func() {
			begun := time.Now()
			t, err := apart[trial](ctx, trialLimit, ownProgram, "devices", "--"+trialFlag, fmt.Sprintf("cuda:%d", g.Ordinal))
			if err != nil {
				t = trial{Problem: err.Error()}
			}
			t.Seconds = time.Since(begun).Seconds()
			trials[i] = t
		})
	}
	wg.Wait()
	return trials
}

// tryHere trains on a card in this process.
func tryHere(name string) (t trial) {
	if err := t.train(name); err != nil {
		t.Untried = errors.As(err, new(*device.NotCompiledError))
		t.Works, t.Problem = false, strings.TrimPrefix(err.Error(), "device: "+name+": ")
	}
	return t
}

func (t *trial) train(name string) error {
	m, err := model.Parse("trial", []byte(trialModel))
	if err != nil {
		return err
	}
	d, err := device.Open(name, device.Options{})
	if err != nil {
		return err
	}
	defer d.Close()
	steps, err := check.Steps(m, []check.Trainee{{Device: d}}, 2, 1, 1)
	if err != nil {
		return err
	}
	// Whatever the precision: what is wrong rather than rounded is further away. `cnn-gpu check` takes bounds.
	const near = 0.02
	if s := steps[0]; !(math.Abs(s.Losses[0]-s.Exact) <= near*s.Exact) {
		return fmt.Errorf("its loss is %v, and %v in float64; cnn-gpu check --device %s shows which op is wrong", s.Losses[0], s.Exact, name)
	}
	state, err := device.StateOf(d)
	if err != nil || state == nil {
		return err
	}
	t.Works, t.Free, t.Total, t.Kernels = true, state.Free, state.Total, state.Kernels
	for _, p := range state.Precisions {
		t.Precisions = append(t.Precisions, p.String())
	}
	return nil
}

// finding is the row of a trial.
func (t trial) finding(ordinal int) finding {
	f := finding{What: fmt.Sprintf("Step on cuda:%d", ordinal), Found: t.Works, Trial: &t}
	if t.Works {
		f.Detail = fmt.Sprintf("works: a step of training, and the start, took %.1f s; %s of %s are free; %s; %s",
			t.Seconds, wording.Bytes(t.Free), wording.Bytes(t.Total), strings.Join(t.Precisions, ", "), t.Kernels)
		return f
	}
	if t.Untried {
		f.Found, f.Detail = true, "not tried, since there is no NVRTC: the GPU opens, and runs what cnn-gpu compile has made for it"
		return f
	}
	problem, _, _ := strings.Cut(t.Problem, "\n")
	reason, wayOut, _ := strings.Cut(problem, "; ")
	f.Detail, f.Mend = "does not work: "+reason, cmp.Or(wayOut, fmt.Sprintf("cnn-gpu check --device cuda:%d shows more", ordinal))
	return f
}
