//go:build cuda && cgo

package device

import (
	"fmt"

	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
)

// refusedContext adds the way out to the error of a GPU that gives no context: what other processes do with it is the usual cause.
func refusedContext(err error) error {
	switch r, _ := driver.ResultOf(err); r {
	case driver.DeviceUnavailable:
		return fmt.Errorf("%w; another process has the GPU for itself (compute mode exclusive), or no process may use it (prohibited): "+
			"`nvidia-smi -q -d COMPUTE,PIDS` shows which, `sudo nvidia-smi -c DEFAULT` lets several in", driver.Explain(err))
	case driver.OutOfMemory:
		return fmt.Errorf("%w; other processes fill the GPU's memory: nvidia-smi lists them, --device cuda:N takes another GPU", driver.Explain(err))
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
