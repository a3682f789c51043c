package model_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/kerneltest"
	"cnn-gpu/model"
)

// oracle runs op lists in float64. With noise it moves each value that an op writes up or down at random, by as much as float32
// arithmetic is likely to: how far the results move then is how far a device's may lie from the exact ones. That is the oracle's
// bound, of which a sum of n terms uses only a part of 1/√n since its roundings are as often up as down (Higham and Mary, "A new
// approach to probabilistic rounding error analysis", 2019).
type oracle struct {
	values map[*kernels.Buffer][]float64
	noise  *rand.Rand
}

func newOracle() *oracle { return &oracle{values: map[*kernels.Buffer][]float64{}} }

// of is the memory of a buffer.
func (o *oracle) of(b *kernels.Buffer) []float64 {
	root, offset := b.Root()
	if o.values[root] == nil {
		o.values[root] = make([]float64, root.Elements())
	}
	return o.values[root][offset : offset+b.Elements()]
}

func (o *oracle) run(t *testing.T, ops []kernels.Op) {
	t.Helper()
	for _, op := range ops {
		operands := op.Operands()
		in := make([][]float64, len(operands))
		for i, operand := range operands {
			if operand.Buffer != nil && operand.Access != kernels.Write {
				in[i] = o.of(operand.Buffer)
			}
		}
		out, err := kerneltest.Compute(op, in)
		require.NoError(t, err)
		part := 1 / math.Sqrt(float64(terms(op)))
		for i, values := range out {
			if values == nil {
				continue
			}
			dst := o.of(operands[i].Buffer)
			for j, v := range values {
				dst[j] = v.Want
				if o.noise != nil {
					dst[j] += part * v.Bound * float64(2*o.noise.IntN(2)-1)
				}
			}
		}
	}
}

// terms is the length of the sums in an op, 1 if it has none.
func terms(op kernels.Op) int {
	switch op := op.(type) {
	case kernels.Conv2DFprop:
		return op.R*op.S*op.C + 1
	case kernels.Conv2DDgrad:
		return op.R * op.S * op.K
	case kernels.Conv2DWgrad:
		return op.N*op.P*op.Q + 1
	case kernels.DenseFprop:
		return op.C + 1
	case kernels.DenseDgrad:
		return op.K
	case kernels.DenseWgrad:
		return op.N + 1
	case kernels.BiasWgrad:
		return op.M + 1
	}
	return 1
}

// training is one pass forward and backward through a model whose loss is Σ output·weight, so that the gradient of the output
// is weight.
type training struct {
	model  *model.Model
	step   *kernels.Buffer
	weight *kernels.Buffer
	*model.Lowered
	ops []kernels.Op
}

func newTraining(m *model.Model, batch int, o model.LowerOptions) training {
	p := training{model: m, step: kernels.Kept("step", kernels.Int32, 1)}
	o.Training, o.Step, o.Seed = true, p.step, 7
	p.Lowered = m.Lower(batch, o)
	p.weight = kernels.Kept("weight", kernels.Float32, p.Output.Shape...)
	p.ops = append(p.ops, kernels.Zero{Y: m.Gradients})
	p.ops = append(p.ops, model.Ops(p.Forward)...)
	p.ops = append(p.ops, kernels.ActivationFprop{Function: kernels.Linear, X: p.weight, Y: p.DOutput})
	p.ops = append(p.ops, model.Ops(p.Backward)...)
	return p
}

// inputs are what a training starts from.
type inputs struct{ x, weights, outputWeight []float32 }

const stepNumber = 3

// exact runs in float64 and returns the loss and the gradients.
func (p training) exact(t *testing.T, in inputs, noise *rand.Rand) (loss float64, gradients []float64) {
	t.Helper()
	o := newOracle()
	o.noise = noise
	widen := func(b *kernels.Buffer, values []float32) {
		for i, dst := 0, o.of(b); i < len(values); i++ {
			dst[i] = float64(values[i])
		}
	}
	widen(p.Input, in.x)
	widen(p.model.Weights, in.weights)
	widen(p.weight, in.outputWeight)
	o.of(p.step)[0] = stepNumber
	o.run(t, p.ops)
	return p.loss(o), o.of(p.model.Gradients)
}

func (p training) loss(o *oracle) (loss float64) {
	weight := o.of(p.weight)
	for i, y := range o.of(p.Output) {
		loss += y * weight[i]
	}
	return loss
}

// onCPU runs on the CPU device and returns the output and the gradients.
func (p training) onCPU(t *testing.T, in inputs) (output, gradients []float32) {
	t.Helper()
	d, err := device.OpenCPU(device.CPUOptions{Workers: 2})
	require.NoError(t, err)
	defer d.Close()
	program, err := d.Compile(p.ops)
	require.NoError(t, err)
	require.NoError(t, d.Upload(p.Input, in.x))
	require.NoError(t, d.Upload(p.model.Weights, in.weights))
	require.NoError(t, d.Upload(p.weight, in.outputWeight))
	require.NoError(t, d.Upload(p.step, []int32{stepNumber}))
	require.NoError(t, program.Run())
	output = make([]float32, p.Output.Elements())
	gradients = make([]float32, p.model.Gradients.Elements())
	require.NoError(t, d.Download(output, p.Output))
	require.NoError(t, d.Download(gradients, p.model.Gradients))
	return output, gradients
}
