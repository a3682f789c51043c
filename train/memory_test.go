package train

import (
	"context"
	"fmt"
	"regexp"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/internal/wording"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
	"cnn-gpu/train/internal/traintest"
)

// smallDevice has little memory: the CPU, with the bookkeeping of a GPU.
type smallDevice struct {
	device.Device
	bytes          int
	kept           map[*kernels.Buffer]bool
	arena, scratch int
}

func newSmallDevice(t *testing.T, bytes int) *smallDevice {
	t.Helper()
	cpu, err := device.OpenCPU(device.Options{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, cpu.Close()) })
	return &smallDevice{Device: cpu, bytes: bytes, kept: map[*kernels.Buffer]bool{}}
}

func (d *smallDevice) keep(b *kernels.Buffer) (bytes int) {
	if root, _ := b.Root(); !d.kept[root] {
		d.kept[root] = true
		return root.Bytes()
	}
	return 0
}

func (d *smallDevice) Upload(dst *kernels.Buffer, src any) error {
	d.bytes -= d.keep(dst)
	return d.Device.Upload(dst, src)
}

func (d *smallDevice) Compile(ops []kernels.Op, o device.CompileOptions) (device.Program, error) {
	s, err := device.NewSchedule(d.Name(), device.Options{}, ops, o)
	if err != nil {
		return nil, err
	}
	plan, need := s.Plan, s.Derived
	if s.Scratch > d.scratch {
		need += s.Scratch
	}
	if plan.Arena > d.arena {
		need += plan.Arena
	}
	for _, b := range plan.Kept {
		need += d.keep(b)
	}
	if need > d.bytes {
		return nil, &device.OutOfMemoryError{Device: "small", Need: int64(need), Free: int64(d.bytes)}
	}
	d.bytes, d.arena, d.scratch = d.bytes-need, max(plan.Arena, d.arena), max(s.Scratch, d.scratch)
	return d.Device.Compile(ops, o)
}

// What a training takes is what its schedule says: weights, gradients and the optimizer's state once each, and what the CPU derives from them.
// Compile makes no copies besides but the initial weights.
func TestMemoryIsWhatIsPlanned(t *testing.T) {
	m, err := model.Sequential(model.Input(32, 32, 3),
		model.Conv2D{Filters: 64, Kernel: model.Pair{3, 3}, Padding: model.Same, Activation: model.ReLU}, model.MaxPooling2D{},
		model.Conv2D{Filters: 128, Kernel: model.Pair{3, 3}, Padding: model.Same, Activation: model.ReLU}, model.MaxPooling2D{},
		model.Flatten{}, model.Dense{Units: 1200, Activation: model.ReLU}, model.Dense{Units: 10, Activation: model.Softmax})
	require.NoError(t, err)
	heap := func() (live, allocated float64) {
		runtime.GC()
		var s runtime.MemStats
		runtime.ReadMemStats(&s)
		return float64(s.HeapAlloc), float64(s.TotalAlloc)
	}
	live, allocated := heap()
	d, err := device.OpenCPU(device.Options{Workers: 2})
	require.NoError(t, err)
	defer d.Close()
	tr, err := Compile(m, Options{Device: d, Optimizer: Adam{}})
	require.NoError(t, err)
	weights := float64(4 * m.ParamCount())
	compiled, allocatedByCompile := heap()
	assert.InEpsilon(t, weights, compiled-live, 0.05)
	assert.InEpsilon(t, 2*weights, allocatedByCompile-allocated, 0.1, "with the initial weights")

	step, err := tr.TrainingStep(8)
	require.NoError(t, err)
	require.NoError(t, step.Run(make([]float32, 8*m.Input.Shape.Elements()), make([]int32, 8)))
	trained, allocatedByStep := heap()
	planned := float64(device.Bytes(step.Program().Schedule()))
	assert.InEpsilon(t, planned, trained-live, 0.1)
	assert.InEpsilon(t, planned-weights, allocatedByStep-allocatedByCompile, 0.2, "nothing is made twice")
	runtime.KeepAlive(tr)
}

