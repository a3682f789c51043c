package model_test

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/model"
)

// training is one pass forward and backward through a model whose loss is Σ output·weight, so that the gradient of the output
// is weight.
type training struct {
	model  *model.Model
	step   *kernels.Buffer
	weight *kernels.Buffer
	each   *kernels.Buffer // what each example pays for penalties
	*model.Lowered
	forward, ops []kernels.Op
}

func newTraining(m *model.Model, batch int, o model.LowerOptions) training {
	p := training{model: m, step: kernels.Kept("step", kernels.Int32, 1)}
	o.Training, o.Step, o.Seed = true, p.step, 7
	p.Lowered = m.Lower(batch, o)
	p.weight = kernels.Kept("weight", kernels.Float32, p.Output.Shape...)
	p.ops = append(p.ops, kernels.Zero{Y: p.Gradients})
	p.each = kernels.Kept("penalties", kernels.Float32, batch)
	p.forward = append([]kernels.Op{kernels.Zero{Y: p.each}}, model.Ops(p.Forward)...)
	p.forward = append(p.forward, p.Penalties(p.each, kernels.Examples{})...)
	p.ops = append(p.ops, p.forward...)
	p.ops = append(p.ops, kernels.ActivationFprop{Activation: kernels.Activation{Function: kernels.Linear}, X: p.weight, Y: p.DOutput})
	p.ops = append(p.ops, model.Ops(p.Backward)...)
	p.ops = append(p.ops, p.PenaltyGradients()...)
	return p
}

// inputs are what a training starts from.
type inputs struct{ x, weights, outputWeight []float32 }

const stepNumber = 3

// exact runs in float64 and returns the loss and the gradients.
func (p training) exact(t *testing.T, in inputs, noise *rand.Rand) (loss float64, gradients []float64) {
	t.Helper()
	o := &kerneltest.Oracle{Noise: noise}
	o.Set(p.Input, in.x)
	o.Set(p.Weights, in.weights)
	o.Set(p.weight, in.outputWeight)
	o.Of(p.step)[0] = stepNumber
	require.NoError(t, o.Run(p.ops))
	return p.loss(o), o.Of(p.Gradients)
}

func (p training) loss(o *kerneltest.Oracle) (loss float64) {
	weight := o.Of(p.weight)
	for i, y := range o.Of(p.Output) {
		loss += y * weight[i]
	}
	for _, penalty := range o.Of(p.each) {
		loss += penalty / float64(p.Batch)
	}
	return loss
}

// onCPU runs on the CPU device and returns the output and the gradients.
func (p training) onCPU(t *testing.T, in inputs) (output, gradients []float32) {
	t.Helper()
	d, err := device.OpenCPU(device.Options{Workers: 2})
	require.NoError(t, err)
	defer d.Close()
	program, err := d.Compile(p.ops, device.CompileOptions{})
	require.NoError(t, err)
	require.NoError(t, d.Upload(p.Input, in.x))
	require.NoError(t, d.Upload(p.Weights, in.weights))
	require.NoError(t, d.Upload(p.weight, in.outputWeight))
	require.NoError(t, d.Upload(p.step, []int32{stepNumber}))
	require.NoError(t, program.Run())
	output = make([]float32, p.Output.Elements())
	gradients = make([]float32, p.Gradients.Elements())
	require.NoError(t, d.Download(output, p.Output))
	require.NoError(t, d.Download(gradients, p.Gradients))
	return output, gradients
}
