//go:build cuda && cgo

package main

import (
	"fmt"
	"os"

	"gorgonia.org/cu"

	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/driverapi"
)

// testMachineEnv puts a machine's driver in the place of libcuda, for the command and for the processes that it starts.
const testMachineEnv = "CNN_GPU_TEST_MACHINE"

// testMachines are by name. Where cards differ from their chips they say so.
var testMachines = map[string]driverapi.Config{
	"cards that fail": {
		Chips: []sim.Chip{sim.Chips()[1], sim.Chips()[0], sim.Chips()[2]},
		Cards: []driverapi.Card{{Attributes: map[int32]int{int32(cu.ComputeMode): 2}}, {Attributes: map[int32]int{int32(cu.ClockRate): 0}}, {Silent: true}},
	},
	"a card that is lost": {Faults: "lost@20"},
}

func installTestMachine() {
	name := os.Getenv(testMachineEnv)
	if name == "" {
		return
	}
	if err := driverapi.Install(testMachines[name]); err != nil {
		fmt.Println(err)
		os.Exit(exitFailure)
	}
}
