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
	name := "sim"
	if strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "cuda") {
		name = "cuda"
	} else if _, err := nvrtc.Open(); err != nil {
		t.Skip(err)
	}
	d, err := device.Open(name, device.Options{})
	require.NoError(t, err)
	return d
}
