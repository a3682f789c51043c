package train

import (
	"context"
	"fmt"
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
	bytes int
	kept  map[*kernels.Buffer]bool
	arena int
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
	plan, need := s.Plan, 0
	if plan.Arena > d.arena {
		need = plan.Arena
	}
	for _, b := range plan.Kept {
		need += d.keep(b)
	}
	if need > d.bytes {
		return nil, &device.OutOfMemoryError{Device: "small", Need: int64(need), Free: int64(d.bytes)}
	}
	d.bytes, d.arena = d.bytes-need, max(plan.Arena, d.arena)
	return d.Device.Compile(ops, o)
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

	largest := 0
	for largest < 200 && fit(m, largest+1) == nil {
		largest++
	}
	require.Greater(t, largest, 1)
	require.Less(t, largest, 199)
	assert.ErrorContains(t, err, fmt.Sprintf("; the largest batch that fits is %d", largest))

	large, err := model.Open("mnist-cnn")
	require.NoError(t, err)
	assert.ErrorContains(t, fit(large, 32), "not even a batch of 1 fits")
}
