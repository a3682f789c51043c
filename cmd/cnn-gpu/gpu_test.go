//go:build cuda && cgo

package main

import (
	"debug/elf"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver/nvrtc"
	"cnn-gpu/kernels"
)

// The program needs libc and nothing of NVIDIA's to start, and what its tests link is what it links.
func TestOnlyLibcIsNeeded(t *testing.T) {
	f, err := elf.Open(os.Args[0])
	require.NoError(t, err)
	defer f.Close()
	libraries, err := f.ImportedLibraries()
	require.NoError(t, err)
	require.NotEmpty(t, libraries, "cgo links dynamically")
	for _, l := range libraries {
		assert.Regexp(t, `^(libc|libpthread|libdl|ld-linux\S*)\.so`, l, "of glibc; one file since 2.34")
	}
}

// newSimulated is a tiny model for the simulated GPU to train.
func newSimulated(t *testing.T) tiny {
	t.Helper()
	if _, err := nvrtc.Open(); err != nil {
		if strings.Contains(os.Getenv("CNN_GPU_REQUIRE"), "nvrtc") {
			require.NoError(t, err)
		}
		t.Skip(err)
	}
	return newTiny(t)
}

// kernelsFolder is an empty folder for compiled kernels.
func kernelsFolder(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("CNN_GPU_KERNELS", dir)
	return dir
}

func countFiles(t *testing.T, dir string) int {
	t.Helper()
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	return len(entries)
}

func runSimulated(t *testing.T, environment []string, args ...string) result {
	t.Helper()
	return runProcess(t, environment, append(args, "--device", "sim")...)
}

// A folder that compile filled is enough to train, test and predict with where there is no NVRTC.
func TestCompileAheadOfTime(t *testing.T) {
	w := newSimulated(t)
	folder := kernelsFolder(t)
	r := succeed(t, "compile", "--model", w.model, "--batch", "4", "--arch", " compute_90", "--out", folder)
	made := countFiles(t, folder)
	assert.Equal(t, fmt.Sprintf("compute_90: %d kernels of tiny for batches of 4, in tf32, are in %s\n", made, folder), r.stdout)
	assert.Contains(t, r.stderr, "CNN_GPU_KERNELS="+folder+" cnn-gpu train --model "+w.model+" --batch 4 --optimizer adam --seed 1\n")
	var line compiled
	out := succeed(t, "compile", "--model", w.model, "--batch", "4", "--arch", "compute_90", "--out", folder, "--json").stdout
	require.NoError(t, json.Unmarshal([]byte(out), &line))
	assert.Equal(t, compiled{"compute_90", "tiny", 4, kernels.TF32, made, folder}, line)
	assertSnakeCase(t, out)

	none := []string{"CNN_GPU_NVRTC=" + t.TempDir()}
	r = runSimulated(t, none, w.trainArgs()...)
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Contains(t, r.stderr, "Device: GPU, NVIDIA H200 (simulated)")
	assert.Contains(t, r.stdout, "Test accuracy 100.00%")
	r = runSimulated(t, none, "eval", w.out, "--batch", "4")
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Contains(t, r.stdout, "accuracy 100.00%")
	r = runSimulated(t, none, "predict", w.out, w.picture(t, "bar.png", true))
	require.Equal(t, exitOK, r.code, r.stderr)

	r = runSimulated(t, none, "eval", w.out, "--batch", "5")
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "direct_conv2d_gathered_fprop.cu is not compiled for compute_90 and these shapes")
	assert.Equal(t, made, countFiles(t, folder))

	// Of a device whose kernels cannot be made check says nothing, and that once.
	r = runSimulated(t, none, "check", "--quick")
	assert.Equal(t, exitFailure, r.code)
	assert.Empty(t, r.stdout)
	assert.Regexp(t, `cnn-gpu: nothing is known of the device: \w+\.cu, a kernel of this check, .* and there is no compiler \(nvrtc: .*cnn-gpu compile --checks --arch compute_90 --out DIR`, r.stderr)
	assert.NotContains(t, r.stderr, "the device is not right")

	for arch, want := range map[string]string{"sm_1": `architecture "sm_1"; NVRTC `, "hopper": "for sm_", "sm_90,sm_": `architecture "sm_"`} {
		r = runCommand("compile", "--model", w.model, "--arch", arch, "--out", folder)
		assert.Equal(t, exitFailure, r.code, arch)
		assert.Contains(t, r.stderr, want)
	}
	r = runCommand("compile", "--model", w.model, "--arch", "sm_90", "--out", filepath.Join(w.model, "kernels"))
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, w.model)
}

