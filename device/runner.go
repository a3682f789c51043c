package device

import (
	"errors"
	"maps"
	"slices"

	"cnn-gpu/kernels"
)

// OpRunner runs short lists of ops on a device, with what outlives the run in host memory: what the suite in kernels/kerneltest asks for.
type OpRunner struct {
	Device  Device
	Options CompileOptions
}

// Run uploads the memory of each kept buffer, runs the ops and downloads it again. It returns the algorithm that computed each op.
func (r OpRunner) Run(ops []kernels.Op, mem map[*kernels.Buffer]kernels.Mem) (algorithms []string, err error) {
	program, err := r.Device.Compile(ops, r.Options)
	if err != nil {
		return nil, err
	}
	defer func() {
		err = errors.Join(err, program.Close(), r.Device.Free(slices.Collect(maps.Keys(mem))...))
	}()
	for b, m := range mem {
		if err := r.Device.Upload(b, m.Values()); err != nil {
			return nil, err
		}
	}
	if err := program.Run(); err != nil {
		return nil, err
	}
	for b, m := range mem {
		if err := r.Device.Download(m.Values(), b); err != nil {
			return nil, err
		}
	}
	return program.Schedule().Algorithms(ops), nil
}
