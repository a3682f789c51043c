package check

import (
	"encoding/json"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train/internal/traintest"
)

func TestSteps(t *testing.T) {
	cpu, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer cpu.Close()
	wrong := wrongDevice{cpu}
	for _, m := range []*model.Model{traintest.SmallNet(t, 0), traintest.SmallNet(t, 0.3)} {
		checks, err := Steps(m, []Trainee{{Device: cpu}}, 4, 10, 1)
		require.NoError(t, err)
		require.Len(t, checks, 10)
		for i, c := range checks {
			assert.Equal(t, i+1, c.Step)
			assert.True(t, c.Holds(), "%+v", c)
			assert.Less(t, c.Bounds[0], 0.05*c.Exact, "the bound says something")
		}
		checks, err = Steps(m, []Trainee{{Device: wrong}}, 4, 3, 1)
		require.NoError(t, err)
		assert.False(t, checks[2].Holds(), "a device that errs in the fourth digit is found: %+v", checks)
	}
	_, err = Steps(traintest.SmallNet(t, 0), nil, 0, 3, 1)
	assert.ErrorContains(t, err, "give at least 1")
}

// Where a softmax is certain, squares of gradients are smaller than any float32; the bound stays a number.
func TestStepsWithVanishingGradients(t *testing.T) {
	cpu, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer cpu.Close()
	m, err := model.Sequential(model.Input(64, 64, 3),
		model.Conv2D{Filters: 32, Kernel: model.Pair{3, 3}, Padding: model.Same, Activation: model.ReLU},
		model.Flatten{}, model.Dense{Units: 2, Activation: model.Softmax})
	require.NoError(t, err)
	checks, err := Steps(m, []Trainee{{Device: cpu}}, 2, 5, 1)
	require.NoError(t, err)
	for _, c := range checks {
		assert.True(t, c.Holds(), "%+v", c)
	}
}

// Every layer and every activation trains as in float64.
func TestEveryLayerTrains(t *testing.T) {
	isTrained := func(word string) bool {
		return regexp.MustCompile(`(?i)\b` + word + `\b`).MatchString(traintest.EveryLayer)
	}
	for _, kind := range model.Kinds() {
		assert.True(t, isTrained(kind), "no device trains a %s: add one to EveryLayer in train/internal/traintest/model.go", kind)
	}
	for _, f := range model.Functions() {
		assert.True(t, isTrained(string(f)), "no device trains with the activation %s: add it to EveryLayer in train/internal/traintest/model.go", f)
	}
	cpu, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer cpu.Close()
	testEveryLayer(t, cpu, kernels.FP32)
}

func testEveryLayer(t *testing.T, d device.Device, p kernels.Precision) {
	m, err := model.Parse("every-layer.yaml", []byte(traintest.EveryLayer))
	require.NoError(t, err)
	checks, err := Steps(m, []Trainee{{d, p}}, 3, 5, 1)
	require.NoError(t, err)
	part := map[kernels.Precision]float64{kernels.FP32: 0.01, kernels.TF32: 0.02, kernels.BF16: 0.15}[p]
	for _, c := range checks {
		assert.True(t, c.Holds(), "%+v", c)
		assert.Less(t, c.Bounds[0], part*c.Exact, "the bound says something")
	}
}

func TestStepAsJSON(t *testing.T) {
	text, err := json.Marshal(Step{Step: 3, Exact: 0.5, Losses: []float64{0.5, math.NaN(), math.Inf(1)}, Bounds: []float64{1e-6}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"step": 3, "exact": 0.5, "losses": [0.5, null, null], "bounds": [1e-6]}`, string(text))
	text, err = json.Marshal(Step{Step: 1, Exact: math.Inf(1), Bounds: []float64{math.NaN()}})
	require.NoError(t, err)
	assert.JSONEq(t, `{"step": 1, "exact": null, "losses": [], "bounds": [null]}`, string(text))
}

// wrongDevice scales what is uploaded by a little.
type wrongDevice struct{ device.Device }

func (d wrongDevice) Upload(dst *kernels.Buffer, src any) error {
	if values, ok := src.([]float32); ok && dst.Name == "input" {
		scaled := make([]float32, len(values))
		for i, v := range values {
			scaled[i] = v * 1.001
		}
		src = scaled
	}
	return d.Device.Upload(dst, src)
}

// A device that rounds the images is within the bounds of a precision that has so few bits, if it says so, and beyond those of float32.
func TestStepsInAPrecision(t *testing.T) {
	cpu, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	defer cpu.Close()
	m := traintest.SmallNet(t, 0)
	checks, err := Steps(m, []Trainee{{Device: coarseDevice{cpu, "bf16"}}, {Device: coarseDevice{cpu, ""}}}, 4, 10, 1)
	require.NoError(t, err)
	within := []bool{true, true}
	for _, c := range checks {
		for i, loss := range c.Losses {
			within[i] = within[i] && math.Abs(loss-c.Exact) <= c.Bounds[i]
		}
		assert.Less(t, c.Bounds[0], 0.5*c.Exact, "the bound says something")
	}
	assert.Equal(t, []bool{true, false}, within)
}

// coarseDevice rounds the images that are uploaded to bfloat16, and says that it multiplies in a precision.
type coarseDevice struct {
	device.Device
	says string
}

func (d coarseDevice) Upload(dst *kernels.Buffer, src any) error {
	if values, ok := src.([]float32); ok && dst.Name == "input" {
		rounded := make([]float32, len(values))
		for i, v := range values {
			rounded[i] = math.Float32frombits((math.Float32bits(v) + 0x8000) &^ 0xffff)
		}
		src = rounded
	}
	return d.Device.Upload(dst, src)
}

func (d coarseDevice) Compile(ops []kernels.Op, o device.CompileOptions) (device.Program, error) {
	p, err := d.Device.Compile(ops, o)
	return coarseProgram{p, d.says}, err
}

type coarseProgram struct {
	device.Program
	says string
}

func (p coarseProgram) Schedule() device.Schedule {
	s := p.Program.Schedule()
	s.Ops = slices.Clone(s.Ops)
	for i := range s.Ops {
		op := &s.Ops[i]
		op.RoundsAs = slices.Clone(op.RoundsAs)
		for j := range op.RoundsAs {
			op.RoundsAs[j] = ""
			if strings.HasPrefix(op.Name(), "conv2d") || strings.HasPrefix(op.Name(), "dense") {
				op.RoundsAs[j] = p.says
			}
		}
	}
	return s
}