// What changes the ops of a training is named to compile, too, and stands in the line that it prints.
func TestCompileForATraining(t *testing.T) {
	w := newSimulated(t)
	folder := kernelsFolder(t)
	training := []string{"--label-smoothing", "0.1", "--ema", "0.9", "--ema-overwrite", "3", "--loss", "focal", "--precision", "bf16"}
	r := succeed(t, append([]string{"compile", "--model", w.model, "--batch", "4", "--arch", "compute_90", "--out", folder}, training...)...)
	assert.Contains(t, r.stderr, " --batch 4 --optimizer adam --seed 1 --loss focal --label-smoothing 0.1 --ema 0.9 --ema-overwrite 3 --precision bf16\n")
	r = runSimulated(t, []string{"CNN_GPU_NVRTC=" + t.TempDir()}, append(w.trainArgs(), training...)...)
	assert.Equal(t, exitOK, r.code, r.stderr)
	r = runCommand("compile", "--model", w.model, "--out", folder, "--ema", "2")
	assert.Equal(t, exitUsage, r.code)
	assert.Contains(t, r.stderr, "--ema: EMA momentum 2; give a number above 0 and below 1")
}

// The simulated GPU learns what the CPU learns.
func TestTrainOnTheSimulatedGPU(t *testing.T) {
	w := newSimulated(t)
	losses := func(device string) (list []float64) {
		r := runProcess(t, nil, append(w.trainArgs(), "--json", "--device", device, "--precision", "fp32", "--out", w.out+device)...)
		require.Equal(t, exitOK, r.code, r.stderr)
		for line := range strings.Lines(r.stdout) {
			var epoch struct {
				Loss   float64 `json:"loss"`
				Device string  `json:"device"`
			}
			require.NoError(t, json.Unmarshal([]byte(line), &epoch))
			assert.Equal(t, device, epoch.Device)
			list = append(list, epoch.Loss)
		}
		return list
	}
	assert.InDeltaSlice(t, losses("cpu"), losses("sim"), 1e-5)
}

// Without --no-cache kernels are kept, and devices counts them.
func TestCompiledKernelsAreKept(t *testing.T) {
	w := newSimulated(t)
	w.train(t)
	folder := kernelsFolder(t)
	r := runSimulated(t, nil, "eval", w.out, "--no-cache")
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Zero(t, countFiles(t, folder))
	again := runSimulated(t, nil, "eval", w.out)
	require.Equal(t, exitOK, again.code, again.stderr)
	assert.Equal(t, r.stdout, again.stdout)
	made := countFiles(t, folder)
	require.NotZero(t, made)

	var found []finding
	require.NoError(t, json.Unmarshal([]byte(succeed(t, "devices", "--json").stdout), &found))
	last := found[len(found)-1]
	assert.Equal(t, "Compiled kernels", last.What)
	assert.Regexp(t, fmt.Sprintf(`^%s, %d files, [\d.]+ [KM]iB$`, folder, made), last.Detail)
}

func TestSyncNamesTheOp(t *testing.T) {
	w := newSimulated(t)
	fault := []string{"CNN_GPU_SIM_FAULT=launch@30"}
	r := runSimulated(t, fault, append(w.trainArgs(), "--sync")...)
	assert.Equal(t, exitFailure, r.code)
	assert.NoDirExists(t, w.out, "nothing was saved yet")
	assert.Regexp(t, `: \w+_\w+ to "[^"]+" \[[\d ]+\]: .*CUDA_ERROR_LAUNCH_FAILED \(719\)`, r.stderr)
	w.out += "-2"
	r = runSimulated(t, fault, w.trainArgs()...)
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "CUDA_ERROR_LAUNCH_FAILED (719)")
	assert.Contains(t, r.stderr, "an op that was queued before failed, --sync tells which")
	assert.Contains(t, r.stderr, "nothing was saved yet")
}

// A card that fails in the midst of a training costs what came after the last checkpoint, and the error says how it goes on.
func TestTrainingGoesOnAfterAFault(t *testing.T) {
	w := newSimulated(t)
	r := runSimulated(t, nil, append(w.trainArgs(), "--epochs", "1")...)
	require.Equal(t, exitOK, r.code, r.stderr)
	r = runProcess(t, []string{"CNN_GPU_SIM_FAULT=launch=714@100"}, "train", "--resume", w.out, "--epochs", "3")
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "CUDA_ERROR_HARDWARE_STACK_ERROR (714)")
	assert.Contains(t, r.stderr, "\nwhat was saved before is whole: cnn-gpu train --resume "+w.out+" goes on from there\n")
	r = runProcess(t, nil, "train", "--resume", w.out, "--epochs", "3")
	assert.Equal(t, exitOK, r.code, r.stderr)
}

