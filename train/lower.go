package train

import (
	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train/data"
)

// OpList is what a step is made of, before a device rewrites it, and the buffers through which it is fed and read.
type OpList struct {
	Batch int
	Steps []model.Step // a node's ops, and without a node those of the loss, the metrics and the optimizer

	Input, Labels *kernels.Buffer // the examples, uploaded for each run; a row whose label is -1 is none
	Targets       *kernels.Buffer // uploaded too; nil where the labels are what counts
	SampleWeights *kernels.Buffer // likewise: how much each example weighs; nil where all weigh the same, or where mixing says it
	Weights       *kernels.Buffer // all of them, in evaluation those of the [EMA]; see [model.Model.ParamBuffer]
	Rate          *kernels.Buffer // the learning rate, a float32; nil in evaluation
	Totals        *kernels.Buffer // sums over the examples of all runs; see [kernels.Tally]
	Probabilities *kernels.Buffer // of the classes; nil in training

	mixing *mixing // of the examples' labels; nil if each has one
}

// Ops joins the ops of the steps.
func (l *OpList) Ops() []kernels.Op { return model.Ops(l.Steps) }

// Layers names, for each op of a schedule of the list, the layer that most of its work belongs to; it is empty for those of the loss, the
// metrics and the optimizer.
func (l *OpList) Layers(s device.Schedule) []string {
	var nodes []*model.Node
	for _, step := range l.Steps {
		for range step.Ops {
			nodes = append(nodes, step.Node)
		}
	}
	ops, names := l.Ops(), make([]string, len(s.Ops))
	for i, op := range s.Ops {
		most := int64(-1)
		for _, part := range op.Parts {
			if work := ops[part].Cost().FLOPs; work > most && nodes[part] != nil {
				names[i], most = nodes[part].Name, work
			}
		}
	}
	return names
}

// add appends ops that belong to no layer.
func (l *OpList) add(ops ...kernels.Op) { l.Steps = append(l.Steps, model.Step{Ops: ops}) }

// OpLists are the op lists that a model runs for a batch size.
type OpLists struct {
	Training   *OpList           // nil without an optimizer
	Evaluation *OpList           // prediction runs a part of it
	Resident   []*OpList         // the same where the examples are gathered out of a set that lies on the device, as they are or moved
	Saved      []*kernels.Buffer // what a checkpoint holds; none without an optimizer
}

// Lower lists what a model that is compiled with these options runs for a batch size: to look at, to check it elsewhere, or to compile
// its kernels ahead of time. It needs no device and uses none.
func Lower(m *model.Model, o Options, batch int) (OpLists, error) {
	t, err := newTrainer(m, o)
	if err != nil {
		return OpLists{}, err
	}
	if err := m.CheckBatch(batch); err != nil {
		return OpLists{}, err
	}
	lists := OpLists{Evaluation: t.evaluationList(batch)}
	if t.optimizer != nil {
		lists.Training, lists.Saved = t.trainingList(batch), t.changing()
		lists.Resident = append(lists.Resident, t.residentTrainingList(batch, t.newResident(batch, batch)))
		if isPicture(m.Input.Shape) {
			lists.Resident = append(lists.Resident, t.movedTrainingList(batch, t.newResident(batch, batch)))
		}
	}
	lists.Resident = append(lists.Resident, t.evaluationListOf(batch, t.newResident(batch, batch)))
	return lists, nil
}

// trainingList emits a training step: it counts itself, runs forward, loss and backward, and updates the weights, averages last, unless a loss or a
// gradient is not finite.
func (t *Trainer) trainingList(batch int) *OpList { return t.trainingListOf(batch, nil, nil) }

// mixedTrainingList is the same on examples that may be mixed of two.
func (t *Trainer) mixedTrainingList(batch int) *OpList {
	return t.trainingListOf(batch, newMixing(batch), nil)
}

// residentTrainingList is the same on examples of a set that lies on the device.
func (t *Trainer) residentTrainingList(batch int, r *resident) *OpList {
	if t.schedule != nil {
		r.rates = kernels.Kept("rates", kernels.Float32, r.gather.Batches)
	}
	return t.trainingListOf(batch, nil, r)
}

