//go:build cuda && cgo

package device

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gorgonia.org/cu"

	"cnn-gpu/device/driver"
	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/driverapi"
	"cnn-gpu/internal/markdown"
	"cnn-gpu/kernels"
)

// openingSays is what a person reads where a card is opened.
func openingSays(t *testing.T, name string, config driverapi.Config) string {
	t.Helper()
	onMachine(t, config)
	d, err := Open(name, Options{})
	if err != nil {
		return err.Error()
	}
	defer d.Close()
	return strings.Join(append(Remarks(d), d.String()), "\n")
}

// workSays is what one reads of its work. The driver is offered PTX alone, and refuses it where the faults say so.
func workSays(t *testing.T, config driverapi.Config) string {
	t.Helper()
	onMachine(t, config)
	d, err := Open("cuda", Options{})
	require.NoError(t, err)
	defer d.Close()
	d.(*gpu).code.forms = []form{{arch: "compute_90"}}
	err = runOnce(d)
	require.Error(t, err)
	return err.Error()
}

func chipOf(change func(*sim.Chip)) []sim.Chip {
	c := sim.Chips()[0]
	change(&c)
	return []sim.Chip{c}
}

// cardSituations are the situations of docs/gpu-host.md in which CUDA starts, with what is said.
var cardSituations = map[string]map[string]func(t *testing.T) string{
	"### When a card cannot be used": {
		"a card that no process may use": func(t *testing.T) string {
			return openingSays(t, "cuda", driverapi.Config{Cards: []driverapi.Card{inMode(prohibitedMode, false)}})
		},
		"a card that another process has for itself": func(t *testing.T) string {
			return openingSays(t, "cuda", driverapi.Config{Cards: []driverapi.Card{inMode(exclusiveMode, true)}})
		},
		"a card that is busy or gone": func(t *testing.T) string {
			return openingSays(t, "cuda", driverapi.Config{Cards: []driverapi.Card{{InUse: true}}})
		},
		"the same with `--device auto`, and another card": func(t *testing.T) string {
			return openingSays(t, "auto", driverapi.Config{Chips: sim.Chips()[:2], Cards: []driverapi.Card{{InUse: true}}})
		},
		"no card of that number": func(t *testing.T) string {
			t.Setenv("CUDA_VISIBLE_DEVICES", "0")
			return openingSays(t, "cuda:1", driverapi.Config{})
		},
		"other processes fill the memory": func(t *testing.T) string { return refusedContext(driver.OutOfMemory, defaultMode).Error() },
		"too little memory": func(t *testing.T) string {
			onMachine(t, driverapi.Config{Cards: []driverapi.Card{{Taken: sim.Chips()[0].MemoryBytes - 1<<20}}})
			d, err := Open("cuda", Options{})
			require.NoError(t, err)
			defer d.Close()
			_, err = d.Compile([]kernels.Op{kernels.Zero{Y: kernels.Kept("y", kernels.Float32, 1<<20)}}, CompileOptions{})
			require.Error(t, err)
			return err.Error()
		},
		"no NVRTC": func(*testing.T) string { return noCompiler(&nvrtc.NotFoundError{}).Error() },
		"a driver of an earlier CUDA than NVRTC, by its first number": func(t *testing.T) string {
			return openingSays(t, "cuda", driverapi.Config{CUDA: 11040})
		},
		"a driver of an earlier CUDA than NVRTC, by its second number": func(t *testing.T) string {
			l, _ := compilers(t)
			return workSays(t, driverapi.Config{CUDA: 1000 * l.Major, Faults: "load=222@1"})
		},
		"the driver's compiler of PTX is missing": func(t *testing.T) string { return workSays(t, driverapi.Config{Faults: "load=221@1"}) },
		"the driver may not compile PTX":          func(t *testing.T) string { return workSays(t, driverapi.Config{Faults: "load=223@1"}) },
		"a card that is newer than NVRTC": func(t *testing.T) string {
			return openingSays(t, "cuda", driverapi.Config{Chips: chipOf(func(c *sim.Chip) { c.Major = 99 })})
		},
		"a card that NVRTC no longer knows": func(t *testing.T) string {
			return openingSays(t, "cuda", driverapi.Config{Chips: chipOf(func(c *sim.Chip) { c.Major = 2 })})
		},
		"a slice of a card (MIG)": func(t *testing.T) string {
			config := driverapi.Config{Chips: chipOf(func(c *sim.Chip) { c.Product = "NVIDIA H200 MIG 1g.18gb" })}
			return openingSays(t, "cuda", config) + rooflineSays(t)
		},
		"a driver that tells no clocks": func(t *testing.T) string {
			openingSays(t, "cuda", driverapi.Config{Cards: []driverapi.Card{{Attributes: map[int32]int{int32(cu.ClockRate): 0}}}})
			return rooflineSays(t)
		},
	},
	"### When a card fails at its work": {
		"memory that cannot be corrected":                     saysOf(driver.EccUncorrectable),
		"the same, and the driver has kept it to the process": saysOf(driver.Contained),
		"a link between cards":                                saysOf(driver.NvlinkUncorrectable),
		"a card that is gone":                                 saysOf(driver.DeviceUnavailable),
		"a card that shows a screen":                          saysOf(driver.LaunchTimeout),
		"an instruction that the card does not have":          saysOf(driver.IllegalInstruction),
		"a stack that the hardware found damaged":             saysOf(driver.HardwareStackError),
		"a kernel that does what it must not":                 saysOf(driver.IllegalAddress),
	},
}

func saysOf(r driver.Result) func(t *testing.T) string {
	return func(t *testing.T) string { return workSays(t, driverapi.Config{Faults: fmt.Sprintf("launch=%d@1", r)}) }
}

// rooflineSays is why there is none of the machine's first card.
func rooflineSays(t *testing.T) string {
	t.Helper()
	d, err := Open("cuda", Options{})
	require.NoError(t, err)
	defer d.Close()
	_, err = d.Roofline()
	require.Error(t, err)
	return err.Error()
}

// The page for those who have a GPU shows each situation, and what it says that one sees is what one sees.
func TestSituationsOnThePage(t *testing.T) {
	simulatedOnly(t)
	const file = "../docs/gpu-host.md"
	page, err := os.ReadFile(file)
	require.NoError(t, err)
	for heading, situations := range cardSituations {
		shown := map[string]bool{}
		for _, row := range markdown.Table(string(page), heading) {
			require.Len(t, row, 3, row)
			shown[row[0]] = true
			says := situations[row[0]]
			if !assert.NotNil(t, says, "%s: %s is in no test", file, row[0]) {
				continue
			}
			t.Run(row[0], func(t *testing.T) {
				text := says(t)
				seen := markdown.Code(row[1])
				assert.NotEmpty(t, seen)
				for _, code := range append(seen, markdown.Code(row[2])...) {
					assert.Contains(t, text, code)
				}
			})
		}
		for row := range situations {
			assert.True(t, shown[row], "%s, %s has no row %q", file, heading, row)
		}
	}
	assert.Zero(t, driverapi.Holds())
}
