//go:build cuda && cgo

package driver_test

import (
	"fmt"
	"os"
	"testing"

	"cnn-gpu/device/sim/driverapi"
)

// The tests of GPUs run on the simulated one, and once more, in a process of their own, on real ones.
func TestMain(m *testing.M) {
	if f := children[os.Getenv("CNN_GPU_TEST_CHILD")]; f != nil {
		f()
		return
	}
	if os.Getenv("CNN_GPU_TEST_DRIVER") != "libcuda" {
		if err := driverapi.Install(driverapi.Config{}); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}
