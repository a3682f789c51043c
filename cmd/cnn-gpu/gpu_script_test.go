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

// newGPUPack packs the script of `make gpu` with a program that repeats what this one printed, and with test programs of the caller's.
func newGPUPack(t *testing.T, tests map[string]string) string {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the script is for Linux, where CUDA is")
	}
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	script, err := os.ReadFile("../../.ci/gpu")
	require.NoError(t, err)
	write := func(name, text string) {
		require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(text), 0o777))
	}
	write("run", string(script))
	write("cnn-gpu", `#!/bin/sh
case $1 in --version) echo 'a "quoted" version' ;; *) cat "$(dirname "$0")/$1.out" ;; esac
`)
	w := newTiny(t)
	write("train.out", w.train(t, "--epochs", "2", "--json").stdout)
	write("check.out", succeed(t, "check", "--model", w.model, "--device", "cpu", "--steps", "1", "--quick", "--json").stdout)
	var devices bytes.Buffer
	found := gpuFindings(&driver.Report{GPUs: []driver.GPU{{Name: "Test GPU", Major: 9}}})
	require.NoError(t, json.NewEncoder(&devices).Encode(found))
	write("devices.out", devices.String())
	write("sanitizer/compute-sanitizer", `#!/bin/sh
echo '========= ERROR SUMMARY: 0 errors'
while [ "${1#./}" = "$1" ]; do shift; done
exec "$@"
`)
	for name, text := range tests {
		write("tests/"+name+".test", "#!/bin/sh\n"+text+"\n")
	}
	return dir
}

// The script reads what this program prints, and goes on after a step that fails.
func TestGPUScript(t *testing.T) {
	dir := newGPUPack(t, map[string]string{
		"device": "echo '--- PASS: TestGPUOps (0.01s)'",
		"driver": "echo 'gpu_test.go:7: a\t\"quoted\" \\ message'; exit 1",
		"train":  "echo 'testing: warning: no tests to run'",
	})
	out := filepath.Join(dir, "table.json")
	cmd := exec.Command(filepath.Join(dir, "run"), "--epochs", "2", "--out", out)
	cmd.Env = append(os.Environ(), "CNN_GPU_BASELINE=", "PATH="+filepath.Join(dir, "sanitizer")+":"+os.Getenv("PATH"))
	text, err := cmd.CombinedOutput()
	require.Error(t, err)
	require.Equal(t, 1, cmd.ProcessState.ExitCode(), string(text))

	table := readGPUTable(t, out)
	assert.Regexp(t, "^Test GPU, compute capability 9.0", table.GPU)
	assert.False(t, table.OK)
	var results []string
	for _, s := range table.Steps {
		results = append(results, s.Step+" "+s.Result)
		assert.Contains(t, string(text), s.Detail)
		switch s.Step {
		case "suite-driver":
			assert.Equal(t, `gpu_test.go:7: a "quoted" \ message`, s.Detail)
		case "memcheck-device":
			assert.Equal(t, "1 tests passed, 0 skipped; ERROR SUMMARY: 0 errors", s.Detail)
		case "check":
			assert.Regexp(t, `^[1-9]\d* cases, 0 failed; worst error 0\.\d+ of its bound$`, s.Detail)
		case "train":
			assert.Regexp(t, `"worst":0,"epochs":\[\{"epoch":1,"gpu_loss":0\.\d+,.*\{"epoch":2,`, string(s.Values))
		case "bench-32":
			assert.Regexp(t, `^[1-9]\d* images/s$`, s.Detail)
		}
	}
	assert.Equal(t, []string{"suite-device pass", "suite-driver FAIL", "suite-train FAIL", "suite-sticky FAIL", "check pass",
		"memcheck-device pass", "memcheck-driver FAIL", "memcheck-train FAIL", "racecheck-device pass", "racecheck-driver FAIL",
		"racecheck-train FAIL", "initcheck-device pass", "initcheck-driver FAIL", "initcheck-train FAIL", "train pass",
		"bench-32 pass", "bench-128 pass", "bench-512 pass", "baseline skipped"}, results)
}

func TestGPUScriptIsInterrupted(t *testing.T) {
	dir := newGPUPack(t, map[string]string{"device": "echo '--- PASS: TestGPUOps (0.01s)'", "driver": "exec sleep 60", "train": ""})
	out := filepath.Join(dir, "table.json")
	cmd := exec.Command(filepath.Join(dir, "run"), "--device", "sim", "--out", out)
	require.NoError(t, cmd.Start())
	require.Eventually(t, func() bool {
		_, err := os.Stat(out)
		return err == nil
	}, 30*time.Second, 10*time.Millisecond, "the table of the first step")
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.Error(t, cmd.Wait())
	assert.Equal(t, 130, cmd.ProcessState.ExitCode())
	table := readGPUTable(t, out)
	assert.False(t, table.OK)
	require.Len(t, table.Steps, 1)
	assert.Equal(t, "suite-device", table.Steps[0].Step)
}

func TestGPUScriptRefuses(t *testing.T) {
	dir := newGPUPack(t, nil)
	for args, want := range map[string]string{
		"--what":              "there is no option --what",
		"nothing":             "there is no step nothing",
		"--epochs":            "--epochs needs a value",
		"--epochs 0":          "give a number above 0",
		"--limit 1.5":         "give a number of seconds",
		"--device cpu":        "give cuda or sim",
		"--data-dir /nowhere": "there is no folder /nowhere",
	} {
		cmd := exec.Command(filepath.Join(dir, "run"), strings.Fields(args)...)
		cmd.Dir = dir
		text, err := cmd.CombinedOutput()
		assert.Error(t, err, args)
		assert.Equal(t, 2, cmd.ProcessState.ExitCode(), args)
		assert.Contains(t, string(text), want)
	}
}
