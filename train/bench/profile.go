package bench

import (
	"context"
	"errors"
	"fmt"
	"time"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/train"
	"cnn-gpu/train/data"
	"cnn-gpu/train/internal/loader"
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
	Layer string `json:"layer,omitempty"` // none for those of the loss, the metrics and the optimizer
	Op    string `json:"op"`
	// Algorithm is how the op is computed, where there is a choice.
	Algorithm string  `json:"algorithm,omitempty"`
	Seconds   float64 `json:"seconds"`
	Share     float64 `json:"share"`  // of the step
	FLOPs     int64   `json:"flops"`  // see [kernels.Cost]
	Bytes     int64   `json:"bytes"`  // of its operands
	GFLOPS    float64 `json:"gflops"` // 10^9 FLOPs in a second
	GBS       float64 `json:"gbs"`    // 10^9 bytes in a second

	Tensor kernels.Precision `json:"-"` // of what it multiplies on tensor cores; the default if nothing

	*device.OpLimit // on a simulated GPU

	// Roofline is the speed as a part of what the device does at most; see [Profile.Against]. It is above 1 where an op's operands lie
	// in a cache, and where an op gets by with fewer operations than its cost counts.
	Roofline float64 `json:"roofline,omitempty"`
}

// Against holds the ops against what the device does at most.
func (p *Profile) Against(r device.Roofline) {
	for i := range p.Ops {
		if op := &p.Ops[i]; op.Seconds > 0 {
			op.Roofline = r.Seconds(kernels.Cost{FLOPs: op.FLOPs, Bytes: op.Bytes}, op.Tensor) / op.Seconds
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

// ProfileFit times the ops of a training step on the first examples of a data set, over some steps or until the context ends. The
// training that it does is undone.
func ProfileFit(ctx context.Context, t *train.Trainer, set data.Set, batch, steps int) (p *Profile, err error) {
	if err := t.CheckFit(set, train.FitOptions{Batch: batch}); err != nil {
		return nil, err
	}
	step, err := t.TrainingStep(batch)
	if err != nil {
		return nil, err
	}
	before, err := t.Snapshot()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.Restore(before)) }()
	return profile(ctx, step, t.Input(set), steps)
}

// ProfileEval times the ops of an evaluation on the first examples of a data set, over some steps or until the context ends.
func ProfileEval(ctx context.Context, t *train.Trainer, set data.Set, batch, steps int) (*Profile, error) {
	if err := t.CheckData(set); err != nil {
		return nil, err
	}
	step, err := t.EvaluationStep(batch)
	if err != nil {
		return nil, err
	}
	return profile(ctx, step, t.Input(set), steps)
}

func profile(ctx context.Context, step *train.Step, set data.Set, steps int) (*Profile, error) {
	size := step.Batch()
	b := loader.NewBatch(set, size)
	if b.Fill(set, loader.InOrder(set.Len())[:min(size, set.Len())]); b.Err != nil {
		return nil, b.Err
	}
	if err := step.RunExamples(b.Examples); err != nil { // uncounted: caches are cold
		return nil, err
	}
	return profileStep(ctx, step, steps)
}

// profileStep times the ops of a step whose examples are on the device.
func profileStep(ctx context.Context, step *train.Step, steps int) (*Profile, error) {
	result := &Profile{Batch: step.Batch(), Steps: steps}
	schedule := step.Program().Schedule()
	total := make([]time.Duration, len(schedule.Ops))
	var limits []device.OpLimit
	for i := range steps {
		if err := ctx.Err(); err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		times, err := step.Program().Profile()
		if err != nil {
			return nil, fmt.Errorf("bench: %w", err)
		}
		for op, d := range times.Ops {
			total[op] += d
		}
		result.Estimated, result.Replayed, limits = times.Estimated, times.Median, times.Limits
		if times.Estimated || times.Median { // once is enough
			result.Steps = i + 1
			break
		}
	}
	result.fill(step.List.Layers(schedule), schedule.Ops, total)
	for i := range limits {
		result.Ops[i].OpLimit = &limits[i]
	}
	return result, nil
}

// fill makes the rows from the time of each op.
func (p *Profile) fill(layers []string, ops []device.Op, total []time.Duration) {
	for i, op := range ops {
		cost := op.Cost()
		row := OpProfile{
			Layer: layers[i], Op: op.Name(), Algorithm: op.Algorithm, Tensor: op.Tensor, FLOPs: cost.FLOPs, Bytes: cost.Bytes,
			Seconds: total[i].Seconds() / float64(p.Steps),
		}
		if row.Seconds > 0 {
			row.GFLOPS, row.GBS = float64(row.FLOPs)/row.Seconds/1e9, float64(row.Bytes)/row.Seconds/1e9
		}
		p.Ops = append(p.Ops, row)
	}
	for i, all := 0, p.Seconds(); i < len(p.Ops) && all > 0; i++ {
		p.Ops[i].Share = p.Ops[i].Seconds / all
	}
}
