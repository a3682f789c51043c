//go:build cuda && cgo

package device

import (
	"fmt"
	"io/fs"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/sim"
	"cnn-gpu/device/sim/driverapi"
	"cnn-gpu/kernels"
	"cnn-gpu/kernels/cuda"
	"cnn-gpu/kernels/kerneltest"
)

// planted is a mistake in a kernel: old text, which stands there once, becomes new text.
type planted struct {
	name, op  string // the op whose cases must find it
	file      string
	old, new  string
	kind      sim.Kind
	accusedIn string // the file, and part of the line, that must be named
	accused   string
}

// firstLayer are the ops of a network's first layer in a training step.
const firstLayer = "conv2d_fprop+activation_fprop+pool2d_fprop+pool2d_dgrad+activation_dgrad+conv2d_wgrad+bias_wgrad"

// denseHead are the ops of the end of a classifier in a training step.
const denseHead = "dense_fprop+activation_fprop+dense_fprop+cross_entropy_fprop+tally+cross_entropy_dgrad+dense_dgrad+activation_dgrad+dense_dgrad+activation_dgrad+finite_check"

// plantedInFP32 are in kernels that other precisions do not run.
var plantedInFP32 = []planted{
	{"no barrier behind the products", "conv2d_fprop", "tile.cuh",
		"sums[i][j]);\n        __syncthreads();", "sums[i][j]);",
		sim.SharedRace, "tile.cuh", "fmaf(lefts[term]"},
	{"no wait for the tiles", "conv2d_fprop", "tile.cuh",
		"__syncthreads();\n        for (int term = 0; term < DEPTH; term++)", "for (int term = 0; term < DEPTH; term++)",
		sim.SharedRace, "tile.cuh", "fmaf(lefts[term]"},
	{"a filter too many", "conv2d_fprop", "conv2d_fprop.cu",
		"k < FILTERS ? weights[", "k <= FILTERS ? weights[",
		sim.OutOfBounds, "conv2d_fprop.cu", "k <= FILTERS ? weights["},
}

