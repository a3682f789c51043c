package train

import (
	"errors"
	"fmt"
	"slices"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
)

// Close gives back what the trainer took of its device, and closes the device if Compile opened it. The trainer cannot be used any
// more; its history and position stay.
func (t *Trainer) Close() error {
	var errs []error
	for _, steps := range []map[int]*Step{t.fits, t.mixed, t.evals, t.predicts} {
		for _, s := range steps {
			errs = append(errs, t.discard(s.program))
		}
		clear(steps)
	}
	for len(t.residents) > 0 {
		errs = append(errs, t.residents[0].close())
	}
	errs = append(errs, t.device.Free(t.own()...))
	if t.ownsDevice {
		errs = append(errs, t.device.Close())
		t.ownsDevice = false
	}
	t.device = closedDevice{t.device}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("train: %w", err)
	}
	return nil
}

// own lists the buffers that the trainer's steps share.
func (t *Trainer) own() []*kernels.Buffer {
	return append(t.changing(), t.rate, t.halt, t.evalTotals)
}

// discard closes a program and frees the kept buffers that no other has.
func (t *Trainer) discard(p device.Program) error {
	own := t.own()
	buffers := slices.DeleteFunc(slices.Clone(p.Schedule().Plan.Kept), func(b *kernels.Buffer) bool { return slices.Contains(own, b) })
	return errors.Join(p.Close(), t.device.Free(buffers...))
}

// closedDevice is the device of a closed trainer: it goes by its name, and nothing is taken of it.
type closedDevice struct{ device.Device }

var errClosed = errors.New("train: the trainer is closed")

func (closedDevice) Compile([]kernels.Op, device.CompileOptions) (device.Program, error) {
	return nil, errClosed
}

func (closedDevice) Upload(*kernels.Buffer, any) error { return errClosed }

func (closedDevice) Download(any, *kernels.Buffer) error { return errClosed }

func (closedDevice) Free(...*kernels.Buffer) error { return nil }

func (closedDevice) Close() error { return nil }
