package main

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"cnn-gpu/device/driver"
)

// The tests' program is the command itself where this variable is set: a driver is loaded, or simulated, once for a process.
const asCommand = "CNN_GPU_TEST_COMMAND"

func TestMain(m *testing.M) {
	if os.Getenv(asCommand) != "" {
		installTestMachine()
		main()
	}
	// The command starts itself, to try GPUs: that is never to run tests again.
	os.Setenv(asCommand, "1")
	os.Exit(m.Run())
}

// runProcess runs a command line in a process of its own, with environment variables such as "A=b".
func runProcess(t *testing.T, environment []string, args ...string) result {
	t.Helper()
	var stdout, stderr strings.Builder
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(append(os.Environ(), asCommand+"=1"), environment...)
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	if err := cmd.Run(); err != nil {
		require.IsType(t, &exec.ExitError{}, err)
	}
	return result{cmd.ProcessState.ExitCode(), stdout.String(), stderr.String()}
}

// Without a driver cuda says what is missing, and auto takes the CPU and says why.
func TestWithoutDriver(t *testing.T) {
	w := newTiny(t)
	missing := t.TempDir() + "/libcuda.so.1"
	environment := []string{"CNN_GPU_LIBCUDA=" + missing}
	whole, brief := "no CUDA driver: "+missing+": cannot open shared object file", "no CUDA driver is installed"
	if !driver.Built {
		whole, brief = "this program was built without CUDA; build it where there is a C compiler (make build)", "this program was built without CUDA"
	}
	r := runProcess(t, environment, append(w.trainArgs(), "--device", "cuda")...)
	assert.Equal(t, exitFailure, r.code)
	assert.Contains(t, r.stderr, "cnn-gpu: device: cuda: ")
	assert.Contains(t, r.stderr, whole)
	assert.Contains(t, r.stderr, "--device cpu")
	assert.NoDirExists(t, w.out)

	r = runProcess(t, environment, w.trainArgs()...)
	assert.Equal(t, exitOK, r.code, r.stderr)
	assert.Regexp(t, `(?m)^Device, chosen by --device auto: CPU, \d+ threads, \w+ \(no GPU: `+brief+`; see cnn-gpu devices\)$`, r.stderr)

	r = runProcess(t, environment, "devices")
	assert.Equal(t, exitOK, r.code, r.stderr)
	assert.Regexp(t, `(?m)^CUDA( driver)? +missing: .*`+strings.Split(whole, ";")[0], r.stdout)
}
