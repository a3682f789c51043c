//go:build cuda && cgo

package train

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device"
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/cuda"
	"cnn-gpu/model"
	"cnn-gpu/train/internal/traintest"
)

// Every kernel that the zoo's small models, resnet-9 and one with every layer run becomes machine code for GPUs since Turing, and none spills registers: of each source one kernel for
// every architecture that multiplies in its precision, the others, which differ in their constants, for one after the other.
func TestZooCompilesForEveryArchitecture(t *testing.T) {
	library := traintest.OpenNVRTC(t)
	known, err := library.Architectures()
	require.NoError(t, err)
	architectures := []int{75, 80, 86, 89, 90, 100, 120}
	type target struct {
		capability int
		precision  kernels.Precision
	}
	ops := map[target][]kernels.Op{}
	seen := map[string]bool{}
	next := 0
	for _, p := range precisions {
		able := slices.DeleteFunc(slices.Clone(architectures), func(capability int) bool {
			_, err := device.ArchitecturePrecision(architecture(capability), device.CompileOptions{Precision: p})
			return err != nil
		})
		for _, op := range zooOps(t, p) {
			launches, err := cuda.Launches(op)
			require.NoError(t, err)
			source, constants := "", ""
			for _, l := range launches {
				source += l.Source + " "
				constants += fmt.Sprint(l.Source, l.Defines)
			}
			switch {
			case !seen[source]:
				for _, capability := range able {
					ops[target{capability, p}] = append(ops[target{capability, p}], op)
				}
			case !seen[constants]:
				at := target{able[next%len(able)], p}
				ops[at] = append(ops[at], op)
				next++
			}
			seen[source], seen[constants] = true, true
		}
	}
	for _, capability := range architectures {
		t.Run(architecture(capability), func(t *testing.T) {
			t.Parallel()
			if !slices.Contains(known, capability) {
				t.Skipf("NVRTC %d.%d does not know it", library.Major, library.Minor)
			}
			for _, p := range precisions {
				list := ops[target{capability, p}]
				if len(list) == 0 {
					continue
				}
				resources, err := device.Resources(list, device.CompileOptions{Precision: p}, architecture(capability))
				require.NoError(t, err)
				most := 0
				for _, k := range resources {
					assert.Zero(t, k.Spills, k.Kernel)
					most = max(most, k.Registers)
				}
				t.Logf("%v: %d kernels, at most %d registers", p, len(resources), most)
			}
		})
	}
}

var precisions = []kernels.Precision{kernels.FP32, kernels.TF32, kernels.BF16}

func architecture(capability int) string { return fmt.Sprintf("sm_%d", capability) }

// zooOps are the ops that GPUs run for those models in a precision, each fit to be compiled by itself. The larger models run the same kernels in hundreds of
// other shapes.
func zooOps(t *testing.T, p kernels.Precision) (ops []kernels.Op) {
	everyLayer, err := model.Parse("every-layer.yaml", []byte(traintest.EveryLayer))
	require.NoError(t, err)
	models := []*model.Model{everyLayer}
	for _, name := range model.Zoo() {
		m, err := model.Open(name)
		require.NoError(t, err)
		if m.FLOPs() < 1e8 || name == "resnet-9" {
			models = append(models, m)
		}
	}
	for _, m := range models {
		lists, err := Lower(m, Options{Optimizer: Adam{}}, 32)
		require.NoError(t, err)
		for _, list := range append(lists.Resident, lists.Training, lists.Evaluation) {
			schedule, err := device.NewSchedule("cuda", device.Options{}, list.Ops(), device.CompileOptions{Precision: p})
			require.NoError(t, err)
			for _, op := range schedule.Ops {
				for _, o := range op.Operands() {
					if o.Buffer != nil {
						root, _ := o.Buffer.Root()
						root.Keep = true
					}
				}
				ops = append(ops, op.Op)
			}
		}
	}
	return ops
}