func TestCheckTheSimulatedGPU(t *testing.T) {
	w := newSimulated(t)
	r := runSimulated(t, nil, "check", "--quick", "--model", w.model, "--steps", "3", "--json")
	require.Equal(t, exitOK, r.code, r.stderr)
	var found checkResult
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &found))
	assert.True(t, found.OK)
	assert.Equal(t, "sim", found.Device)
	assert.Greater(t, len(found.Ops), 20)
	for _, op := range found.Ops {
		assert.Zero(t, op.Failed, op.Op)
		assert.Positive(t, op.Cases, op.Op)
		assert.LessOrEqual(t, op.Worst, 1.0, op.Op)
	}
	require.Len(t, found.Steps, 3)
	for _, s := range found.Steps {
		require.Len(t, s.Losses, 2)
		assert.True(t, s.Holds(), "%+v", s)
	}

	r = runSimulated(t, []string{"CNN_GPU_SIM_FAULT=launch@3"}, "check", "--quick", "--model", w.model)
	assert.Equal(t, exitFailure, r.code)
	assert.Regexp(t, `(?m)^FAILED conv2d_fprop/.*CUDA_ERROR_LAUNCH_FAILED`, r.stdout)
	assert.Contains(t, r.stderr, "the device is not right")
}

// Estimates of the simulated GPU say that they are none of a clock's.
func TestProfileOfTheSimulatedGPU(t *testing.T) {
	w := newSimulated(t)
	r := runSimulated(t, nil, append(w.trainArgs(), "--epochs", "1", "--profile")...)
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Contains(t, r.stderr, "Where the time of a step of training with 4 images goes (estimates of the simulated GPU")
	r = runSimulated(t, nil, "eval", w.out, "--profile", "--json", "--batch", "4")
	require.Equal(t, exitOK, r.code, r.stderr)
	p := profileOf(t, r)
	assert.True(t, p.Estimated)
	for _, op := range p.Profile {
		require.NotNil(t, op.OpLimit, op.Op)
		assert.NotEmpty(t, op.Limit, op.Op)
		assert.Positive(t, op.L2Bytes, op.Op)
		assert.True(t, op.L2HitRate >= 0 && op.L2HitRate <= 1, op.Op)
		sum := 0.0
		for _, share := range op.Waits {
			sum += share
		}
		assert.InDelta(t, 1, sum, 1e-9, op.Op)
		require.NotEmpty(t, op.Lines, op.Op)
		assert.Regexp(t, `\.cuh?$`, op.Lines[0].File, op.Op)
	}
	r = runSimulated(t, nil, "eval", w.out, "--profile", "--batch", "4")
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Regexp(t, `Op .*µs .*L2 hits.*Limit.*A warp waits for.*Mostly at`, r.stderr)
}

// What a simulated GPU wrote is a prediction: of its ops for bench, of its figures for micro.
func TestPrediction(t *testing.T) {
	w := newSimulated(t)
	dir := t.TempDir()
	keep := func(name string, args ...string) string {
		r := runSimulated(t, nil, append(args, "--json")...)
		require.Equal(t, exitOK, r.code, r.stderr)
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(r.stdout), 0o666))
		return path
	}
	bench := []string{"bench", "--model", w.model, "--batch", "4,8"}
	predicted := keep("bench.json", bench...)
	r := runSimulated(t, nil, append(bench, "--prediction", predicted, "--json")...)
	require.Equal(t, exitOK, r.code, r.stderr)
	var got benchResult
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &got))
	require.Len(t, got.Comparison, 2)
	for i, c := range got.Comparison {
		b := got.Benchmarks[i]
		assert.Equal(t, b.Batch, c.Batch)
		assert.Contains(t, c.From, "(simulated)")
		require.Len(t, c.Rows, 1+len(b.Profile.Ops))
		assert.Equal(t, "step", c.Rows[0].What)
		assert.InEpsilon(t, 1e6*b.Graph, c.Rows[0].Measured, 1e-9)
		var compared []string
		for _, row := range c.Rows {
			compared = append(compared, row.What)
		}
		assert.Subset(t, compared, []string{"conv2d direct_conv2d_gathered_fprop", "adam_parts"})
		for _, row := range c.Rows {
			assert.InEpsilon(t, 1, row.Ratio, 0.01, row.What)
		}
	}
	// A CPU is held against it where both have an op, and with --ops=false the step alone.
	cpu := []string{"bench", "--model", w.model, "--batch", "8,2", "--steps", "1", "--device", "cpu", "--prediction", predicted}
	r = succeed(t, append(cpu, "--ops=false")...)
	assert.Contains(t, r.stdout, "A step with batch 8, in microseconds, against the prediction of GPU, NVIDIA H200 (simulated)")
	assert.NotContains(t, r.stdout, "batch 2, in microseconds")
	assert.NotContains(t, r.stdout, "The ops of a step")
	r = runSimulated(t, nil, append(bench, "--ops=false", "--json")...)
	require.Equal(t, exitOK, r.code, r.stderr)
	var alone benchResult
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &alone))
	assert.Nil(t, alone.Benchmarks[0].Profile)
	assert.InEpsilon(t, got.Benchmarks[0].Median, alone.Benchmarks[0].Median, 0.01)

	r = runSimulated(t, []string{"COLUMNS=80"}, "micro", "graph", "host", "--prediction", keep("micro.json", "micro"))
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Regexp(t, `(?m)^node_8 +│ +([\d.]+) │ +([\d.]+) │ +1\.00$`, r.stdout)
	assert.NotRegexp(t, `(?m)^hand_over +│ +[\d.]+ │ +[\d.]+ │ +[\d.]+$`, r.stdout, "the host's are no estimates")
	for _, line := range tableLines(r.stdout) {
		assert.LessOrEqual(t, len([]rune(line)), 80, line)
	}
}