var plantedBugs = []planted{
	{"no wait for the copies", "conv2d_fprop", "conv2d_product.cuh",
		"                    await_copies<STAGES - 2>();\n", "",
		sim.AsyncRace, "mma.cuh", "ldmatrix"},
	{"no barrier between the tiles", "conv2d_fprop", "conv2d_product.cuh",
		"                    __syncthreads();\n", "",
		sim.SharedRace, "mma.cuh", "ldmatrix"},
	{"no wait for the other slices", "conv2d_fprop", "conv2d_product.cuh",
		"        __syncthreads();\n        if (slice > 0)", "        if (slice > 0)",
		sim.SharedRace, "conv2d_product.cuh", "+= others["},
	{"a row of taps too many", "conv2d_fprop", "conv2d_product.cuh",
		"at >= extent", "at > extent",
		sim.OutOfBounds, "mma.cuh", "cp.async.cg"},
	{"a channel's filter too many", "conv2d_dgrad", "conv2d_product.cuh",
		"side + n < f.COLUMNS)", "side + n <= f.COLUMNS)",
		sim.OutOfBounds, "mma.cuh", "cp.async.cg"},
	{"a neighbour too many", "conv2d_dgrad", "conv2d_product.cuh",
		"if (i < there)\n                to[i]", "if (i <= there)\n                to[i]",
		sim.OutOfBounds, "conv2d_product.cuh", "to[i] = values.at[i]"},

	{"a run of channels over one that is read", "conv2d_fprop+conv2d_dgrad", "conv2d_halo.cuh",
		"LATE = STAGES - 1;", "LATE = 0;",
		sim.SharedRace, "mma.cuh", "ldmatrix"},
	{"no zeros outside the image", "conv2d_fprop+conv2d_dgrad", "conv2d_halo.cuh",
		"threadIdx.x < ROW_CHUNKS)", "threadIdx.x < ROW_CHUNKS - 1)",
		sim.UninitializedShared, "vector.cuh", "st.global.v4.b32"},
	{"no wait for the image", "conv2d_fprop+conv2d_dgrad", "conv2d_resident.cuh",
		"    await_copies<0>();\n", "",
		sim.AsyncRace, "mma.cuh", "ld.shared.v4.b32"},
	{"no wait for the slices", "conv2d_fprop+conv2d_dgrad", "conv2d_resident.cuh",
		"= sums[j][i];\n    __syncthreads();", "= sums[j][i];",
		sim.SharedRace, "vector.cuh", "return *reinterpret_cast<const Vector<COUNT, T>*>(from)"},
	{"a row of the image too many", "conv2d_fprop+conv2d_dgrad", "conv2d_resident.cuh",
		"(bottom - top) * across.extent", "(bottom - top + 1) * across.extent",
		sim.OutOfBounds, "mma.cuh", "cp.async.cg"},

	{"no wait for the image", "conv2d_fprop", "direct_conv2d_fprop.cu",
		"__syncthreads();", "",
		sim.WarpRace, "direct_conv2d_fprop.cuh", "const int row = tile"}, // where the compiler begins to read
	{"a column too many", "conv2d_fprop", "direct_conv2d_fprop.cuh",
		"p >= P || q >= Q", "p >= P || q > Q",
		sim.OutOfBounds, "direct_conv2d_fprop.cuh", "to[k + i] = values"},
	{"a batch counted before all know it", "tick+gather_batch+conv2d_fprop+activation_fprop", "direct_conv2d_gathered_fprop.cu",
		"threadIdx.x == 0 && comes_last(ticket)", "threadIdx.x == 0",
		sim.BlockRace, "direct_conv2d_gathered_fprop.cu", "at[0] = batch"},
	{"no wait for the gradients", "conv2d_wgrad", "direct_conv2d_wgrad.cu",
		"__syncthreads();\n        for (unsigned run", "for (unsigned run",
		sim.WarpRace, "direct_conv2d_wgrad.cu", "const float4 a = at[q"},
	{"no wait for the sums", "conv2d_wgrad", "direct_conv2d_wgrad.cu",
		"            }\n        }\n        __syncthreads();\n    }\n    for", "            }\n        }\n    }\n    for",
		sim.WarpRace, "direct_conv2d_wgrad.cu", "store_part(shared[i]"},
	{"no wait for the warps", firstLayer, "direct_conv2d_pooled_wgrad.cu",
		"bias;\n    __syncthreads();", "bias;",
		sim.SharedRace, "direct_conv2d_pooled_wgrad.cu", "sum += sums[t"},
	{"a filter too many", firstLayer, "direct_conv2d_pooled_wgrad.cu",
		"k < K ? places[", "k <= K ? places[",
		sim.UninitializedGlobal, "direct_conv2d_pooled_wgrad.cu", "held[i] = fmaf(seen"},

	{"two warps write one place", "bias_wgrad", "columns.cuh",
		"of_warps[thread / 32][thread % 32] = value;", "of_warps[thread / 32][thread % 32] = of_warps[0][thread % 32] = value;",
		sim.SharedRace, "columns.cuh", "of_warps[0][thread % 32] = value"},
	{"no wait for the warps", "bias_wgrad", "columns.cuh",
		"of_warps[thread / 32][thread % 32] = value;\n    __syncthreads();", "of_warps[thread / 32][thread % 32] = value;",
		sim.SharedRace, "columns.cuh", "of_warps[thread / 32][thread % 32] = value"},
	{"no wait for the slices", "bias_wgrad", "columns.cuh",
		"of_threads[threadIdx.y][threadIdx.x] = value;\n    __syncthreads();", "of_threads[threadIdx.y][threadIdx.x] = value;",
		sim.SharedRace, "columns.cuh", "combine(value, of_threads[i]"},
	{"a row too many", "bias_wgrad", "columns.cuh",
		"unsigned(ROWS))", "unsigned(ROWS) + 1)",
		sim.OutOfBounds, "bias_wgrad.cu", "load<WIDTH>(dy"},

	{"a tile too many", "conv2d_dgrad", "conv2d_depthwise_tile.cu",
		"tile >= TILES", "tile > TILES",
		sim.OutOfBounds, "conv2d_depthwise_tile.cu", "loaded[column] = load_place"},
	{"no wait for the sums before", "conv2d_wgrad", "conv2d_depthwise_tile_wgrad.cu",
		"__syncthreads(); // the sums before have the same memory", "",
		sim.SharedRace, "conv2d_depthwise_tile_wgrad.cu", "of_threads[i][threadIdx.y][threadIdx.x] = sums"},
	{"no wait for the sums of the threads", "conv2d_wgrad", "conv2d_depthwise_tile_wgrad.cu",
		"= sums[tap + i];\n        __syncthreads();", "= sums[tap + i];",
		sim.SharedRace, "conv2d_depthwise_tile_wgrad.cu", "of_threads[i][threadIdx.y][threadIdx.x] = sums"},

	{"a window too many", "pool2d_dgrad", "pool2d_dgrad.cu",
		"Q - 1); q >= 0", "Q); q >= 0",
		sim.OutOfBounds, "pool2d_dgrad.cu", "gradients = load<WIDTH>(dy"},
	{"a row too many", "pool2d_fprop", "pool2d_fprop.cu",
		"h >= H", "h > H",
		sim.OutOfBounds, "pool2d_fprop.cu", "values = load<WIDTH>(x"},

	{"a vector too many", "add", "add.cu",
		"i >= ELEMENTS / WIDTH", "i > ELEMENTS / WIDTH",
		sim.OutOfBounds, "add.cu", "load<WIDTH>(b"},
	{"a place beyond the box", "copy", "copy.cu",
		"i2 < BOX2", "i2 <= BOX2",
		sim.OutOfBounds, "copy.cu", "values = load<WIDTH>(x"},

	{"a group too many", "group_norm_fprop", "group_norm_fprop.cu",
		"group() >= unsigned(N) * G", "group() > unsigned(N) * G",
		sim.OutOfBounds, "group_norm_fprop.cu", "const float center ="},

	{"an average of another size", "moving_average" + strings.Repeat("+moving_average", 10), "moving_averages.cu",
		"i < elements", "i <= elements",
		sim.OutOfBounds, "moving_averages.cu", "average[i] = OLD"},
	{"no wait for the warps", denseHead, "dense_head.cu",
		"make_float4(sums[0], sums[1], sums[2], sums[3]);\n            __syncthreads();", "make_float4(sums[0], sums[1], sums[2], sums[3]);",
		sim.SharedRace, "dense_head.cu", "sum += parts[i"},
	{"no wait for the row before", denseHead, "dense_head.cu",
		"__syncthreads(); // the next", "// the next",
		sim.WarpRace, "dense_head.cu", "inputs[i] = i < IN"},
	{"a term too many", denseHead, "dense_head.cu",
		"in < IN && 4 * group < HIDDEN", "in <= IN && 4 * group < HIDDEN",
		sim.OutOfBounds, "dense_head.cu", "in <= IN"},

	{"no barrier behind the sum", "tally", "tally.cuh",
		"examples++;\n            }\n        }\n        __syncthreads();", "examples++;\n            }\n        }",
		sim.SharedRace, "tally.cuh", "losses[threadIdx.x] = loss[n]"},
	{"no wait for the losses", "tally", "tally.cuh",
		"__syncthreads();\n        if (threadIdx.x == 0)", "if (threadIdx.x == 0)",
		sim.WarpRace, "tally.cuh", "if (kinds[i] == 0)"},
	{"no wait for the launch before", "bias_wgrad", "bias_wgrad.cu",
		"    wait_for_earlier();\n", "",
		sim.EarlyAccess, "bias_wgrad.cu", "parts[at]"},
	{"a wait that comes too late", "finite_check", "finite_check.cu",
		"    wait_for_earlier();\n    for (size_t i = threadIdx.x; i < BLOCKS; i += blockDim.x)\n        bad |= found[i] != 0;",
		"    for (size_t i = threadIdx.x; i < BLOCKS; i += blockDim.x)\n        bad |= found[i] != 0;\n    wait_for_earlier();",
		sim.EarlyAccess, "finite_check.cu", "for (size_t i = threadIdx.x; i < BLOCKS"},

	{"an example too many", "tally", "tally.cuh",
		"if (n < N)", "if (n <= N)",
		sim.OutOfBounds, "tally.cuh", "label = labels[n]"},

	{"a column too many", "batch_norm_stats", "columns.cuh",
		"if (first_column() >= C)", "if (first_column() > C)",
		sim.OutOfBounds, "batch_norm_stats.cu", "load<WIDTH>(x"},
	{"a part that nobody wrote", "batch_norm_stats", "batch_norm_stats.cu",
		"store(to + 2 * BEHIND, moments.low);", "",
		sim.UninitializedGlobal, "batch_norm_stats.cu", "auto part ="},
	{"a column too many", "batch_norm_dgrad", "columns.cuh",
		"if (first_column() >= C)", "if (first_column() > C)",
		sim.OutOfBounds, "batch_norm_gradient.cuh", "{load<WIDTH>(x"},
	{"labels of another size", "batch_norm_sums", "batch_norm.cuh",
		"row / P)", "row)",
		sim.OutOfBounds, "batch_norm.cuh", "labels[n] >= 0"},

	{"no barrier before the first tile", "conv2d_wgrad", "conv2d_product_wgrad.cu",
		"await_copies<STAGES - 2>();\n    __syncthreads();", "await_copies<STAGES - 2>();",
		sim.SharedRace, "mma.cuh", "ld.shared.v2.b32"},
	{"taps outside the image", "conv2d_wgrad", "conv2d_product_wgrad.cu",
		"(next_places[d].outside & tap_bits[a]) == 0", "true",
		sim.OutOfBounds, "mma.cuh", "cp.async.cg"},
	{"a position too many", "conv2d_wgrad", "conv2d_product_wgrad.cu",
		"d * OfDY::AT_ONCE < left_of_slice", "d * OfDY::AT_ONCE <= left_of_slice",
		sim.UninitializedShared, "conv2d_product_wgrad.cu", "to[odd] = pair[odd]"},
	{"a part that nobody wrote", "conv2d_wgrad", "conv2d_product_wgrad.cu",
		"if (k + odd < K)", "if (k + odd < K && k > 0)",
		sim.UninitializedGlobal, "parts.cuh", "Vector::in(part +"},

	{"a weight for each example", "zero+tally+conv2d_wgrad+bias_wgrad+finite_check+adam", "adam_parts.cu",
		"    if (TALLIES && blockIdx.x == gridDim.x - 1) {", "    if (TALLIES && blockIdx.x >= gridDim.x - 2) {",
		sim.BlockRace, "tally.cuh", "totals[0] = sum"},
	{"no wait for what others sum", "zero+conv2d_wgrad+bias_wgrad+finite_check+adam", "parts.cuh",
		"__syncthreads();", "",
		sim.SharedRace, "parts.cuh", "sum.at[w] += shares["},

	{"a workspace that nobody wrote", "bias_wgrad", "bias_wgrad.cu",
		"store(parts + size_t(blockIdx.x / COLUMN_BLOCKS) * C + k, sum);", ";",
		sim.UninitializedGlobal, "bias_wgrad.cu", "Vector<1>{parts[at]}"},
	{"no wait for the rate", "adam", "adam.cu",
		"__syncthreads();", "",
		sim.WarpRace, "adam.cu", "weights[i] -= alpha"},
}

