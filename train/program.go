package train

import (
	"fmt"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// fitProgram is one training step for a batch size.
type fitProgram struct {
	lowered *model.Lowered
	loss    LossBinding
	run     device.Program
}

// fit returns the training step for a batch size.
//
// The step counts itself, runs forward, loss and backward, and updates the weights unless a loss or a gradient is not finite.
func (t *Trainer) fit(batch int) (*fitProgram, error) {
	if p := t.fits[batch]; p != nil {
		return p, nil
	}
	p := &fitProgram{lowered: t.model.Lower(batch, model.LowerOptions{
		Output: t.output, Training: true, Step: t.step, Seed: uint32(t.seed),
	})}
	p.loss = t.bindLoss(p.lowered, false)

	ops := []kernels.Op{kernels.Tick{Step: t.step}}
	ops = append(ops, model.Ops(p.lowered.Forward)...)
	ops = append(ops, t.loss.Forward(p.loss)...)
	ops = append(ops, t.tally(p.loss, t.totals), kernels.Zero{Y: t.model.Gradients})
	ops = append(ops, t.loss.Backward(p.loss)...)
	ops = append(ops, model.Ops(p.lowered.Backward)...)
	ops = append(ops,
		kernels.FiniteCheck{X: p.loss.PerItem, Step: t.step, Halt: t.halt},
		kernels.FiniteCheck{X: t.model.Gradients, Step: t.step, Halt: t.halt})
	ops = append(ops, t.optimizer.Update(Update{
		W: t.model.Weights, DW: t.model.Gradients, State: t.state, Rate: t.rate, Step: t.step, Halt: t.halt,
	})...)

	var err error
	if p.run, err = t.device.Compile(ops); err != nil {
		return nil, fmt.Errorf("train: batch of %d: %w", batch, err)
	}
	t.fits[batch] = p
	return p, nil
}

// evalProgram computes probabilities and losses for a batch size.
type evalProgram struct {
	lowered *model.Lowered
	loss    LossBinding
	run     device.Program
}

func (t *Trainer) eval(batch int) (*evalProgram, error) {
	if p := t.evals[batch]; p != nil {
		return p, nil
	}
	p := &evalProgram{lowered: t.model.Lower(batch, model.LowerOptions{Output: t.output})}
	p.loss = t.bindLoss(p.lowered, true)
	ops := append(model.Ops(p.lowered.Forward), t.loss.Forward(p.loss)...)
	ops = append(ops, t.tally(p.loss, t.evalTotals))
	var err error
	if p.run, err = t.device.Compile(ops); err != nil {
		return nil, fmt.Errorf("train: batch of %d: %w", batch, err)
	}
	t.evals[batch] = p
	return p, nil
}

// bindLoss makes the loss's buffers; keep says whether probabilities are downloaded.
func (t *Trainer) bindLoss(l *model.Lowered, keep bool) LossBinding {
	classes := t.output.Shape[0]
	b := LossBinding{
		Batch: l.Batch, Classes: classes, X: l.Output, DX: l.DOutput,
		Labels:        kernels.Kept("labels", kernels.Int32, l.Batch),
		Probabilities: kernels.NewBuffer("probabilities", kernels.Float32, l.Batch, classes),
		PerItem:       kernels.NewBuffer("loss", kernels.Float32, l.Batch),
	}
	b.Probabilities.Keep = keep
	return b
}

func (t *Trainer) tally(b LossBinding, totals *kernels.Buffer) kernels.Op {
	return kernels.Tally{N: b.Batch, K: b.Classes, Loss: b.PerItem, Scores: b.Probabilities, Labels: b.Labels, Totals: totals}
}
