//go:build cuda && cgo

package device

import (
	"fmt"

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

// What a context and other small things take is not worth a word.
const worthMentioning = 1 << 30

// outOfMemory is the error where need bytes were asked for and free ones were left.
func (d *gpu) outOfMemory(need int, free int64) *OutOfMemoryError {
	ours := int64(d.arena.bytes)
	for b := range d.kept {
		ours += int64(b.Bytes())
	}
	for _, r := range d.freed {
		ours += int64(r.bytes)
	}
	e := &OutOfMemoryError{Device: d.name, Need: int64(need), Free: free}
	if others := d.total - free - ours; others > worthMentioning {
		e.Others = others
	}
	return e
}
