package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver"
)

// gpuTable is the JSON that the script of `make gpu` writes.
type gpuTable struct {
	GPU   string `json:"gpu"`
	OK    bool   `json:"ok"`
	Steps []struct {
		Step   string          `json:"step"`
		Result string          `json:"result"`
		Detail string          `json:"detail"`
		Values json.RawMessage `json:"values"`
	} `json:"steps"`
}

func readGPUTable(t *testing.T, path string) (table gpuTable) {
	t.Helper()
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &table), string(text))
	return table
}

// gpuPack is a folder like that of `make gpu`: its program repeats what this one printed, its test programs are the caller's.
type gpuPack struct{ dir string }

func (p gpuPack) write(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join(p.dir, name)
	require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o777))
	require.NoError(t, os.WriteFile(path, []byte(text), 0o777))
}

func newGPUPack(t *testing.T, tests map[string]string) gpuPack {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the script is for Linux, where CUDA is")
	}
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip(err)
	}
	p := gpuPack{t.TempDir()}
	script, err := os.ReadFile("../../.ci/gpu")
	require.NoError(t, err)
	p.write(t, "run", string(script))
	// SLOW names the commands that hang. A GPU's benchmark has what a graph takes besides.
	p.write(t, "cnn-gpu", `#!/bin/sh
case " $SLOW " in *" $1 "*) exec sleep 900 ;; esac
case $1 in
--version) echo 'a "quoted" version' ;;
bench) sed -E 's/("min_seconds":[^,]*,)/\1"graph_seconds":0.00002,/' "`+p.dir+`/bench.out" ;;
*) cat "`+p.dir+`/$1.out" ;;
esac
`)
	w := newTiny(t)
	epochs := w.train(t, "--epochs", "5", "--json").stdout
	p.write(t, "train.out", epochs)
	p.write(t, "check.out", succeed(t, "check", "--model", w.model, "--device", "cpu", "--steps", "1", "--quick", "--json").stdout)
	p.write(t, "bench.out", succeed(t, "bench", "--model", w.model, "--device", "cpu", "--batch", "4", "--steps", "1", "--json").stdout)
	p.write(t, "micro.out", `{"device":"cuda","measurements":[{"group":"graph","name":"node_1","value":1.25,"unit":"us","what":"a node"},`+
		`{"group":"graph","name":"node_8","value":1.5,"unit":"us","what":"another"}],"comparison":[{"what":"node_1","ratio":1}]}`+"\n")
	p.write(t, "resnet-18-convolutions.yaml", "")
	var devices bytes.Buffer
	found := gpuFindings(&driver.Report{GPUs: []driver.GPU{{Name: "Test GPU", Major: 9}}, NVRTC: "/there/libnvrtc.so", Version: "12.3"}, []trial{{Works: true}})
	require.NoError(t, json.NewEncoder(&devices).Encode(found))
	p.write(t, "devices.out", devices.String())
	p.write(t, "bin/compute-sanitizer", `#!/bin/sh
echo '========= ERROR SUMMARY: 0 errors'
while case $1 in */*) false ;; esac; do shift; done
exec "$@"
`)
	for name, text := range tests {
		p.write(t, "tests/"+name+".test", "#!/bin/sh\n"+text+"\n")
	}
	return p
}

// run runs the script, with the pack's bin first on the PATH.
func (p gpuPack) run(t *testing.T, environment []string, args ...string) (table gpuTable, output string, code int) {
	t.Helper()
	out := filepath.Join(t.TempDir(), "table.json")
	cmd := exec.Command(filepath.Join(p.dir, "run"), append(args, "--out", out)...)
	cmd.Env = append(os.Environ(), append(environment, "CNN_GPU_NVRTC=", "PATH="+filepath.Join(p.dir, "bin")+":"+os.Getenv("PATH"))...)
	text, err := cmd.CombinedOutput()
	if err != nil {
		require.IsType(t, &exec.ExitError{}, err)
	}
	written, err := os.ReadFile(strings.TrimSuffix(out, ".json") + ".txt")
	require.NoError(t, err, string(text))
	table = readGPUTable(t, out)
	for _, s := range table.Steps {
		assert.Contains(t, string(written), s.Detail)
		assert.Contains(t, string(text), s.Detail)
	}
	return table, string(text), cmd.ProcessState.ExitCode()
}

