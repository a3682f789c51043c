//go:build cuda && cgo

package train

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/kernels"
	"cnn-gpu/model"
)

// Every kernel that the zoo's models run becomes machine code for every GPU since Turing, and none spills registers.
func TestZooCompilesForEveryArchitecture(t *testing.T) {
	library, err := nvrtc.Open()
	if err != nil {
		t.Skip(err)
	}
	known, err := library.Architectures()
	require.NoError(t, err)
	var ops []kernels.Op
	for _, name := range model.Zoo() {
		m, err := model.Open(name)
		require.NoError(t, err)
		lists, err := Lower(m, Options{Optimizer: Adam{}}, 32)
		require.NoError(t, err)
		ops = append(append(ops, lists.Training.Ops()...), lists.Evaluation.Ops()...)
	}
	architectures := map[int]string{75: "sm_75", 80: "sm_80", 86: "sm_86", 89: "sm_89", 90: "sm_90", 100: "sm_100", 120: "sm_120"}
	for capability, arch := range architectures {
		t.Run(arch, func(t *testing.T) {
			t.Parallel()
			if !slices.Contains(known, capability) {
				t.Skipf("NVRTC %d.%d does not know it", library.Major, library.Minor)
			}
			resources, err := device.Resources(ops, arch)
			require.NoError(t, err)
			most := 0
			for _, k := range resources {
				assert.Zero(t, k.Spills, k.Kernel)
				most = max(most, k.Registers)
			}
			t.Logf("%d kernels, at most %d registers", len(resources), most)
		})
	}
}