// movedTrainingList is the same where the pictures are moved and mirrored.
func (t *Trainer) movedTrainingList(batch int, r *resident) *OpList {
	r.moves()
	return t.residentTrainingList(batch, r)
}

func (t *Trainer) trainingListOf(batch int, m *mixing, r *resident) *OpList {
	input, labels := r.batch(batch)
	o := t.trainingOptions(labels)
	o.Input = input
	lowered := t.model.Lower(batch, o)
	loss := t.bindLoss(lowered, labels, false)
	if m == nil {
		loss.weights = t.weightsOf(batch, len(t.classWeights) > 0 || t.sampleWeights)
	}
	l := &OpList{
		Batch: batch, Input: lowered.Input, Labels: loss.Labels, Targets: loss.given(), SampleWeights: loss.weights, Weights: t.weights, Rate: t.rate, Totals: t.totals,
		mixing: m,
	}
	forward, backward := t.objective(loss, lowered, m)
	l.add(r.begin(t.step, t.rate)...)
	l.Steps = append(l.Steps, lowered.Forward...)
	l.add(forward...)
	l.add(t.tally(loss, t.totals), kernels.Zero{Y: t.gradients})
	l.add(backward...)
	l.Steps = append(l.Steps, lowered.Backward...)
	l.add(lowered.PenaltyGradients()...)
	l.add(
		kernels.FiniteCheck{X: loss.PerItem, Step: t.step, Halt: t.halt},
		kernels.FiniteCheck{X: t.gradients, Step: t.step, Halt: t.halt})
	u := Update{W: t.learnt(), DW: t.gradients, State: t.state, Rate: t.rate, Step: t.step, Halt: t.halt}
	var each []*kernels.Buffer
	for _, p := range t.model.Params {
		g := lowered.Gradient(p)
		if g == nil {
			continue
		}
		each = append(each, g)
		u.Params = append(u.Params, lowered.Param(p))
		if p.Decays() {
			u.Decayed = append(u.Decayed, lowered.Param(p))
		}
	}
	l.add(append(t.clipping.ops(t.gradients, each), t.optimizer.Update(u)...)...)
	l.add(t.average(lowered, true)...)
	for _, p := range t.model.Params {
		l.add(t.limit(p, lowered.Param(p))...)
	}
	l.Steps = append(l.Steps, lowered.Update...)
	l.add(t.average(lowered, false)...)
	return l
}

// learnt is the part of the weights that is not frozen, which the gradients are of.
func (t *Trainer) learnt() *kernels.Buffer {
	return t.weights.View("learnt weights", 0, t.gradients.Elements())
}

// limit emits what keeps a parameter to its constraint; each channel of the output is a column of it.
func (t *Trainer) limit(p *model.Param, w *kernels.Buffer) []kernels.Op {
	if p.Constraint.MaxNorm == 0 || p.NonTrainable {
		return nil
	}
	columns := p.Shape[len(p.Shape)-1]
	return []kernels.Op{kernels.MaxNorm{D: p.Shape.Elements() / columns, K: columns, Most: p.Constraint.MaxNorm, W: w, Halt: t.halt}}
}

// labelsOf is the buffer of a batch's labels.
func labelsOf(batch int) *kernels.Buffer { return kernels.Kept("labels", kernels.Int32, batch) }

// trainingOptions are how the model is lowered for training on the examples that have the given labels.
func (t *Trainer) trainingOptions(labels *kernels.Buffer) model.LowerOptions {
	return model.LowerOptions{
		Output: t.output, Training: true, Step: t.step, Labels: labels, Halt: t.halt, Seed: uint32(t.seed), Weights: t.weights, Gradients: t.gradients,
	}
}

// evaluationList emits what computes probabilities and losses.
func (t *Trainer) evaluationList(batch int) *OpList { return t.evaluationListOf(batch, nil) }