func (g gpuTable) results() (list []string) {
	for _, s := range g.Steps {
		list = append(list, s.Step+" "+s.Result)
	}
	return list
}

func (g gpuTable) detail(t *testing.T, step string) string {
	t.Helper()
	for _, s := range g.Steps {
		if s.Step == step {
			return s.Detail
		}
	}
	t.Fatalf("there is no step %s in %v", step, g.results())
	return ""
}

var passing = map[string]string{
	"device": "echo '--- PASS: TestGPUOps (0.01s)'",
	"driver": `echo '    gpu_test.go:9: the driver answers otherwise than the simulated one: 1, not [2]'; echo '--- PASS: TestGPUMemory (0.01s)'`,
	"train":  "echo '--- PASS: TestGPULearns (0.01s)'",
}

// What python3 is to the script: one that has torch, and runs the script that times it.
const fakePython = `#!/bin/sh
case $1 in
-c) exit 0 ;;
*) cat >"$OUT/torch_baseline.json" <<'END'
{
 "rows": [
  {
   "mode": "eager",
   "batch": 32,
   "us": 900.0,
   "wall": 1000.0,
   "img_s": 1
  },
  {
   "mode": "graph",
   "batch": 32,
   "us": 120.0,
   "wall": 100.0
  },
  {
   "mode": "graph",
   "batch": 128,
   "us": 5.0,
   "wall": 5.0
  }
 ],
 "conv": [
  {
   "layer": "r18 64x32",
   "N": 512,
   "prec": "tf32",
   "nhwc": true,
   "op": "fwd",
   "us": 50.0,
   "tflops": 1.0
  },
  {
   "layer": "r18 64x32",
   "N": 512,
   "prec": "tf32",
   "nhwc": false,
   "op": "fwd",
   "us": 80.0,
   "tflops": 1.0
  },
  {
   "layer": "r18 64x32",
   "N": 512,
   "prec": "fp32",
   "nhwc": true,
   "op": "fwd",
   "us": 1.0,
   "tflops": 1.0
  },
  {
   "layer": "r18 64x32",
   "N": 512,
   "prec": "tf32",
   "nhwc": true,
   "op": "wgrad",
   "us": 200.0,
   "tflops": 1.0
  }
 ]
}
END
;;
esac
`

// The script reads what this program prints.
func TestGPUScript(t *testing.T) {
	p := newGPUPack(t, passing)
	p.write(t, "bin/python3", fakePython)
	p.write(t, "baseline.py", "")
	p.write(t, "bench.out", `{"model":"m","benchmarks":[{"batch":32,"steps":5,"median_seconds":0.00003,"min_seconds":0.00002,"images_per_second":1,"profile":{"batch":32,"ops":[`+
		`{"layer":"r18_64x32","op":"conv2d_fprop","seconds":0.0001,"share":1},{"layer":"r18_64x32","op":"conv2d_wgrad","seconds":0.0001,"share":1}]}}],`+
		`"comparison":[{"batch":32,"from":"x","rows":[{"what":"conv2d fprop","prediction":40,"measured":20,"ratio":0.5},{"what":"step","prediction":15,"measured":30,"ratio":2}]}]}`+"\n")
	table, text, code := p.run(t, nil)
	require.Equal(t, 0, code, text)
	assert.True(t, table.OK)
	assert.Regexp(t, "^Test GPU, compute capability 9.0", table.GPU)
	assert.Equal(t, []string{"probe pass", "clock pass", "suite-device pass", "suite-driver pass", "suite-sticky pass", "check pass",
		"micro-graph pass", "micro-host pass", "micro-memory pass", "micro-tensor pass", "kernels-32 pass", "kernels-512 pass", "convolutions pass",
		"steps-32 pass", "steps-128 pass", "steps-512 pass", "steps-4096 pass", "predict-1 pass", "mnist pass", "memcheck pass", "baseline pass", "goals info"},
		table.results())
	for step, want := range map[string]string{
		"probe":        `^/there/libnvrtc\.so, version 12\.3; \d+ CPU threads, Linux`,
		"suite-driver": `^1 tests passed, 0 skipped; 1 answers of the driver are not the simulated one's`,
		"check":        `^[1-9]\d* cases, 0 failed; worst error (0\.\d+|1\.000) of its bound$`,
		"micro-graph":  `^node_1 1\.25 us, node_8 1\.5 us$`,
		"kernels-32":   `^batch 32: 30\.0 us by the wall clock, 20\.0 us by graph; step 30\.0 us, predicted 15\.0, ratio 2\.00; conv2d fprop 20\.0 us, predicted 40\.0, ratio 0\.50$`,
		"mnist":        `^on digits: first loss 0\.00000 from the CPU \(bound 0\.\d+\); test accuracy \d+\.\d\d% after 5 epochs, in \d+\.\d\d s$`,
		"memcheck":     `^========= ERROR SUMMARY: 0 errors$|^ERROR SUMMARY: 0 errors$`,
		"baseline":     `^3 modes of PyTorch and JAX were timed`,
	} {
		assert.Regexp(t, want, table.detail(t, step))
	}
	goals := table.detail(t, "goals")
	assert.Contains(t, goals, "a step at batch 32: 30 us, wanted 26.7, not reached")
	assert.Regexp(t, `the whole training: 0\.\d+ s, wanted 1, reached`, goals)
	assert.Contains(t, goals, "prediction of one image: 30 us, wanted 50, reached")
	assert.Contains(t, goals, "best of PyTorch and JAX at batch 32: 4 times, wanted 4, reached", "120 us, the least of the larger one of both clocks")
	assert.Contains(t, goals, "best of PyTorch and JAX at batch 128: 0.1667 times, wanted 2, not reached")
	assert.Contains(t, goals, "best of PyTorch and JAX at batch 512: not measured")
	assert.Contains(t, goals, "convolutions over the best of cuDNN: 1 times, wanted 1, reached", "half as fast and twice as fast")
	last := table.Steps[len(table.Steps)-1]
	assert.Contains(t, string(last.Values), `{"goal":"a step at batch 32","measured":30,"wanted":26.7,"unit":"us","times_off":1.124}`)
}

