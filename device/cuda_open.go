//go:build cuda && cgo

package device

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/driverapi"
)

// SimOrderEnv and SimChecksEnv name the environment variables of the simulated GPU: the order in which warps take turns, forward,
// reverse or random:SEED (random:1 if not set), and whether it looks for mistakes in kernels, on (if not set) or off, which is
// faster. CNN_GPU_SIM_FAULT makes calls fail; see package driverapi.
const (
	SimOrderEnv  = "CNN_GPU_SIM_ORDER"
	SimChecksEnv = "CNN_GPU_SIM_CHECKS"
)

// noDriverError says why the driver does not start, and the way out.
type noDriverError struct {
	device    string
	diagnosis driver.Missing
	err       error
}

func (e *noDriverError) Error() string {
	return fmt.Sprintf("device: %s: %s; %s; --device cpu needs no GPU", e.device, e.diagnosis.What, e.diagnosis.Mend)
}

func (e *noDriverError) Unwrap() error { return e.err }

func openCUDA(name string, ordinal int, o Options) (Device, error) {
	d, err := openGPU(name, ordinal, o)
	if err != nil {
		return nil, err
	}
	return d, nil
}

// openFirst opens the first GPU that can be used.
func openFirst(o Options) (Device, error) {
	count := 1
	if driver.Open() == nil {
		if n, err := cu.NumDevices(); err == nil {
			count = max(n, 1)
		}
	}
	var errs []error
	var passed []string
	for ordinal := range count {
		name := "cuda"
		if ordinal > 0 {
			name = fmt.Sprintf("cuda:%d", ordinal)
		}
		d, err := openGPU(name, ordinal, o)
		if err == nil {
			d.passed = passed
			return d, nil
		}
		errs = append(errs, err)
		passed = append(passed, fmt.Sprintf("cuda:%d is passed over: %s", ordinal, strings.TrimPrefix(briefly(err), name+": ")))
	}
	return nil, errors.Join(errs...)
}

// openSim puts simulated GPUs in the driver's place, for this whole program, and opens the first one.
func openSim(name, chip string, o Options) (Device, error) {
	options, err := simOptions()
	if err != nil {
		return nil, fmt.Errorf("device: %s: %w", name, err)
	}
	if o.Sample {
		o.Timing, options.Checks = true, 0
	}
	if o.Timing {
		options.Checks |= sim.Traffic
	}
	options.Estimate, options.Sample = o.Timing, o.Sample
	config := driverapi.Config{Options: options}
	if o.Timing {
		o.kernels = &simulatedKernels{}
		config.Launched = func(l driverapi.Launch) { o.kernels.add(l.Counters) }
	}
	if chip != "" {
		c, err := sim.ChipByName(chip)
		if err != nil {
			return nil, fmt.Errorf("device: %s: %w", name, err)
		}
		config.Chips = []sim.Chip{c}
	}
	if err := driverapi.Install(config); err != nil {
		return nil, fmt.Errorf("device: %s: %w", name, err)
	}
	o.simulated = true
	return openCUDA(name, 0, o)
}

// simOptions reads the environment.
func simOptions() (sim.Options, error) {
	o := sim.Options{Checks: sim.AllChecks, Order: sim.Random, Seed: 1}
	order, seed, seeded := strings.Cut(os.Getenv(SimOrderEnv), ":")
	switch order {
	case "", "random":
		if seeded {
			var err error
			if o.Seed, err = strconv.ParseUint(seed, 10, 64); err != nil {
				return o, fmt.Errorf("%s: %q is no seed", SimOrderEnv, seed)
			}
		}
	case "forward":
		o.Order = sim.Forward
	case "reverse":
		o.Order = sim.Reverse
	default:
		return o, fmt.Errorf("%s is %q; choose forward, reverse or random:SEED", SimOrderEnv, order)
	}
	switch checks := os.Getenv(SimChecksEnv); checks {
	case "", "on":
	case "off":
		o.Checks = 0
	default:
		return o, fmt.Errorf("%s is %q; choose on or off", SimChecksEnv, checks)
	}
	return o, nil
}
