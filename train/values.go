package train

import (
	"errors"
	"fmt"
	"slices"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// Values runs the model on one example and returns what each node computes, up to one of them; up to the model's output if that is nil. The
// example is normalized as [Options.Normalization] says. Every sum is computed as it stands, as with [Options.Strict].
func (t *Trainer) Values(x []float32, output *model.Node) (values map[*model.Node][]float32, err error) {
	lowered := t.model.Lower(1, model.LowerOptions{Output: output, Keep: true, Weights: t.averaged()})
	program, err := t.runOnce(lowered, model.Ops(lowered.Forward), x, nil)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, t.discard(program)) }()
	values = map[*model.Node][]float32{}
	for _, n := range t.model.Nodes {
		b := lowered.Value(n)
		if b == nil { // it comes after the output
			continue
		}
		values[n] = make([]float32, n.Shape.Elements())
		if err := t.device.Download(values[n], b); err != nil {
			return nil, fmt.Errorf("train: values of %s: %w", n.Name, err)
		}
	}
	return values, nil
}

// Param downloads the values of one of the model's parameters, with an EMA their averages.
func (t *Trainer) Param(p *model.Param) ([]float32, error) {
	values := make([]float32, p.Shape.Elements())
	if err := t.device.Download(values, t.model.Lower(1, model.LowerOptions{Weights: t.averaged()}).Param(p)); err != nil {
		return nil, fmt.Errorf("train: %s: %w", p.Name, err)
	}
	return values, nil
}

// runOnce compiles ops of a lowered model and runs them on an example and, where they go backward, the gradient of its output. The program is for the
// caller to discard.
func (t *Trainer) runOnce(l *model.Lowered, ops []kernels.Op, x, dOutput []float32) (device.Program, error) {
	if len(x) != t.model.Input.Shape.Elements() {
		return nil, fmt.Errorf("train: an example of %d values; the model takes %v", len(x), t.model.Input.Shape)
	}
	program, err := t.device.Compile(ops, device.CompileOptions{Strict: true})
	if err != nil {
		return nil, fmt.Errorf("train: %w", err)
	}
	x = slices.Clone(x)
	t.normalization.Apply(x, t.model.Input.Shape[len(t.model.Input.Shape)-1])
	err = t.device.Upload(l.Input, x)
	if dOutput != nil {
		err = errors.Join(err, t.device.Upload(l.DOutput, dOutput))
	}
	if err := errors.Join(err, program.Run()); err != nil {
		return nil, errors.Join(fmt.Errorf("train: %w", err), t.discard(program))
	}
	return program, nil
}
