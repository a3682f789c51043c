package train

import (
	"errors"
	"fmt"
	"time"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train/data"
)

// Profile is where the time of a step goes.
type Profile struct {
	Batch     int         `json:"batch"`
	Steps     int         `json:"steps"`     // that were averaged
	Estimated bool        `json:"estimated"` // by the simulated GPU: no measurement
	Replayed  bool        `json:"replayed"`  // on a GPU: medians of each op's replays from a graph of its own, and none of the host's time
	Ops       []OpProfile `json:"ops"`       // in the order in which they run
}

// OpProfile is the time of one op: the mean over the profile's steps, or the median of replays.
type OpProfile struct {
	Layer   string  `json:"layer,omitempty"` // none for those of the loss, the metrics and the optimizer
	Op      string  `json:"op"`
	Seconds float64 `json:"seconds"`
	Share   float64 `json:"share"`  // of the step
	FLOPs   int64   `json:"flops"`  // see [kernels.Cost]
	Bytes   int64   `json:"bytes"`  // of its operands
	GFLOPS  float64 `json:"gflops"` // 10^9 FLOPs in a second
	GBS     float64 `json:"gbs"`    // 10^9 bytes in a second

	// Roofline is the speed as a part of what the device does at most; see [Profile.Against]. It is above 1 where an op's operands lie
	// in a cache, and where an op gets by with fewer operations than its cost counts.
	Roofline float64 `json:"roofline,omitempty"`
}

// Against holds the ops against what the device does at most.
func (p *Profile) Against(r device.Roofline) {
	for i := range p.Ops {
		if op := &p.Ops[i]; op.Seconds > 0 {
			op.Roofline = r.Seconds(kernels.Cost{FLOPs: op.FLOPs, Bytes: op.Bytes}) / op.Seconds
		}
	}
}

// Seconds is the time of the whole step.
func (p *Profile) Seconds() (total float64) {
	for _, op := range p.Ops {
		total += op.Seconds
	}
	return total
}

// ProfileFit times the ops of a training step on the first examples of a data set, over some steps. The training that it does is
// undone.
func (t *Trainer) ProfileFit(set data.Set, batch, steps int) (p *Profile, err error) {
	if err := t.CheckFit(set, FitOptions{Batch: batch}); err != nil {
		return nil, err
	}
	program, err := t.fit(batch)
	if err != nil {
		return nil, err
	}
	restore, err := t.remember()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, restore()) }()
	return t.profile(program, set, steps)
}

// ProfileEval times the ops of an evaluation on the first examples of a data set, over some steps.
func (t *Trainer) ProfileEval(set data.Set, batch, steps int) (*Profile, error) {
	if err := t.CheckData(set); err != nil {
		return nil, err
	}
	program, err := t.eval(batch)
	if err != nil {
		return nil, err
	}
	return t.profile(program, set, steps)
}

// remember reads all that training changes, and returns what writes it back.
func (t *Trainer) remember() (restore func() error, err error) {
	buffers := append([]*kernels.Buffer{t.model.Weights, t.step, t.halt, t.totals}, t.state...)
	values := make([]any, len(buffers))
	for i, b := range buffers {
		values[i] = kernels.HostMem(b.Type, b.Elements()).Values()
		if err := t.device.Download(values[i], b); err != nil {
			return nil, fmt.Errorf("train: profile: %w", err)
		}
	}
	position := t.position
	return func() error {
		t.position = position
		for i, b := range buffers {
			if err := t.device.Upload(b, values[i]); err != nil {
				return fmt.Errorf("train: profile: %w", err)
			}
		}
		return nil
	}, nil
}

func (t *Trainer) profile(p *program, set data.Set, steps int) (*Profile, error) {
	size, example := p.lowered.Batch, t.model.Input.Shape.Elements()
	b := &batch{x: make([]float32, size*example), labels: make([]int32, size)}
	order := inOrder(set.Len())
	if b.fill(set, order[:min(size, len(order))], example); b.err != nil {
		return nil, b.err
	}
	if err := t.forward(p, b.x, b.labels); err != nil { // uncounted: caches are cold
		return nil, err
	}
	result := &Profile{Batch: size, Steps: steps}
	ops := model.Ops(p.steps)
	total := make([]time.Duration, len(ops))
	for step := range steps {
		times, err := p.run.Profile()
		if err != nil {
			return nil, fmt.Errorf("train: profile: %w", err)
		}
		for i, d := range times.Ops {
			total[i] += d
		}
		result.Estimated, result.Replayed = times.Estimated, times.Median
		if times.Estimated || times.Median { // once is enough
			result.Steps = step + 1
			break
		}
	}
	result.fill(p.steps, total)
	return result, nil
}

// fill makes the rows from the time of each op.
func (p *Profile) fill(steps []model.Step, total []time.Duration) {
	for _, s := range steps {
		for _, op := range s.Ops {
			cost := op.Cost()
			row := OpProfile{Op: op.Name(), FLOPs: cost.FLOPs, Bytes: cost.Bytes}
			if s.Node != nil {
				row.Layer = s.Node.Name
			}
			row.Seconds = total[len(p.Ops)].Seconds() / float64(p.Steps)
			if row.Seconds > 0 {
				row.GFLOPS, row.GBS = float64(row.FLOPs)/row.Seconds/1e9, float64(row.Bytes)/row.Seconds/1e9
			}
			p.Ops = append(p.Ops, row)
		}
	}
	for i, all := 0, p.Seconds(); i < len(p.Ops) && all > 0; i++ {
		p.Ops[i].Share = p.Ops[i].Seconds / all
	}
}
