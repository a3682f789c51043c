//go:build cuda && cgo

package device

import (
	"errors"
	"fmt"

	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
)

// float32Lanes is how many float32 multiply-adds a multiprocessor does in a clock cycle, by compute capability (CUDA C++ Programming
// Guide, "Throughput of Native Arithmetic Instructions").
var float32Lanes = map[int]float64{75: 64, 80: 64, 86: 128, 87: 128, 89: 128, 90: 128, 100: 128, 103: 128, 120: 128, 121: 128}

// tf32Rate is how many operations the tensor cores of a multiprocessor do in a clock cycle on dense factors in TF32, by compute capability; on bfloat16 ones
// they do twice as many (peak over multiprocessors and clock, from the white papers of NVIDIA's A100, GA102, Ada, H100, Blackwell and RTX Blackwell).
var tf32Rate = map[int]float64{80: 1024, 86: 256, 89: 256, 90: 2048, 100: 4096, 120: 256}

// Roofline is computed from the GPU's properties.
func (d *gpu) Roofline() (r Roofline, err error) {
	err = d.do(func() error {
		major, minor, err := d.device.ComputeCapability()
		if err != nil {
			return err
		}
		lanes, known := float32Lanes[10*major+minor]
		if !known {
			return fmt.Errorf("the peak of compute capability %d.%d is not known", major, minor)
		}
		if driver.IsSlice(d.model) {
			return errors.New("a MIG slice has a part of the memory's bandwidth that the driver does not tell")
		}
		values := map[cu.DeviceAttribute]float64{}
		for _, a := range []cu.DeviceAttribute{cu.MultiprocessorCount, cu.ClockRate, cu.MemoryClockRate, cu.GlobalMemoryBusWidth} {
			v, err := d.device.Attribute(a)
			if err != nil {
				return err
			}
			isClock := a == cu.ClockRate || a == cu.MemoryClockRate
			if v <= 0 || isClock && !driver.IsClock(v) {
				return errors.New("the driver does not tell clock rates and bus width")
			}
			values[a] = float64(v)
		}
		cycles := values[cu.MultiprocessorCount] * values[cu.ClockRate] * 1e3 // of all multiprocessors in a second
		// Rates are in kHz, the bus in bits; memory transfers twice in a cycle.
		r = Roofline{
			GFLOPS: 2 * lanes * cycles / 1e9,
			TF32:   tf32Rate[10*major+minor] * cycles / 1e9,
			BF16:   2 * tf32Rate[10*major+minor] * cycles / 1e9,
			GBS:    2 * values[cu.MemoryClockRate] * 1e3 * values[cu.GlobalMemoryBusWidth] / 8 / 1e9,
			Source: "the GPU's clock rates",
		}
		return nil
	})
	return r, err
}
