package main

import (
	"bytes"
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wide is a model of which large batches take gigabytes.
const wide = `name: wide
input: [12, 12, 1]
layers:
  - Conv2D: {filters: 128, kernel_size: 3, padding: same, activation: relu}
  - Conv2D: {filters: 128, kernel_size: 3, padding: same, activation: relu}
  - Flatten
  - Dense: {units: 2, activation: softmax}
`

// With too little memory, whatever limits it, the command says so, and which batch fits; that one does.
func TestTooLittleMemory(t *testing.T) {
	if testing.Short() { // as make race is
		t.Skip("the race detector takes more memory than these limits leave")
	}
	w := newTiny(t)
	require.NoError(t, os.WriteFile(w.model, []byte(wide), 0o666))
	writeBars(t, w.data, "train", 4000)
	group := t.TempDir()
	for name, c := range map[string]struct {
		script, limit string
		mounts        bool
	}{
		"address space": {script: `ulimit -v 2400000; exec "$@"`, limit: "ulimit -v"},
		"data":          {script: `ulimit -d 600000; exec "$@"`, limit: "ulimit -d"},
		"GOMEMLIMIT":    {script: `export GOMEMLIMIT=500MiB; exec "$@"`, limit: "GOMEMLIMIT"},
		"a control group of version 2": {mounts: true, limit: "(the control group's memory limit|GOMEMLIMIT)", script: `
			mount -t tmpfs tmpfs /sys/fs/cgroup && echo 500000000 >/sys/fs/cgroup/memory.max && echo 1000000 >/sys/fs/cgroup/memory.current
			echo 0::/ >"$GROUP/self" && mount --bind "$GROUP/self" /proc/$$/cgroup && exec "$@"`},
		"a control group of version 1": {mounts: true, limit: "(the control group's memory limit|GOMEMLIMIT)", script: `
			mount -t tmpfs tmpfs /sys/fs/cgroup && mkdir -p /sys/fs/cgroup/memory/job && cd /sys/fs/cgroup/memory/job &&
			echo 500000000 >memory.limit_in_bytes && echo 1000000 >memory.usage_in_bytes && cd "$GROUP" &&
			echo 4:memory:/job >"$GROUP/self" && mount --bind "$GROUP/self" /proc/$$/cgroup && exec "$@"`},
	} {
		t.Run(name, func(t *testing.T) {
			w := w
			w.out += "-" + filepath.Base(t.Name())
			train := func(batch string) (int, string) {
				cmd := command(c.script, append(w.trainArgs(), "--device", "cpu", "--epochs", "1", "--batch", batch)...)
				if c.mounts {
					cmd = mounted(t, cmd)
				}
				cmd.Env = append(cmd.Env, "GROUP="+group)
				output, _ := cmd.CombinedOutput()
				return cmd.ProcessState.ExitCode(), string(output)
			}
			code, said := train("4000")
			assert.Equal(t, exitFailure, code)
			assert.NotContains(t, said, "goroutine", "no trace of Go's")
			advice := regexp.MustCompile(`cnn-gpu: train: batch of 4000: out of memory on cpu: [\d,]+ bytes \([\d.]+ GiB\) are needed, ` +
				`[\d,]+ bytes \([\d.]+ [KMG]iB\) are free within ` + c.limit + `; the largest batch that fits is (\d+)\n$`).FindStringSubmatch(said)
			require.NotNil(t, advice, said)
			assert.NoDirExists(t, w.out)
			batch, err := strconv.Atoi(advice[len(advice)-1])
			require.NoError(t, err)
			if c.limit == "ulimit -v" { // C's threads reserve more or less of the address space from one time to the next
				batch /= 3
			}
			code, said = train(strconv.Itoa(batch))
			assert.Equal(t, exitOK, code, said)
		})
	}
}

// A training of many weights takes as much more than one of few as summary says, but for some garbage.
func TestMemoryOfATraining(t *testing.T) {
	if testing.Short() { // as make race is
		t.Skip("the race detector takes more memory")
	}
	w := newTiny(t)
	training := func() (planned, peak int) {
		text := succeed(t, "summary", "--memory", "--model", w.model, "--batch", "8").stdout
		planned = bytesAfter(t, text, "together") + bytesAfter(t, text, "evaluation takes") + bytesAfter(t, text, "to save the training from")
		peak = math.MaxInt
		for range 3 { // on a busy machine garbage may be there for a while
			require.NoError(t, os.RemoveAll(w.out))
			cmd := command(`exec "$@"`, append(w.trainArgs(), "--device", "cpu", "--epochs", "2", "--batch", "8")...)
			cmd.Env = append(cmd.Env, "GOGC=20")
			peak = min(peak, peakOf(t, cmd))
		}
		return planned, peak
	}
	plannedFew, peakFew := training()
	require.NoError(t, os.WriteFile(w.model, []byte(heavy), 0o666))
	planned, peak := training()
	assert.InDelta(t, planned-plannedFew, peak-peakFew, float64(planned)/10+64<<20)
}

// peakOf runs a command and gives the most memory that it had. What the system says of an ended process begins with the memory of the one that started it.
func peakOf(t *testing.T, cmd *exec.Cmd) (peak int) {
	var output bytes.Buffer
	cmd.Stdout, cmd.Stderr = &output, &output
	require.NoError(t, cmd.Start())
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	for {
		select {
		case err := <-ended:
			require.NoError(t, err, "%s", &output)
			return peak
		case <-time.After(5 * time.Millisecond):
			status, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", cmd.Process.Pid))
			if kilobytes := regexp.MustCompile(`VmHWM:\s+(\d+) kB`).FindSubmatch(status); kilobytes != nil {
				n, err := strconv.Atoi(string(kilobytes[1]))
				require.NoError(t, err)
				peak = max(peak, n<<10)
			}
		}
	}
}

// heavy is a model of many weights.
const heavy = `input: [12, 12, 1]
layers:
  - Flatten
  - Dense: {units: 3000, activation: relu}
  - Dense: {units: 3000, activation: relu}
  - Dense: {units: 2, activation: softmax}
`

// Go itself needs about 110 MB to start; from there on the command tells.
func TestTooLittleMemoryToBegin(t *testing.T) {
	if testing.Short() { // as make race is
		t.Skip("the race detector takes more memory than these limits leave")
	}
	cmd := command(`ulimit -d 200000; exec "$@"`, "devices")
	output, err := cmd.CombinedOutput()
	assert.Error(t, err)
	assert.Equal(t, exitFailure, cmd.ProcessState.ExitCode(), "%s", output)
	assert.Regexp(t, `^cnn-gpu: too little memory: ulimit -d leaves .*, 16.00 MiB are needed to begin\n$`, string(output))
}

// Data that does not fit stays on disk, and where there is no room either, the command says so.
func TestTooLittleMemoryForTheData(t *testing.T) {
	w := newTiny(t)
	writeBars(t, w.data, "train", 400_000)
	script := `export GOMEMLIMIT=50MiB; exec "$@"`
	output, err := command(script, "data", "show", w.data, "--out", filepath.Join(t.TempDir(), "sheet.png")).CombinedOutput()
	require.NoError(t, err, "%s", output)
	assert.Regexp(t, `The images, 5\d\.\d+ MiB, are read from disk as they are needed.`, string(output))
	cmd := command(script, w.trainArgs()...)
	cmd.Env = append(cmd.Env, "XDG_CACHE_HOME=/dev/full")
	output, _ = cmd.CombinedOutput()
	assert.Equal(t, exitFailure, cmd.ProcessState.ExitCode())
	assert.Regexp(t, `train-images-idx3-ubyte: the images take .*, too much to be held in memory .* cannot be written to /dev/full/cnn-gpu/data/streamed: not a directory; make room`, string(output))
	assert.NoDirExists(t, w.out)
}
