package train

import (
	"fmt"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/model/passes"
)

// program is a compiled op list for a batch size, with what is uploaded to it and downloaded from it.
type program struct {
	lowered *model.Lowered
	loss    LossBinding
	steps   []model.Step     // a node's ops, and without a node those of the loss, the metrics and the optimizer
	passes  []passes.Applied // what was rewritten in the steps
	run     device.Program
}

// fit returns the training step for a batch size.
func (t *Trainer) fit(batch int) (*program, error) {
	return t.compiled(t.fits, batch, t.fitProgram)
}

// eval returns what computes probabilities and losses for a batch size.
func (t *Trainer) eval(batch int) (*program, error) {
	return t.compiled(t.evals, batch, t.evalProgram)
}

func (t *Trainer) compiled(programs map[int]*program, batch int, emit func(batch int) *program) (*program, error) {
	if p := programs[batch]; p != nil {
		return p, nil
	}
	p := emit(batch)
	var err error
	if p.run, err = t.device.Compile(model.Ops(p.steps)); err != nil {
		return nil, fmt.Errorf("train: batch of %d: %w", batch, err)
	}
	programs[batch] = p
	return p, nil
}

// fitProgram emits a training step: it counts itself, runs forward, loss and backward, and updates the weights unless a loss or a
// gradient is not finite.
func (t *Trainer) fitProgram(batch int) *program {
	p := &program{lowered: t.model.Lower(batch, t.trainingOptions())}
	p.loss = t.bindLoss(p.lowered, false)
	p.add(kernels.Tick{Step: t.step})
	p.steps = append(p.steps, p.lowered.Forward...)
	p.add(t.loss.Forward(p.loss)...)
	p.add(t.tally(p.loss, t.totals), kernels.Zero{Y: t.gradients})
	p.add(t.loss.Backward(p.loss)...)
	p.steps = append(p.steps, p.lowered.Backward...)
	p.add(
		kernels.FiniteCheck{X: p.loss.PerItem, Step: t.step, Halt: t.halt},
		kernels.FiniteCheck{X: t.gradients, Step: t.step, Halt: t.halt})
	p.add(t.optimizer.Update(Update{
		W: t.weights, DW: t.gradients, State: t.state, Rate: t.rate, Step: t.step, Halt: t.halt,
	})...)
	t.rewrite(p)
	return p
}

// trainingOptions are how the model is lowered for training.
func (t *Trainer) trainingOptions() model.LowerOptions {
	return model.LowerOptions{
		Output: t.output, Training: true, Step: t.step, Seed: uint32(t.seed), Weights: t.weights, Gradients: t.gradients,
	}
}

func (t *Trainer) evalProgram(batch int) *program {
	p := &program{lowered: t.model.Lower(batch, model.LowerOptions{Output: t.output, Weights: t.weights})}
	p.loss = t.bindLoss(p.lowered, true)
	p.steps = append(p.steps, p.lowered.Forward...)
	p.add(t.loss.Forward(p.loss)...)
	p.add(t.tally(p.loss, t.evalTotals))
	t.rewrite(p)
	return p
}

// rewrite runs the passes over a program's ops.
func (t *Trainer) rewrite(p *program) {
	p.steps, p.passes = passes.Apply(p.steps, passes.Options{Strict: t.strict})
}

// add appends ops that belong to no layer.
func (p *program) add(ops ...kernels.Op) { p.steps = append(p.steps, model.Step{Ops: ops}) }

// OpList is what a model runs, and what the passes did to it.
type OpList struct {
	Steps  []model.Step
	Passes []passes.Applied
}

// Ops joins the ops of the steps.
func (l OpList) Ops() []kernels.Op { return model.Ops(l.Steps) }

// OpLists are the op lists that a model runs for a batch size.
type OpLists struct {
	Fit  OpList // a training step; none without an optimizer
	Eval OpList // evaluation and prediction
}

// Ops lists what a model that is compiled with these options runs for a batch size, and runs nothing. The device is not used.
func Ops(m *model.Model, o Options, batch int) (OpLists, error) {
	t, err := newTrainer(m, o)
	if err != nil {
		return OpLists{}, err
	}
	list := func(p *program) OpList { return OpList{p.steps, p.passes} }
	lists := OpLists{Eval: list(t.evalProgram(batch))}
	if t.optimizer != nil {
		lists.Fit = list(t.fitProgram(batch))
	}
	return lists, nil
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
