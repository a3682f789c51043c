package train

import (
	"errors"
	"fmt"
	"math"
	"sort"

	"cnn-gpu/device"
	"cnn-gpu/train/internal/loader"
)

// orSmaller adds to an out-of-memory error the largest batch for which the lists that emit makes fit. The last of the first
// compiled ones did not.
func (t *Trainer) orSmaller(err error, batch, compiled int, emit func(batch int) []*OpList) error {
	var outOfMemory *device.OutOfMemoryError
	if !errors.As(err, &outOfMemory) {
		return err
	}
	// What these lists hold already a smaller batch can have as well.
	taken := t.planned(emit(batch)[:compiled]) - outOfMemory.Need
	fits := sort.Search(batch, func(i int) bool { return t.planned(emit(i+1)) > outOfMemory.Free+taken })
	return advise(err, fits, batch)
}

// advise adds to an out-of-memory error which batch, of at most the one that was asked for, fits.
func advise(err error, fits, batch int) error {
	switch fits {
	case 0:
		return fmt.Errorf("%w; not even a batch of 1 fits: use a smaller model, or a device with more memory", err)
	case batch:
		return fmt.Errorf("%w, but not in one piece or not for this program: use a smaller batch, or see what else runs there", err)
	}
	return fmt.Errorf("%w; the largest batch that fits is %d", err, fits)
}

// checkHost says whether the machine's memory holds what a Fit takes of it, before anything is taken: batches that are loaded ahead, a copy of
// what is saved, and on the CPU all that the steps work with.
func (f *fitting) checkHost(batch int, emit func(batch int) []*OpList) error {
	saved := 0
	for _, b := range f.changing() {
		saved += b.Bytes()
	}
	need := func(batch int) int64 {
		n := loader.Bytes(f.set, batch) + 2*int64(saved)
		if f.device.Name() == "cpu" {
			n += f.planned(emit(batch)) - int64(saved) // which are there already
		}
		return n
	}
	err := device.CheckHostMemory(need(batch))
	var outOfMemory *device.OutOfMemoryError
	if !errors.As(err, &outOfMemory) {
		return err
	}
	free := outOfMemory.Free - outOfMemory.Free/16 // a process that is started anew finds a little more or less
	fits := sort.Search(batch, func(i int) bool { return need(i+1) > free })
	return advise(fmt.Errorf("train: batch of %d: %w", batch, err), fits, batch)
}

// planned is the memory of lists that take turns, in bytes.
func (t *Trainer) planned(lists []*OpList) int64 {
	var schedules []device.Schedule
	for _, l := range lists {
		s, err := device.NewSchedule(t.device.Name(), device.Options{}, l.Ops(), t.compile)
		if err != nil { // no device runs it
			return math.MaxInt64
		}
		schedules = append(schedules, s)
	}
	return int64(device.Bytes(schedules...))
}
