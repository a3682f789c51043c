package train

import (
	"fmt"
	"time"

	"cnn-gpu/device"
)

// watch tells how much of the time a device with a clock of its own waits for the host: what it does not work of the time that passes.
type watch struct {
	begun  time.Time
	worked time.Duration // when it began
	waited *float64      // the share, as of the last look; nil if it is not known
}

// start begins anew.
func (w *watch) start(d device.Device, now time.Time) error {
	*w = watch{begun: now}
	worked, _, err := workedBy(d)
	w.worked = worked
	return err
}

// look takes the share anew.
func (w *watch) look(d device.Device, now time.Time) error {
	worked, isKnown, err := workedBy(d)
	if isKnown && now.After(w.begun) {
		share := min(max(1-float64(worked-w.worked)/float64(now.Sub(w.begun)), 0), 1)
		w.waited = &share
	}
	return err
}

// workedBy is for how long a device has worked, if it can tell; an estimate is nothing to hold against the host's clock.
func workedBy(d device.Device) (worked time.Duration, isKnown bool, err error) {
	a, ok := d.(device.Accelerator)
	if !ok {
		return 0, false, nil
	}
	worked, estimated, err := a.Worked()
	if err != nil {
		return 0, false, fmt.Errorf("train: %w", err)
	}
	return worked, !estimated, nil
}