// A race, an access out of bounds or a missing wait in a kernel is found by the suite, and the error names the kind, the file and
// the line, in whatever order the warps run.
func TestGPUFindsPlantedBugs(t *testing.T) {
	simulatedOnly(t)
	for precision, bugs := range map[kernels.Precision][]planted{kernels.FP32: plantedInFP32, kernels.DefaultPrecision: plantedBugs} {
		for _, b := range bugs {
			t.Run(b.op+": "+b.name, func(t *testing.T) {
				sources := b.plant(t)
				for _, order := range []string{"forward", "reverse", "random:3"} {
					t.Setenv(SimOrderEnv, order)
					err := b.firstError(t, precision)
					require.Error(t, err, "nobody noticed")
					assert.ErrorContains(t, err, string(b.kind))
					assert.ErrorContains(t, err, fmt.Sprintf("%s:%d", b.accusedIn, lineOf(t, sources[b.accusedIn], b.accused)))
					assert.Zero(t, driverapi.Holds())
				}
			})
		}
	}
}

// plant replaces the sources until the test ends, and returns them.
func (b planted) plant(t *testing.T) map[string]string {
	t.Helper()
	texts, planted := map[string]string{}, fstest.MapFS{}
	files, err := fs.Glob(cuda.Sources, "*.cu*")
	require.NoError(t, err)
	for _, file := range files {
		text, err := fs.ReadFile(cuda.Sources, file)
		require.NoError(t, err)
		if file == b.file {
			require.Equal(t, 1, strings.Count(string(text), b.old), "the kernel has changed: plant the bug elsewhere")
			text = []byte(strings.Replace(string(text), b.old, b.new, 1))
		}
		texts[file], planted[file] = string(text), &fstest.MapFile{Data: text}
	}
	cudaSources = planted
	t.Cleanup(func() { cudaSources = cuda.Sources })
	return texts
}

// firstError runs the suite's cases of the op up to the first that fails.
func (b planted) firstError(t *testing.T, precision kernels.Precision) error {
	t.Helper()
	d := openForTest(t, Options{NoCache: true})
	defer func() { assert.NoError(t, d.Close()) }()
	for _, c := range kerneltest.Short() {
		if c.Group() != b.op {
			continue
		}
		if _, err := c.Check(OpRunner{d, CompileOptions{Precision: precision}}); err != nil {
			return err
		}
	}
	return nil
}

// lineOf is the number of the line that holds a text.
func lineOf(t *testing.T, text, part string) int {
	t.Helper()
	before, _, found := strings.Cut(text, part)
	require.True(t, found, part)
	return strings.Count(before, "\n") + 1
}
