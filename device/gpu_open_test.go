//go:build cuda && cgo

package device

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/driverapi"
)

// inMode is a card in a compute mode.
func inMode(mode int, inUse bool) driverapi.Card {
	return driverapi.Card{Attributes: map[int32]int{int32(cu.ComputeMode): mode}, InUse: inUse}
}

// threeCards are of different kinds: the first is nobody's, the second somebody else's.
func threeCards(t *testing.T) {
	t.Helper()
	chips := sim.Chips()
	onMachine(t, driverapi.Config{Chips: chips[:3], Cards: []driverapi.Card{inMode(prohibitedMode, false), inMode(exclusiveMode, true), {}}})
}

// Of several cards each is found by its number, and auto takes the first that can be used and says why not another.
func TestGPUsOfDifferentKinds(t *testing.T) {
	threeCards(t)
	_, err := Open("cuda", Options{})
	assert.ErrorContains(t, err, "device: cuda: no process may use the GPU (compute mode Prohibited); `sudo nvidia-smi -c DEFAULT` lets them in")
	_, err = Open("cuda:1", Options{})
	assert.ErrorContains(t, err, "device: cuda:1: another process has the GPU for itself (compute mode Exclusive_Process): ")
	assert.ErrorContains(t, err, "CUDA_ERROR_DEVICE_UNAVAILABLE (46)")
	assert.ErrorContains(t, err, "sudo nvidia-smi -c DEFAULT")

	d, err := Open("auto", Options{})
	require.NoError(t, err)
	assert.Equal(t, "cuda:2", d.Name())
	assert.Contains(t, d.String(), "RTX 4090")
	assert.NotContains(t, d.String(), "passed over", "which is no part of what a run notes of its GPU")
	assert.Equal(t, "cuda:0 is passed over: no process may use the GPU (compute mode Prohibited)", Remarks(d)[0])
	assert.Contains(t, Remarks(d)[1], "cuda:1 is passed over: another process has the GPU for itself (compute mode Exclusive_Process): ")
	assert.Equal(t, run(t, onCPU(t)), run(t, d))
	assert.Equal(t, "compute_89", d.(*gpu).code.forms[0].arch, "each has code of its own")
	require.NoError(t, d.Close())
	assert.Zero(t, driverapi.Holds())
}

// Where none can be used auto takes the CPU, and says why not the first.
func TestNoGPUThatCanBeUsed(t *testing.T) {
	onMachine(t, driverapi.Config{Cards: []driverapi.Card{inMode(prohibitedMode, false)}})
	d, err := Open("auto", Options{})
	require.NoError(t, err)
	defer d.Close()
	assert.Equal(t, "cpu", d.Name())
	assert.Contains(t, d.String(), "(no GPU: no process may use the GPU (compute mode Prohibited); see cnn-gpu devices)")
}

// A number beyond the GPUs is told how many there are, and what hides others.
func TestGPUThatIsNotThere(t *testing.T) {
	threeCards(t)
	_, err := Open("cuda:3", Options{})
	assert.EqualError(t, err, "device: cuda:3: there is no GPU number 3; there are 3, counted from 0")
	t.Setenv("CUDA_VISIBLE_DEVICES", "1")
	onMachine(t, driverapi.Config{})
	_, err = Open("cuda:1", Options{})
	assert.EqualError(t, err, "device: cuda:1: there is no GPU number 1; there is one, cuda:0; CUDA_VISIBLE_DEVICES=1 hides all others")
}

// The driver does not tell the share of a MIG slice in the card's bandwidth, nor always clocks: then nothing is computed of them.
func TestGPURooflineIsUnknown(t *testing.T) {
	slice := sim.Chips()[0]
	slice.Product, slice.SMs, slice.MemoryBytes = "NVIDIA H200 MIG 1g.18gb", 16, 16<<30
	cards := []driverapi.Card{{}}
	chips := []sim.Chip{slice}
	for _, attribute := range []cu.DeviceAttribute{cu.ClockRate, cu.MemoryClockRate} {
		for _, value := range []int{0, 1980, 1_980_000_000} { // absent, in MHz, in Hz
			chips = append(chips, sim.Chips()[0])
			cards = append(cards, driverapi.Card{Attributes: map[int32]int{int32(attribute): value}})
		}
	}
	chips = append(chips, sim.Chips()[0])
	cards = append(cards, driverapi.Card{Attributes: map[int32]int{int32(cu.GlobalMemoryBusWidth): 0}})
	onMachine(t, driverapi.Config{Chips: chips, Cards: cards})
	for ordinal := range chips {
		d, err := openGPU("cuda", ordinal, Options{})
		require.NoError(t, err)
		_, err = d.Roofline()
		if ordinal == 0 {
			assert.ErrorContains(t, err, "a MIG slice has a part of the memory's bandwidth that the driver does not tell")
			assert.Contains(t, d.String(), "MIG 1g.18gb (simulated), 16.00 GiB", "and not the whole card's")
		} else {
			assert.ErrorContains(t, err, "the driver does not tell clock rates and bus width", ordinal)
		}
		require.NoError(t, d.Close())
	}
}

// Whatever ends a card's work is told in words, with what shows more; the device closes without telling it again.
func TestGPUFaultsInWords(t *testing.T) {
	for r, want := range map[driver.Result]string{
		driver.EccUncorrectable:    "nvidia-smi -q -d ECC,ROW_REMAPPER",
		driver.Contained:           "the card's memory holds an error",
		driver.NvlinkUncorrectable: "nvidia-smi nvlink --errorcounters",
		driver.IllegalInstruction:  "--no-cache compiles anew",
		driver.HardwareStackError:  "a kernel did what it must not, or the card is damaged",
		driver.LaunchTimeout:       "a card that shows a screen: a smaller --batch",
		driver.DeviceUnavailable:   "the card is gone (it fell off the bus, was reset or taken away)",
		driver.LaunchFailed:        "--sync tells which op",
	} {
		onMachine(t, driverapi.Config{Faults: fmt.Sprintf("launch=%d@2", r)})
		d, err := Open("cuda", Options{})
		require.NoError(t, err)
		err = runOnce(d)
		var fault *FaultError
		require.ErrorAs(t, err, &fault)
		assert.Equal(t, "cuda", fault.Device)
		assert.ErrorContains(t, err, fmt.Sprintf("%s (%d)", r.Name(), r))
		assert.ErrorContains(t, err, want)
		if r != driver.LaunchTimeout {
			assert.ErrorContains(t, err, "dmesg | grep -i xid")
		}
		assert.NoError(t, d.Close())
	}
}
