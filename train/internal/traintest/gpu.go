//go:build cuda && cgo

package traintest

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/device/driver/nvrtc"
)

// OpenGPU opens a real GPU with CNN_GPU_REQUIRE=cuda, else the simulated one.
func OpenGPU(t *testing.T) device.Device {
	t.Helper()
	name := "cuda"
	if !isRequired("cuda") {
		name = "sim"
		OpenNVRTC(t)
	}
	d, err := device.Open(name, device.Options{})
	require.NoError(t, err)
	return d
}

// OpenNVRTC finds the compiler, or skips the test; with CNN_GPU_REQUIRE=nvrtc the test fails.
func OpenNVRTC(t *testing.T) *nvrtc.Library {
	t.Helper()
	library, err := nvrtc.Open()
	if err != nil && !isRequired("nvrtc") {
		t.Skip(err)
	}
	require.NoError(t, err)
	return library
}

// SimulatedOnly skips a test that has no meaning on a real GPU, and one that cannot run without NVRTC.
func SimulatedOnly(t *testing.T) {
	t.Helper()
	if isRequired("cuda") {
		t.Skip("this is about the simulated GPU")
	}
	OpenNVRTC(t)
}

func isRequired(what string) bool { return strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), what) }
