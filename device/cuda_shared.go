//go:build cuda && cgo

package device

import (
	"errors"
	"fmt"
	"os"

	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
)

// How many processes may use a GPU: CUcomputemode.
const (
	defaultMode    = 0
	prohibitedMode = 2
	exclusiveMode  = 3
)

var errProhibited = errors.New("no process may use the GPU (compute mode Prohibited); `sudo nvidia-smi -c DEFAULT` lets them in, --device cuda:N takes another GPU")

// noSuchGPU says which GPUs there are, and what hides others.
func noSuchGPU(ordinal, count int) error {
	visible := ""
	if list, set := os.LookupEnv("CUDA_VISIBLE_DEVICES"); set {
		visible = fmt.Sprintf("; CUDA_VISIBLE_DEVICES=%s hides all others", list)
	}
	if count == 1 {
		return fmt.Errorf("there is no GPU number %d; there is one, cuda:0%s", ordinal, visible)
	}
	return fmt.Errorf("there is no GPU number %d; there are %d, counted from 0%s", ordinal, count, visible)
}

// refusedContext adds the way out to the error of a GPU that gives no context: what other processes do with it is the usual cause.
func refusedContext(err error, mode int) error {
	switch r, _ := driver.ResultOf(err); {
	case r.Mend() != "":
		return fmt.Errorf("%w; %s", driver.Explain(err), r.Mend())
	case r == driver.DeviceUnavailable && mode == exclusiveMode:
		return fmt.Errorf("another process has the GPU for itself (compute mode Exclusive_Process): %w; `nvidia-smi` lists it, "+
			"`sudo nvidia-smi -c DEFAULT` lets several in, --device cuda:N takes another GPU", driver.Explain(err))
	case r == driver.DeviceUnavailable:
		return fmt.Errorf("another process has the GPU, or it is gone: %w; `nvidia-smi` lists GPUs and processes, %s", driver.Explain(err), inTheLog)
	case r == driver.OutOfMemory:
		return fmt.Errorf("other processes fill the GPU's memory: %w; nvidia-smi lists them, --device cuda:N takes another GPU", driver.Explain(err))
	}
	return err
}

// lookAround sees what others have taken of the memory.
func (d *gpu) lookAround() error {
	free, total, err := cu.MemInfo()
	d.others = total - free
	return err
}

// A context takes some hundred MB, which are no other process's.
const worthMentioning = 1 << 30

// outOfMemory is the error where need bytes were asked for and free ones were left.
func (d *gpu) outOfMemory(need int, free int64) *OutOfMemoryError {
	e := &OutOfMemoryError{Device: d.name, Need: int64(need), Free: free}
	if d.others > worthMentioning {
		e.Others = d.others
	}
	return e
}