func (t *Trainer) evaluationListOf(batch int, r *resident) *OpList {
	input, labels := r.batch(batch)
	lowered := t.model.Lower(batch, model.LowerOptions{Output: t.output, Weights: t.averaged(), Input: input})
	loss := t.bindLoss(lowered, labels, true)
	loss.weights = t.weightsOf(batch, t.sampleWeights)
	l := &OpList{
		Batch: batch, Input: lowered.Input, Labels: loss.Labels, Targets: loss.given(), SampleWeights: loss.weights, Weights: t.averaged(), Totals: t.evalTotals,
		Probabilities: loss.Probabilities,
	}
	l.add(r.begin(nil, nil)...)
	l.Steps = append(l.Steps, lowered.Forward...)
	l.add(t.lossForward(lowered, loss)...)
	l.add(t.tally(loss, t.evalTotals))
	return l
}

// predictionList emits what computes probabilities alone. What the loss makes of the labels and targets, which nobody uploads, nobody reads.
func (t *Trainer) predictionList(batch int) *OpList {
	lowered := t.model.Lower(batch, model.LowerOptions{Output: t.output, Weights: t.averaged()})
	loss := t.bindLoss(lowered, labelsOf(batch), true)
	l := &OpList{Batch: batch, Input: lowered.Input, Labels: loss.Labels, Targets: loss.given(), Weights: t.averaged(), Probabilities: loss.Probabilities}
	l.Steps = append(l.Steps, lowered.Forward...)
	l.add(t.loss.Forward(loss)...)
	return l
}

// weightsOf is the buffer of how much each example of a batch weighs; nil if all weigh the same.
func (t *Trainer) weightsOf(batch int, any bool) *kernels.Buffer {
	if !any {
		return nil
	}
	return kernels.Kept("sample weights", kernels.Float32, batch)
}

// lossForward emits the loss of each example, times its weight, and the penalties.
func (t *Trainer) lossForward(l *model.Lowered, b LossBinding) []kernels.Op {
	ops := t.loss.Forward(b)
	if b.weights != nil {
		each := kernels.Binary{Function: kernels.Multiply, N: 1, M: 1, K: b.Batch}
		ops = append(ops, kernels.BinaryFprop{Binary: each, A: b.PerItem, B: b.weights, Y: b.PerItem})
	}
	return append(ops, t.penalties(l, b)...)
}

// penalties emits what adds to each example's loss what the regularisers cost.
func (t *Trainer) penalties(l *model.Lowered, b LossBinding) []kernels.Op {
	return l.Penalties(b.PerItem, kernels.Examples{Labels: b.Labels, Classes: b.Classes})
}

// lossBackward emits the gradient of the batch's mean of the weighted losses.
func (t *Trainer) lossBackward(b LossBinding) []kernels.Op {
	ops := t.loss.Backward(b)
	if b.weights == nil {
		return ops
	}
	rows := kernels.Binary{Function: kernels.Multiply, N: b.Batch, M: b.Classes, K: 1}
	return append(ops, kernels.BinaryFprop{Binary: rows, A: b.DX, B: b.weights, Y: b.DX})
}

// bindLoss makes the loss's buffers; keep says whether probabilities are downloaded.
func (t *Trainer) bindLoss(l *model.Lowered, labels *kernels.Buffer, keep bool) LossBinding {
	classes := t.output.Shape[0]
	b := LossBinding{
		Batch: l.Batch, Classes: classes, X: l.Output, DX: l.DOutput,
		Labels:        labels,
		Targets:       kernels.NewBuffer("targets", kernels.Float32, l.Batch, classes),
		Smoothed:      kernels.NewBuffer("smoothed targets", kernels.Float32, l.Batch, classes),
		Probabilities: kernels.NewBuffer("probabilities", kernels.Float32, l.Batch, classes),
		PerItem:       kernels.NewBuffer("loss", kernels.Float32, l.Batch),
	}
	b.Probabilities.Keep = keep
	b.Given = t.targets != data.ClassLabels
	b.Targets.Keep = b.Given
	return b
}

func (t *Trainer) tally(b LossBinding, totals *kernels.Buffer) kernels.Op {
	if t.targets == data.MultiLabel {
		return kernels.BinaryTally{N: b.Batch, K: b.Classes, Loss: b.PerItem, Scores: b.Probabilities, Targets: b.Targets, Labels: b.Labels, Totals: totals}
	}
	return kernels.Tally{N: b.Batch, K: b.Classes, Loss: b.PerItem, Scores: b.Probabilities, Labels: b.Labels, Totals: totals}
}