// Each card is described and tried; one that cannot be used says why, and the others work.
func TestDevicesTryEachCard(t *testing.T) {
	newSimulated(t)
	machine := testMachineEnv + "=cards that fail"
	r := runProcess(t, []string{machine}, "devices", "--json")
	require.Equal(t, exitOK, r.code, r.stderr)
	assertSnakeCase(t, r.stdout)
	var found []finding
	require.NoError(t, json.Unmarshal([]byte(r.stdout), &found))
	by := map[string]finding{}
	for _, f := range found {
		assert.Equal(t, f.Found, f.Mend == "", f.What)
		by[f.What] = f
	}
	assert.Equal(t, "NVIDIA A100-SXM4-80GB (simulated), compute capability 8.0, 74.51 GiB, 108 multiprocessors, 1410 MHz, GPU-73696d75-6c61-7465-6420-475055203030", by["GPU cuda:0"].Detail)
	assert.Equal(t, "does not work: no process may use the GPU (compute mode Prohibited)", by["Step on cuda:0"].Detail)
	assert.Contains(t, by["Step on cuda:0"].Mend, "sudo nvidia-smi -c DEFAULT")
	assert.NotContains(t, by["GPU cuda:1"].Detail, "MHz", "the driver tells none")
	works := by["Step on cuda:1"]
	require.True(t, works.Found, works.Detail)
	assert.Equal(t, []string{"fp32", "tf32", "bf16"}, works.Trial.Precisions)
	assert.Regexp(t, `^PTX for compute_90 by NVRTC [\d.]+$`, works.Trial.Kernels)
	assert.Positive(t, works.Trial.Free)
	assert.LessOrEqual(t, works.Trial.Free, works.Trial.Total)
	assert.Regexp(t, `^works: a step of training, and the start, took [\d.]+ s; 131\.\d+ GiB of 131\.\d+ GiB are free; fp32, tf32, bf16; PTX`, works.Detail)
	assert.False(t, by["GPU cuda:2"].Found)
	assert.Contains(t, by["GPU cuda:2"].Detail, "CUDA_ERROR_DEVICE_UNAVAILABLE")

	r = runProcess(t, []string{machine}, "devices")
	assert.Regexp(t, `(?m)^Step on cuda:0 +does not work: no process may use the GPU.*\n +.sudo nvidia-smi -c DEFAULT`, r.stdout)
	assert.Regexp(t, `(?m)^GPU cuda:2 +missing: the driver does not describe it: driver: cuDeviceGetName`, r.stdout)

	r = runProcess(t, []string{testMachineEnv + "=a card that is lost"}, "devices")
	require.Equal(t, exitOK, r.code, r.stderr)
	assert.Regexp(t, `(?m)^Step on cuda:0 +does not work: .*CUDA_ERROR_DEVICE_UNAVAILABLE`, r.stdout)
	assert.Contains(t, r.stdout, "the card is gone")

	// Where there are kernels of somebody's model alone, nothing is held against the card.
	w := newTiny(t)
	kernels := kernelsFolder(t)
	succeed(t, "compile", "--model", w.model, "--batch", "4", "--arch", "compute_90", "--out", kernels)
	r = runProcess(t, []string{machine, "CNN_GPU_NVRTC=" + t.TempDir()}, "devices")
	assert.Regexp(t, `(?m)^Step on cuda:1 +not tried, since there is no NVRTC`, r.stdout)
}