// It goes on after a step that fails, or that takes too long.
func TestGPUScriptGoesOn(t *testing.T) {
	p := newGPUPack(t, map[string]string{
		"device": passing["device"],
		"driver": "echo 'gpu_test.go:7: a\t\"quoted\" \\\\ message'; exit 1",
		"train":  "echo 'testing: warning: no tests to run'",
	})
	table, text, code := p.run(t, []string{"SLOW=check"}, "--limit", "1", "suite", "check", "clock", "memcheck", "goals")
	assert.Equal(t, 1, code, text)
	assert.False(t, table.OK)
	assert.Equal(t, []string{"suite-device pass", "suite-driver FAIL", "suite-sticky FAIL", "check TIME OUT", "clock pass", "memcheck TIME OUT", "goals info"}, table.results())
	assert.Equal(t, `0 tests passed, 0 skipped; gpu_test.go:7: a "quoted" \ message`, table.detail(t, "suite-driver"))

	table, text, code = p.run(t, nil, "--full", "suite", "memcheck", "racecheck")
	assert.Equal(t, 1, code, text)
	assert.Equal(t, []string{"suite-device pass", "suite-driver FAIL", "suite-train FAIL", "suite-sticky FAIL",
		"memcheck-device pass", "memcheck-driver FAIL", "memcheck-train FAIL", "racecheck-device pass", "racecheck-driver FAIL", "racecheck-train FAIL"}, table.results())
	assert.Equal(t, "1 tests passed, 0 skipped; ERROR SUMMARY: 0 errors", table.detail(t, "memcheck-device"))
}

// Where everything hangs, everything is reported, and the table is whole.
func TestGPUScriptWhereEverythingHangs(t *testing.T) {
	hanging := map[string]string{"device": "exec sleep 900", "driver": "exec sleep 900", "train": "exec sleep 900"}
	p := newGPUPack(t, hanging)
	begun := time.Now()
	table, text, code := p.run(t, []string{"SLOW=check bench micro train"}, "--limit", "1")
	assert.Equal(t, 1, code, text)
	assert.Less(t, time.Since(begun), wait, "a hanging step takes a quarter of an hour")
	assert.Equal(t, []string{"probe pass", "clock TIME OUT", "suite-device TIME OUT", "suite-driver TIME OUT", "suite-sticky TIME OUT", "check TIME OUT",
		"micro-graph TIME OUT", "micro-host TIME OUT", "micro-memory TIME OUT", "micro-tensor TIME OUT", "kernels-32 TIME OUT", "kernels-512 TIME OUT",
		"convolutions TIME OUT", "steps-32 TIME OUT", "steps-128 TIME OUT", "steps-512 TIME OUT", "steps-4096 TIME OUT", "predict-1 TIME OUT",
		"mnist TIME OUT", "memcheck TIME OUT", "baseline skipped", "goals info"}, table.results())
}