// The batch that an out-of-memory error names does fit, and the next larger one does not.
func TestLargestBatchThatFits(t *testing.T) {
	const memory = 600_000
	fit := func(m *model.Model, batch int) error {
		tr, err := Compile(m, Options{Device: newSmallDevice(t, memory), Optimizer: Adam{}})
		require.NoError(t, err)
		_, err = tr.Fit(context.Background(), digits(200), FitOptions{Epochs: 1, Batch: batch, Validation: digits(10)})
		return err
	}
	m := traintest.SmallNet(t, 0.1)
	err := fit(m, 200)
	var outOfMemory *device.OutOfMemoryError
	require.ErrorAs(t, err, &outOfMemory)
	assert.ErrorContains(t, err, wording.English.Sprintf("%d bytes (%s) are needed, ", outOfMemory.Need, wording.Bytes(outOfMemory.Need)))
	assert.ErrorContains(t, err, wording.English.Sprintf("%d bytes (%s) are free", outOfMemory.Free, wording.Bytes(outOfMemory.Free)))

	advice := regexp.MustCompile(`; the largest batch that fits is (\d+)$`).FindStringSubmatch(err.Error())
	require.NotNil(t, advice, err)
	largest, err := strconv.Atoi(advice[1])
	require.NoError(t, err)
	assert.NoError(t, fit(m, largest))
	assert.Error(t, fit(m, largest+1))

	large, err := model.Open("mnist-cnn")
	require.NoError(t, err)
	assert.ErrorContains(t, fit(large, 32), "not even a batch of 1 fits")
}

// On the CPU nothing is taken that is not there, of whatever it is: the batch that the error names does fit.
func TestTheCPUsMemory(t *testing.T) {
	was := debug.SetMemoryLimit(-1)
	t.Cleanup(func() { debug.SetMemoryLimit(was) })
	fit := func(batch int) error {
		tr, err := Compile(traintest.SmallNet(t, 0.1), Options{Optimizer: Adam{}})
		require.NoError(t, err)
		defer tr.Close()
		debug.FreeOSMemory()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		debug.SetMemoryLimit(int64(m.Sys-m.HeapReleased) + 16<<20)
		_, err = tr.Fit(context.Background(), digits(8000), FitOptions{Batch: batch, Validation: digits(10)})
		return err
	}
	err := fit(8000)
	var outOfMemory *device.OutOfMemoryError
	require.ErrorAs(t, err, &outOfMemory)
	assert.Equal(t, "GOMEMLIMIT", outOfMemory.Limit)
	assert.ErrorContains(t, err, "train: batch of 8000: out of memory on cpu: ")
	assert.ErrorContains(t, err, " are free within GOMEMLIMIT; the largest batch that fits is ")
	var largest int
	_, scanned := fmt.Sscanf(err.Error()[strings.Index(err.Error(), "fits is ")+len("fits is "):], "%d", &largest)
	require.NoError(t, scanned)
	assert.NoError(t, fit(largest/2), "what tests leave in memory differs a little")
	_, err = openSmall(t).EvaluationStep(4000)
	assert.ErrorAs(t, err, &outOfMemory, "steps of one's own are held to it as well")

	debug.SetMemoryLimit(1 << 20)
	_, err = Compile(traintest.SmallNet(t, 0.1), Options{})
	assert.NoError(t, err, "little is not looked at")
	large, err := model.Sequential(model.Input(1000), model.Dense{Units: 1000, Activation: model.Softmax})
	require.NoError(t, err)
	_, err = Compile(large, Options{})
	require.ErrorAs(t, err, &outOfMemory)
	assert.ErrorContains(t, err, "the model's weights: out of memory")
}

func openSmall(t *testing.T) *Trainer {
	t.Helper()
	tr, err := Compile(traintest.SmallNet(t, 0.1), Options{})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, tr.Close()) })
	return tr
}