// A quick run is over after eight minutes, whatever is left to do.
func TestGPUScriptEndsInTime(t *testing.T) {
	p := newGPUPack(t, passing)
	table, text, code := p.run(t, []string{"SECONDS=475"}, "suite", "check", "mnist", "goals") // from where bash counts
	assert.Equal(t, 0, code, text)
	assert.Equal(t, []string{"suite-device skipped", "suite-driver skipped", "suite-sticky skipped", "check skipped", "mnist-gpu skipped", "goals info"}, table.results())
	assert.Contains(t, table.detail(t, "check"), "the eight minutes are over: ./run check takes them alone")
}

// The programs lie in an archive, and with them machine code, which serves this machine's own compiler whatever made it.
func TestGPUScriptUnpacks(t *testing.T) {
	p := newGPUPack(t, passing)
	p.write(t, "kernels/abc-nvrtc9.9.code", "")
	p.write(t, "tests/device.test", "#!/bin/sh\nls \"$CNN_GPU_KERNELS\"; echo nvrtc=$CNN_GPU_NVRTC; "+passing["device"]+"\n")
	if out, err := exec.Command("tar", "-C", p.dir, "-cJf", filepath.Join(p.dir, "programs.tar.xz"), "cnn-gpu", "tests", "kernels").CombinedOutput(); err != nil {
		t.Skipf("%v: %s", err, out)
	}
	for _, name := range []string{"cnn-gpu", "tests", "kernels"} {
		require.NoError(t, os.RemoveAll(filepath.Join(p.dir, name)))
	}
	logs := t.TempDir()
	table, text, code := p.run(t, nil, "--logs", logs, "suite")
	require.Equal(t, 0, code, text)
	require.Equal(t, "suite-device pass", table.results()[0])
	said, err := os.ReadFile(filepath.Join(logs, "suite-device.out"))
	require.NoError(t, err)
	assert.Contains(t, string(said), "abc-nvrtc12.3.code\n")
	assert.Contains(t, string(said), "nvrtc=\n", "a path that is not there is not named")
}

func TestGPUScriptIsInterrupted(t *testing.T) {
	p := newGPUPack(t, map[string]string{"device": passing["device"], "driver": "exec sleep 900"})
	out := filepath.Join(p.dir, "table.json")
	cmd := exec.Command(filepath.Join(p.dir, "run"), "--device", "sim", "--out", out, "suite")
	cmd.Env = append(os.Environ(), "CNN_GPU_NVRTC=")
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		_, err := os.Stat(out)
		return err == nil
	}, wait, 10*time.Millisecond, "the table of the first step")
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.Error(t, cmd.Wait())
	assert.Equal(t, 130, cmd.ProcessState.ExitCode())
	table := readGPUTable(t, out)
	assert.False(t, table.OK)
	assert.Equal(t, []string{"suite-device pass"}, table.results())
}

func TestGPUScriptRefuses(t *testing.T) {
	p := newGPUPack(t, nil)
	environment := map[string]string{"probe": "/nowhere"}
	for args, want := range map[string]string{
		"--what":              "there is no option --what",
		"nothing":             "there is no step nothing",
		"--limit":             "--limit needs a value",
		"--limit 1.5":         "give a number of seconds",
		"--device cpu":        "give cuda or sim",
		"--data-dir /nowhere": "there is no folder /nowhere",
		"probe":               "CNN_GPU_NVRTC is /nowhere, where there is nothing",
	} {
		cmd := exec.Command(filepath.Join(p.dir, "run"), strings.Fields(args)...)
		cmd.Dir = p.dir
		cmd.Env = append(os.Environ(), "CNN_GPU_NVRTC="+environment[args])
		text, err := cmd.CombinedOutput()
		assert.Error(t, err, args)
		assert.Equal(t, 2, cmd.ProcessState.ExitCode(), args)
		assert.Contains(t, string(text), want)
	}
}
